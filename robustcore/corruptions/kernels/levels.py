"""Grey levels: as bytes, none below a threshold, and which are below one. Each several times faster than what torch offers first."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from robustcore.corruptions.kernels import host


def to_bytes(levels: Tensor) -> Tensor:
    """float32 -> uint8: clipped to 0..255, in place, and truncated."""
    levels.clamp_(0, 255)
    return torch.from_numpy(levels.numpy().astype(np.uint8)) if host.on_host(levels) else levels.to(torch.uint8)


def at_least(x: Tensor, threshold: float) -> Tensor:
    """float32 values, 0 where they are below the threshold."""
    below = float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))
    return functional.threshold(x, below, 0.0)


def below(x: Tensor, threshold: float) -> Tensor:
    """uint8: 1 where float32 values are below the threshold, else 0."""
    if host.on_host(x):
        return torch.from_numpy(np.less(x.numpy(), np.float32(threshold)).view(np.uint8))
    return (x < threshold).view(torch.uint8)
