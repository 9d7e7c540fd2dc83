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
from robustcore.corruptions.kernels.row_sums import RowSums

_TOGETHER = 3 * 64 * 64  # pixels of the planes that are processed at once
_CV_CHANNELS = 4  # that OpenCV transposes together


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
    if host.on_host(x) and len(x) * x.shape[1] <= _CV_CHANNELS:
        return _zoom_block_host(x, height, width, factor)
    for dim, geometry in ((-2, axis(height, factor)), (-1, axis(width, factor))):
        first = geometry.first
        x = _lerp(x, dim, dataclasses.replace(geometry, low=geometry.low - first, high=geometry.high - first))
    return x


def _zoom_block_host(x: Tensor, height: int, width: int, factor: float) -> Tensor:
    down, across = _block_magnification(height, factor), _block_magnification(width, factor)
    block = np.ascontiguousarray(x.reshape(-1, *x.shape[2:]).numpy().transpose(1, 2, 0))  # (h, w, P)
    tall = np.empty((block.shape[1], height, block.shape[2]), dtype=np.float32)
    _transpose(down(block), tall)
    whole = np.empty((height, width, block.shape[2]), dtype=np.float32)
    _transpose(across(tall), whole)
    return torch.from_numpy(np.ascontiguousarray(whole.transpose(2, 0, 1))).reshape(*x.shape[:2], height, width)


@functools.lru_cache(maxsize=64)
def _block_magnification(length: int, factor: float) -> RowSums:
    geometry = axis(length, factor)
    terms = [(geometry.low, 1 - geometry.fraction), (geometry.high, geometry.fraction)]
    return RowSums([(rows - geometry.first, weights) for rows, weights in terms], geometry.crop)


def zoom_sum(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C, H, W) float32: the sum of the magnifications by all factors."""
    if not host.on_host(x):
        return _zoom_sum_tensor(x, factors)
    return _zoom_sum_host(x, factors)


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


def _zoom_sum_host(x: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Few planes at a time, those of small images together with each pixel's values adjacent, so that the magnifications stay
    near the processor's caches."""
    height, width = x.shape[-2:]
    down, across, count = _magnifications(height, width, factors)
    out = torch.empty(x.shape, dtype=torch.float32)
    planes, results = x.reshape(-1, height, width).numpy(), out.view(-1, height, width).numpy()
    together = max(1, _TOGETHER // (height * width))
    for start in range(0, len(planes), together):
        part = planes[start : start + together]
        n = len(part)
        pixels = np.zeros((2 * height, width, n), dtype=np.float32)  # and below them the steps to the next row
        pixels[:height] = cv2.merge(list(part)).reshape(height, width, n)
        np.subtract(pixels[1:height], pixels[: height - 1], out=pixels[height:-1])
        stretched = down(pixels).reshape(count, height, width, n)
        turned = np.empty((count, width, height, n), dtype=np.float32)
        for one, result in zip(stretched, turned, strict=True):
            _transpose(one, result)
        total = np.empty((height, width, n), dtype=np.float32)
        _transpose(across(turned.reshape(-1, height, n)), total)
        results[start : start + n] = total.transpose(2, 0, 1)
    return out


@functools.lru_cache(maxsize=32)
def _magnifications(height: int, width: int, factors: tuple[float, ...]) -> tuple[RowSums, RowSums, int]:
    """From an image's rows and the steps between them to the rows of the magnifications along the columns, one after another; from the
    columns of these to those of the sum of all; and the number of the magnifications, equal ones counted once."""
    distinct = tuple(dict.fromkeys(factors))
    rows = [axis(height, factor) for factor in distinct]
    low, fraction = np.concatenate([r.low for r in rows]), np.concatenate([r.fraction for r in rows])
    down = RowSums([(low, np.ones_like(fraction)), (height + low, fraction)], 2 * height)
    across = []
    for factor in factors:
        columns, first = axis(width, factor), distinct.index(factor) * width
        across.append((first + columns.low, 1 - columns.fraction))
        if factor != 1:
            across.append((first + columns.high, columns.fraction))
    return down, RowSums(across, len(distinct) * width), len(distinct)


def _transpose(x: npt.NDArray[np.float32], result: npt.NDArray[np.float32]) -> None:
    """(H, W, P) into (W, H, P)."""
    if x.shape[2] <= _CV_CHANNELS:
        cv2.transpose(x, dst=result)
    else:
        result[:] = x.transpose(1, 0, 2)
