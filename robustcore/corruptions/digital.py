"""Digital: contrast, pixelate, jpeg_compression."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.corruptions._base import TRUNCATION_SLACK, Size, corruption
from robustcore.corruptions._box import box_resize
from robustcore.corruptions._jpeg import jpeg
from robustcore.corruptions._tables import look_up_planes
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"


@corruption(
    family="digital",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Draws every value towards the mean of its channel.",
    names=["factor"],
    imagenet=[0.4, 0.3, 0.2, 0.1, 0.05],
    tiny=[0.4, 0.3, 0.2, 0.1, 0.05],
    cifar=[0.75, 0.5, 0.4, 0.3, 0.15],
    deterministic=True,
    takes="uint8",
)
def contrast(x: Tensor, draws: Draws, size: Size, factor: float) -> Tensor:
    # Integer sums are exact in any order, and a channel has 256 different values at most: a table in float64.
    mean = x.sum(dim=(2, 3), dtype=torch.int64).to(torch.float64)[..., None] / (size.height * size.width)
    levels = torch.arange(256, dtype=torch.float64, device=x.device)
    table = ((levels - mean) * factor + mean + TRUNCATION_SLACK).clamp_(0, 255).to(torch.uint8)  # (N, 3, 256)
    return look_up_planes(table, x)


@corruption(
    family="digital",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Shrinks the image to a fraction of its side and enlarges it again, pixel by pixel.",
    names=["fraction"],
    imagenet=[0.6, 0.5, 0.4, 0.3, 0.25],
    tiny=[0.9, 0.8, 0.7, 0.6, 0.5],
    cifar=[0.95, 0.9, 0.85, 0.75, 0.65],
    deterministic=True,
    takes="uint8",
)
def pixelate(x: Tensor, draws: Draws, size: Size, fraction: float) -> Tensor:
    small = box_resize(x, int(size.height * fraction), int(size.width * fraction))
    return box_resize(small, size.height, size.width)


@corruption(
    family="digital",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Stores the image as a JPEG of low quality.",
    names=["quality"],
    imagenet=[25, 18, 15, 10, 7],
    tiny=[65, 58, 50, 40, 25],
    cifar=[80, 65, 58, 50, 40],
    deterministic=True,
    takes="uint8",
)
def jpeg_compression(x: Tensor, draws: Draws, size: Size, quality: int) -> Tensor:
    return jpeg(x, quality)
