"""Eight fixed images, and what a model answers to them: a second lock on results beside the fingerprint.

The images are integer arithmetic, so that they are the same on every machine: gradients, stripes, checks and blocks of noise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

COUNT = 8
RELATIVE = 1e-3  # of the largest logit: what another processor or release of torch makes of float32


def images(side: int) -> Tensor:
    """The probe images at a side: uint8 (8, 3, side, side)."""
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    planes = []
    for place in range(COUNT):
        for channel in range(3):
            if place < 2:  # gradients
                plane = (x * (3 - channel) + y * (1 + 2 * place + channel)) * 255 // (5 * side)
            elif place < 4:  # stripes and checks
                width = max(1, side // (4 + 3 * channel + place))
                plane = ((x // width + (place - 2) * (y // width)) % 2) * (160 + 30 * channel) + 20 * place
            else:  # blocks of noise, from coarse to fine
                block = max(1, side >> (place + 1 - 3))
                plane = _mixed(x // block * 73856093 ^ y // block * 19349663 ^ (channel + 3 * place) * 83492791)
            planes.append((plane % 256).astype(np.uint8))
    return torch.from_numpy(np.stack(planes).reshape(COUNT, 3, side, side))


def _mixed(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Numbers whose bits depend on all bits of the given ones (the end of Murmur's hash)."""
    mixed = (values ^ values >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return (mixed ^ mixed >> 15) >> 8


def agree(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> bool:
    """Whether two sets of answers are those of one model, up to what another processor makes of float32."""
    if first.shape != second.shape:
        return False
    finite = np.isfinite(first)
    if not np.array_equal(finite, np.isfinite(second)):
        return False
    one, other = first[finite], second[finite]
    scale = max(float(np.abs(one).max(initial=0)), float(np.abs(other).max(initial=0)), 1e-6)
    return bool(np.abs(one - other).max(initial=0) <= RELATIVE * scale)
