"""`Zoom_z`: magnifying the centre of an image by a corner-aligned bilinear resize.

To magnify an axis of length n by z, the central c = ceil(n / z) pixels are resized to n' = round(c z), output pixel j reading
the crop at j (c - 1) / (n' - 1), and the central n of those are kept. No smoothing; z = 1 changes nothing. (SciPy's
order-1 zoom in Hendrycks' generators.)
"""

from __future__ import annotations

import dataclasses
import functools
import math

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host

_SMALL = 96 * 96  # pixels of a plane
_TOGETHER = 24  # small planes that are processed at once


@dataclasses.dataclass(frozen=True)
class Axis:
    """The source positions of an axis' output pixels: `fraction` of the way from pixel `low` to the next.

    Attributes:
        crop: c, the length of the central block that is magnified.
        low: (n,) positions within the whole axis.
        high: (n,) low + 1, within the axis.
        fraction: (n,) float32 in [0, 1).
    """

    crop: int
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    fraction: npt.NDArray[np.float32]

    @property
    def first(self) -> int:
        """The first pixel of the central block."""
        return (len(self.low) - self.crop) // 2


@functools.lru_cache(maxsize=512)
def axis(length: int, factor: float) -> Axis:
    """The geometry of an axis; factor >= 1."""
    crop = math.ceil(length / factor)
    grown = round(crop * factor)
    step = (crop - 1) / (grown - 1)
    position = (np.arange(length) + (grown - length) // 2) * step
    # A position that rounding pushes below a whole pixel is that pixel.
    position = np.where(np.abs(position - np.rint(position)) < 1e-9, np.rint(position), position)
    low = np.clip(np.floor(position).astype(np.int64), 0, crop - 1)
    first = (length - crop) // 2
    return Axis(crop, first + low, first + np.minimum(low + 1, crop - 1), (position - low).astype(np.float32))


def zoom(x: Tensor, factor: float) -> Tensor:
    """(N, C, H, W) float32, magnified by one factor >= 1; same shape."""
    rows, columns = axis(x.shape[-2], factor), axis(x.shape[-1], factor)
    return _lerp(_lerp(x, -2, rows), -1, columns)


def zoom_block(x: Tensor, height: int, width: int, factor: float) -> Tensor:
    """The same from the central block alone: (N, C, ceil(H / z), ceil(W / z)) -> (N, C, H, W)."""
    for dim, geometry in ((-2, axis(height, factor)), (-1, axis(width, factor))):
        first = geometry.first
        x = _lerp(x, dim, dataclasses.replace(geometry, low=geometry.low - first, high=geometry.high - first))
    return x


def zoom_sum(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C, H, W) float32: the sum of the magnifications by all factors."""
    if not host.on_host(x):
        return _zoom_sum_tensor(x, factors)
    return _zoom_sum_small(x, factors) if x.shape[-1] * x.shape[-2] <= _SMALL else _zoom_sum_large(x, factors)


def _zoom_sum_tensor(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    x = x.to(torch.float32)
    total = torch.zeros_like(x)
    for factor in factors:
        total += x if factor == 1 else zoom(x, factor)
    return total


def _lerp(x: Tensor, dim: int, geometry: Axis) -> Tensor:
    shape = [1] * x.ndim
    shape[dim] = -1
    low, high, fraction = (torch.from_numpy(a).to(x.device) for a in (geometry.low, geometry.high, geometry.fraction))
    fraction = fraction.reshape(shape)
    return x.index_select(dim, low).mul_(1 - fraction).add_(x.index_select(dim, high).mul_(fraction))


def _zoom_sum_small(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Process many planes at once, with each pixel's values adjacent, because a small plane takes less time than the calls.
    The arithmetic and its order are those for large planes, so the bits are the same."""
    height, width = x.shape[-2:]
    out = torch.empty(x.shape, dtype=torch.float32)
    planes, results = x.reshape(-1, height, width).numpy(), out.view(-1, height, width).numpy()
    for start in range(0, len(planes), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        pixels = np.ascontiguousarray(planes[part].transpose(1, 2, 0), dtype=np.float32)  # (H, W, P)
        step = np.zeros_like(pixels)  # to the next row
        np.subtract(pixels[1:], pixels[:-1], out=step[:-1])
        stretched, other, total = np.empty_like(pixels), np.empty_like(pixels), np.zeros_like(pixels)
        for factor in factors:
            if factor == 1:
                total += pixels
                continue
            rows, columns = axis(height, factor), axis(width, factor)
            np.take(pixels, rows.low, axis=0, out=stretched, mode="clip")
            np.take(step, rows.low, axis=0, out=other, mode="clip")
            other *= rows.fraction[:, None, None]
            stretched += other
            other_rows = other.reshape(height, -1)  # the same memory, with a row's values adjacent
            for places, share in ((columns.low, 1 - columns.fraction), (columns.high, columns.fraction)):
                np.take(stretched, places, axis=1, out=other, mode="clip")
                other_rows *= np.repeat(share, pixels.shape[2])
                total += other
        results[part] = total.transpose(2, 0, 1)
    return out


def _zoom_sum_large(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Plane by plane, both steps as sums of whole rows: transposing with OpenCV is faster than reading columns."""
    height, width = x.shape[-2:]
    out = torch.empty(x.shape, dtype=torch.float32)
    stretched, other = (np.empty((height, width), dtype=np.float32) for _ in range(2))
    transposed, interpolated = (np.empty((width, height), dtype=np.float32) for _ in range(2))
    for plane, result in zip(x.reshape(-1, height, width).numpy(), out.view(-1, height, width).numpy(), strict=True):
        pixels = plane.astype(np.float32)
        step = np.zeros_like(pixels)  # to the next row
        np.subtract(pixels[1:], pixels[:-1], out=step[:-1])
        total = np.zeros((width, height), dtype=np.float32)
        for factor in factors:
            if factor == 1:
                total += cv2.transpose(pixels)
                continue
            rows, columns = axis(height, factor), axis(width, factor)
            np.take(pixels, rows.low, axis=0, out=stretched, mode="clip")
            np.take(step, rows.low, axis=0, out=other, mode="clip")
            other *= rows.fraction[:, None]
            stretched += other
            cv2.transpose(stretched, dst=transposed)
            for places, share in ((columns.low, 1 - columns.fraction), (columns.high, columns.fraction)):
                np.take(transposed, places, axis=0, out=interpolated, mode="clip")
                interpolated *= share[:, None]
                total += interpolated
        cv2.transpose(total, dst=result)
    return out
