"""Where an operation runs, and with what memory."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

_BLOCK = 30 << 20  # bytes


def on_host(x: Tensor) -> bool:
    """Whether OpenCV and NumPy can read the tensor where it lies.

    Every operation that has a form for them asks here, so that a test can answer no and run the tensor forms, which the GPU
    uses, on the CPU.
    """
    return x.device.type == "cpu"


@functools.cache
def keep_freed_memory() -> None:
    """Let the allocator keep what an image's intermediate results free, once for the process.

    glibc returns freed memory beyond a threshold to the kernel, and every page of it faults when it is wanted again, image
    after image. It raises the threshold by itself to twice the size of a freed mapped block, up to 32 MiB: this block is never
    touched, and costs nothing.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)
