"""Changes of HSV value and saturation, computed directly on RGB.

If the hue is kept, the conversion to HSV and back has closed forms. V is the greatest channel, d the distance to the
least one, S = d / V. A shift of the value multiplies RGB by V' / V; a new saturation S' takes V S' (V - c) / d off a
channel c. Grey has hue 0 (red): if it gains saturation, green and blue lose V S'. (skimage's conversions in Hendrycks'
generators give the same up to rounding.)
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host
from robustcore.corruptions.kernels.lookup_tables import look_up


def shift_value(x: Tensor, shift: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels, unclipped, with `shift` (of 0..1) added to V and V clipped to 0..1."""
    gain, offset = _value_tables(shift)
    value = x.amax(dim=1, keepdim=True)
    moved = look_up(gain, value) * x.to(torch.float32)
    if host.on_host(x) and value.numpy().min(initial=1) > 0:
        return moved  # nothing is black, and no offset but zero
    return moved.add_(look_up(offset, value))


@functools.lru_cache(maxsize=64)
def _value_tables(shift: float) -> tuple[Tensor, Tensor]:
    """(256,) float32 gains and offsets in grey levels; only black, which has no hue, gets an offset."""
    value = np.arange(256) / 255
    moved = np.clip(value + shift, 0, 1)
    gain = np.divide(moved, value, out=np.zeros(256), where=value > 0)
    offset = np.where(value > 0, 0, 255 * moved)
    return torch.from_numpy(gain.astype(np.float32)), torch.from_numpy(offset.astype(np.float32))


def scale_saturation(x: Tensor, factor: float, offset: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels with S replaced by S * factor + offset, clipped to 0..1."""
    value = x.amax(dim=1, keepdim=True)
    least = x.amin(dim=1, keepdim=True)
    spread = value - least  # uint8: never negative
    ratio = value / spread.clamp(min=1)  # V / d = 1 / S; where d = 0 all differences below are 0 too
    # V S' / d, with S' = min(S factor + offset, 1)
    loss = torch.minimum(ratio * offset + factor, ratio)
    result = value.to(torch.float32) - (value - x).to(torch.float32).mul_(loss)
    if offset > 0:
        grey = (value * (spread == 0)).to(torch.float32).mul_(min(offset, 1.0))
        result[:, 1:] -= grey
    return result
