"""Digital: contrast, elastic_transform, pixelate, jpeg_compression, saturate."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.corruptions._base import TRUNCATION_SLACK, Size, corruption, truncate
from robustcore.corruptions.kernels.box_resize import box_resize
from robustcore.corruptions.kernels.elastic import affine_matrices, affine_positions, sample, smooth
from robustcore.corruptions.kernels.hsv import scale_saturation
from robustcore.corruptions.kernels.jpeg import jpeg
from robustcore.corruptions.kernels.lookup_tables import look_up_planes, plane_sums
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
    # Integer sums are exact in any order, and a channel has at most 256 different values, so a float64 table is enough.
    mean = plane_sums(x)[..., None] / (size.height * size.width)
    levels = torch.arange(256, dtype=torch.float64, device=x.device)
    table = (levels - mean).mul_(factor).add_(mean).add_(TRUNCATION_SLACK).clamp_(0, 255).to(torch.uint8)  # (N, 3, 256)
    return look_up_planes(table, x)


@corruption(
    family="digital",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Moves the image by a small affine map and bends it by a smooth random displacement.",
    names=["alpha", "sigma", "affine"],
    # At 224 pixels the reference multiplies its factors by 244: 2 and 0.7, 2 and 0.08, 0.05 and 0.01, ...
    imagenet=[(488, 170.8, 24.4), (488, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88), (29.28, 2.44, 4.88)],
    tiny=[(0, 0, 5.12), (3.2, 19.2, 3.84), (6.4, 5.12, 3.84), (6.4, 1.92, 1.92), (10.24, 1.92, 1.28)],
    cifar=[(0, 0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, 0.96, 0.96)],
    lengths=["alpha", "sigma", "affine"],
    takes="uint8",
)
def elastic_transform(x: Tensor, draws: Draws, size: Size, alpha: float, sigma: float, affine: float) -> Tensor:
    """Not monotone in the severity: 1 and 2 are dominated by the affine part."""
    height, width = size.height, size.width
    matrices = affine_matrices(draws.uniform(3, 2, low=-affine, high=affine), height, width)
    columns, rows = affine_positions(matrices, height, width, x.device)
    moved = sample(x.to(torch.float32), columns, rows, reflect101=True)
    if alpha == 0:
        return truncate(moved)
    shift = smooth(draws.uniform(2, height, width, low=-1.0, high=1.0), sigma).mul_(alpha)
    columns = shift[:, 0] + torch.arange(width, device=x.device)
    rows = shift[:, 1] + torch.arange(height, device=x.device)[:, None]
    return truncate(sample(moved, columns, rows, reflect101=False))


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


@corruption(
    family="digital",
    suites=["imagenet-c-extra"],
    source=_SOURCE,
    summary="Scales the saturation of HSV, down to grey or up to garish.",
    names=["factor", "offset"],
    imagenet=[(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
    tiny=[(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (30, 0.2)],
    cifar=[(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)],
    deterministic=True,
    takes="uint8",
)
def saturate(x: Tensor, draws: Draws, size: Size, factor: float, offset: float) -> Tensor:
    """Grey has the hue red: with an offset it turns reddish, as in the reference."""
    return truncate(scale_saturation(x, factor, offset))
