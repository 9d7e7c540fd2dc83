"""Chooses between the CPU and the tensor form of an operation, runs host work for a device, and keeps freed memory for reuse."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from robustcore import processes

_BLOCK = 30 << 20  # bytes


def on_host(x: Tensor) -> bool:
    """Whether OpenCV and NumPy can use the tensor in place.

    Every operation with two forms calls this, so that a test can return False and run the tensor forms, which the GPU
    uses, on the CPU.
    """
    return x.device.type == "cpu"


def for_each(images: Tensor, function: Callable[[int], None]) -> None:
    """Call a function with 0 .. N - 1, for the images of a batch that the host has to work on.

    For a device's images in threads: its queue runs dry meanwhile, and the cores have nothing else to do. On the CPU the
    evaluation itself has a thread for each core.
    """
    if on_host(images):
        for place in range(len(images)):
            function(place)
        return
    with ThreadPoolExecutor(max(1, min(len(images), processes.cores()))) as pool:
        for _ in pool.map(function, range(len(images))):
            pass


@functools.cache
def keep_freed_memory() -> None:
    """Make the allocator keep freed memory for the next image; called once per process.

    glibc returns freed memory above a threshold to the kernel, and its pages fault again for every image. Freeing a mapped
    block raises the threshold to twice its size, up to 32 MiB. This block is never touched and costs nothing.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)
