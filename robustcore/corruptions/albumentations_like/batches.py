"""Helpers for the candidates: applying functions on the CPU, scaling lengths with the image, drawing parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions._base import Size
from robustcore.images import UInt8Array
from robustcore.randomness import Draws


def on_host(x: Tensor, function: Callable[..., UInt8Array], *parameters: Iterable[Any]) -> Tensor:
    """Apply function((H, W, 3) array, one value of each parameter) to every image."""
    images = x.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    out = np.empty_like(images)
    for result, image, *values in zip(out, images, *parameters, strict=True):
        result[:] = function(image, *values)
    return torch.from_numpy(out).permute(0, 3, 1, 2).contiguous().to(x.device)


def truncated(x: Tensor) -> Tensor:
    """Clip float values to 0 .. 255 and drop the fractions."""
    return x.clamp_(0, 255).to(torch.uint8)


def per_image(values: Tensor) -> Tensor:
    """(n, ...) -> (n, ..., 1, 1) with four axes, to broadcast against images."""
    return values.view(*values.shape, *([1] * (4 - values.ndim)))


def length(x: float, size: Size) -> int:
    """A length in pixels at side 224, scaled to this size: a whole number, 1 or more."""
    return max(1, round(x * size.share_of_224))


def odd(k: float, size: Size) -> int:
    """A kernel's side at side 224, scaled to this size: the nearest odd number, 3 or more."""
    return max(3, 2 * math.floor(k * size.share_of_224 / 2) + 1)


def choice(draws: Draws, values: Sequence[int]) -> list[int]:
    """One of the values for each image, all equally likely."""
    return [values[i] for i in draws.integers(0, len(values)).tolist()]


def uniform(draws: Draws, low: float, high: float) -> list[float]:
    """A number for each image."""
    drawn: list[float] = draws.uniform(low=low, high=high).tolist()
    return drawn


def sign(draws: Draws, *shape: int) -> Tensor:
    """(n, *shape) float32, -1 or 1."""
    return (draws.integers(0, 2, *shape) * 2 - 1).to(torch.float32)


def covered(start: Tensor, stop: Tensor, count: int) -> Tensor:
    """(n, count) float32: the share of each of `count` pixels between two positions in pixels, (n,) each."""
    first = torch.arange(count, device=start.device)
    inside = torch.minimum(first + 1, stop[:, None]) - torch.maximum(first, start[:, None])
    return inside.clamp(0, 1)
