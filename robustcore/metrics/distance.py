"""How far a corrupted image is from the clean one: mean absolute difference, PSNR and SSIM.

Images are uint8 (N, 3, H, W); every function gives one float64 value for each image, on the images' device. Sums are taken
in whole numbers, so that a value does not depend on the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.errors import InvalidArgumentError

WINDOW = 7  # side of the square window of SSIM
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # Wang et al. 2004, for 255 levels


def _checked(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.ndim != 4 or a.dtype != torch.uint8 or b.dtype != torch.uint8:
        raise InvalidArgumentError(
            "Distances compare two uint8 batches (N, 3, H, W) of one shape; "
            f"these are {a.dtype} {tuple(a.shape)} and {b.dtype} {tuple(b.shape)}."
        )


def _mean(values: Tensor) -> Tensor:
    """(N, 3, H, W) int32 -> (N,) float64. Rows of squared levels fit into 32 bits up to 33,000 pixels."""
    return values.sum(dim=-1, dtype=torch.int32).flatten(1).sum(dim=1).to(torch.float64) / values[0].numel()


def mean_absolute_difference(a: Tensor, b: Tensor) -> Tensor:
    """(N,) in grey levels, 0 .. 255."""
    _checked(a, b)
    return _mean((a.to(torch.int32) - b.to(torch.int32)).abs_())


def mean_squared_error(a: Tensor, b: Tensor) -> Tensor:
    """(N,) in squared grey levels."""
    _checked(a, b)
    difference = a.to(torch.int32) - b.to(torch.int32)
    return _mean(difference.mul_(difference))


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """(N,) peak signal-to-noise ratio in dB: 10 log10(255^2 / MSE); infinite for equal images."""
    return 10 * torch.log10(255**2 / mean_squared_error(a, b))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """(N,) structural similarity, at most 1: the mean over channels and windows that lie inside the image.

    Wang et al. 2004 with a uniform 7 x 7 window and sample covariances: scikit-image's `structural_similarity` with
    `channel_axis` and `data_range=255`. Sides are 7 or more.
    """
    _checked(a, b)
    if min(a.shape[-2:]) < WINDOW:
        raise InvalidArgumentError(f"SSIM needs sides of {WINDOW} pixels or more; these are {tuple(a.shape[-2:])}.")
    step = len(a) if a.is_cuda else 1  # on the CPU an image at a time stays in the cache
    parts = [_ssim(x, y) for x, y in zip(torch.split(a, step), torch.split(b, step), strict=True)]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64, device=a.device)


def _ssim(a: Tensor, b: Tensor) -> Tensor:
    x, y = a.to(torch.int32), b.to(torch.int32)
    sum_x, sum_y, sum_xy, sum_squares = (_window_sums(z) for z in (x, y, x * y, x * x + y * y))
    product, squares, count = sum_x * sum_y, sum_x * sum_x + sum_y * sum_y, WINDOW**2
    # Exact up to here: moments times count squared, all below 2**31.
    covariance, variances = sum_xy * count - product, sum_squares * count - squares
    c1, c2 = C1 * count**2, C2 * count * (count - 1)
    similarity = (2.0 * product + c1).div_(squares + c1).mul_(2.0 * covariance + c2).div_(variances + c2)
    return similarity.flatten(1).mean(dim=1, dtype=torch.float64)


def _window_sums(x: Tensor) -> Tensor:
    """(..., H, W) -> (..., H - 6, W - 6): sums over all windows, by doubling."""
    for dim in (-1, -2):
        length = x.shape[dim]
        pairs = x.narrow(dim, 0, length - 1) + x.narrow(dim, 1, length - 1)
        fours = pairs.narrow(dim, 0, length - 3) + pairs.narrow(dim, 2, length - 3)
        inside = length - WINDOW + 1
        x = fours.narrow(dim, 0, inside) + pairs.narrow(dim, 4, inside) + x.narrow(dim, 6, inside)
    return x
