"""Where an operation runs."""

from __future__ import annotations

from torch import Tensor


def on_host(x: Tensor) -> bool:
    """Whether OpenCV and NumPy can read the tensor where it lies.

    Every operation that has a form for them asks here, so that a test can answer no and run the tensor forms, which the GPU
    uses, on the CPU.
    """
    return x.device.type == "cpu"
