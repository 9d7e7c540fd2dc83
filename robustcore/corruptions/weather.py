"""Weather: brightness."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions._base import Size, corruption, truncate
from robustcore.corruptions._tables import look_up
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"


@corruption(
    family="weather",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Raises the value channel of HSV by a constant, as brighter daylight does.",
    names=["shift"],
    imagenet=[0.1, 0.2, 0.3, 0.4, 0.5],
    tiny=[0.1, 0.2, 0.3, 0.4, 0.5],
    cifar=[0.05, 0.1, 0.15, 0.2, 0.3],
    deterministic=True,
    takes="uint8",
)
def brightness(x: Tensor, draws: Draws, size: Size, shift: float) -> Tensor:
    # Hue and saturation kept, the way through HSV is a factor on RGB that depends on the value alone: 256 of them.
    gain, offset = _value_shift(shift)
    value = x.amax(dim=1, keepdim=True)
    return truncate(x * look_up(gain, value) + look_up(offset, value))


@functools.lru_cache(maxsize=64)
def _value_shift(shift: float) -> tuple[Tensor, Tensor]:
    """(256,) float32 gains and offsets in grey levels; only black, which has no hue, gets an offset."""
    value = np.arange(256) / 255
    moved = np.clip(value + shift, 0, 1)
    gain = np.divide(moved, value, out=np.zeros(256), where=value > 0)
    offset = np.where(value > 0, 0, 255 * moved)
    return torch.from_numpy(gain.astype(np.float32)), torch.from_numpy(offset.astype(np.float32))
