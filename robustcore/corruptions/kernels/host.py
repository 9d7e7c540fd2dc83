"""Chooses between the CPU and the tensor form of an operation, and keeps freed memory for reuse."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

_BLOCK = 30 << 20  # bytes


def on_host(x: Tensor) -> bool:
    """Whether OpenCV and NumPy can use the tensor in place.

    Every operation with two forms calls this, so that a test can return False and run the tensor forms, which the GPU
    uses, on the CPU.
    """
    return x.device.type == "cpu"


@functools.cache
def keep_freed_memory() -> None:
    """Make the allocator keep freed memory for the next image; called once per process.

    glibc returns freed memory above a threshold to the kernel, and its pages fault again for every image. Freeing a mapped
    block raises the threshold to twice its size, up to 32 MiB. This block is never touched and costs nothing.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)
