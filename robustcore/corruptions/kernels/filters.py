"""Linear filters on batches: correlation with a kernel, and separable Gaussians.

On the CPU OpenCV filters each plane; elsewhere the same sums run as tensor operations. Both are float32 and differ only
in the last bits. The tensor forms add each pixel's terms in a fixed order at every batch size (no algorithm is chosen by
shape), so an image does not depend on the others in the batch.
"""

from __future__ import annotations

import functools
import math
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host

# replicate: a a | a b c | c c.  reflect: b a | a b c | c b.  reflect101: c b | a b c | b a.
Border = Literal["replicate", "reflect", "reflect101"]
_NEGLIGIBLE = 1e-9  # a tap too small to change a value
_CV_BORDERS = {
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect101": cv2.BORDER_REFLECT_101,
}


def gaussian_weights(sigma: float, truncate: float = 4.0, radius: int | None = None) -> npt.NDArray[np.float64]:
    """(2 r + 1,) sampled Gaussian that sums to 1, r = `radius`, by default int(truncate * sigma + 0.5)."""
    if radius is None:
        radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return np.ones(1)
    i = np.arange(-radius, radius + 1, dtype=np.float64)
    weights: npt.NDArray[np.float64] = np.exp(-(i**2) / (2 * sigma**2))
    weights /= weights.sum()
    return weights


def border_indices(length: int, before: int, after: int, border: Border) -> npt.NDArray[np.int64]:
    """(before + length + after,) indices 0 .. length - 1 that extend an axis by its border rule, any distance."""
    i = np.arange(-before, length + after)
    if border == "replicate" or length == 1:
        return np.clip(i, 0, length - 1)
    period = 2 * length if border == "reflect" else 2 * length - 2
    i = np.mod(i, period)
    return np.where(i < length, i, (period - 1 if border == "reflect" else period) - i)


def pad(x: Tensor, rows: int, columns: int, border: Border) -> Tensor:
    """(..., H, W) -> (..., H + 2 rows, W + 2 columns)."""
    for dim, by in ((-2, rows), (-1, columns)):
        if by:
            index = torch.from_numpy(border_indices(x.shape[dim], by, by, border)).to(x.device)
            x = x.index_select(dim, index)
    return x


def correlate(x: Tensor, kernel: npt.NDArray[np.float32], border: Border) -> Tensor:
    """Correlate every plane with one odd-sided kernel.

    Args:
        x: (N, C, H, W), uint8 or float32.
        kernel: (kh, kw) float32.

    Returns:
        (N, C, H, W) float32, in the units of x.
    """
    if host.on_host(x):
        return _correlate_cv(x, kernel, border)
    return _correlate_tensor(x, kernel, border)


def _correlate_cv(x: Tensor, kernel: npt.NDArray[np.float32], border: Border) -> Tensor:
    out = torch.empty(x.shape, dtype=torch.float32)
    height, width = x.shape[-2:]
    # Float planes, because for 8-bit ones OpenCV switches to the Fourier transform at much smaller kernels.
    planes, results = x.to(torch.float32).reshape(-1, height, width).numpy(), out.view(-1, height, width).numpy()
    for plane, result in zip(planes, results, strict=True):
        cv2.filter2D(plane, cv2.CV_32F, kernel, dst=result, borderType=_CV_BORDERS[border])
    return out


def _correlate_tensor(x: Tensor, kernel: npt.NDArray[np.float32], border: Border) -> Tensor:
    channels, (kh, kw) = x.shape[1], kernel.shape
    weight = torch.from_numpy(kernel).to(x.device).expand(channels, 1, kh, kw).contiguous()
    padded = pad(x.to(torch.float32), kh // 2, kw // 2, border)
    # Without cuDNN, torch runs its own depthwise kernel: one thread per pixel, a fixed order of the sum, no TF32. It is switched
    # off for this call alone; `torch.backends.cudnn.flags` does so for all threads, the one with the network's pass too.
    once, none = (1, 1), (0, 0)
    cudnn = {"benchmark": False, "deterministic": False, "cudnn_enabled": False, "allow_tf32": False}
    return torch._convolution(padded, weight, None, once, none, once, False, none, channels, **cudnn)


def separable(x: Tensor, weights: npt.NDArray[np.float64], border: Border) -> Tensor:
    """Correlate rows and columns of every plane with the same odd number of weights.

    Args:
        x: (N, C, H, W), uint8 or float32.
        weights: (2 r + 1,).

    Returns:
        (N, C, H, W) float32, in the units of x.
    """
    if len(weights) == 1:
        return x.to(torch.float32, copy=True)
    if host.on_host(x):
        return _separable_cv(x, weights, border)
    return _separable_tensor(x, weights, border)


def _separable_cv(x: Tensor, weights: npt.NDArray[np.float64], border: Border) -> Tensor:
    out = torch.empty(x.shape, dtype=torch.float32)
    height, width = x.shape[-2:]
    planes, results = x.reshape(-1, height, width).numpy(), out.view(-1, height, width).numpy()
    taps = weights.astype(np.float32)
    for plane, result in zip(planes, results, strict=True):
        cv2.sepFilter2D(plane, cv2.CV_32F, taps, taps, dst=result, borderType=_CV_BORDERS[border])
    return out


def _separable_tensor(x: Tensor, weights: npt.NDArray[np.float64], border: Border) -> Tensor:
    radius = len(weights) // 2
    x = x.to(torch.float32)
    for dim in (-1, -2):
        length = x.shape[dim]
        padded = pad(x, radius if dim == -2 else 0, radius if dim == -1 else 0, border)
        # The weights are symmetric: one product for each pair of taps.
        total = padded.narrow(dim, radius, length) * float(weights[radius])
        for i in range(1, radius + 1):
            pair = padded.narrow(dim, radius - i, length) + padded.narrow(dim, radius + i, length)
            total += pair.mul_(float(weights[radius + i]))
        x = total
    return x


@functools.lru_cache(maxsize=64)
def disc_kernel(radius: float, alias: float) -> npt.NDArray[np.float32]:
    """The defocus kernel: a disc in an array of half side max(8, radius), smoothed inside that array.

    The smoothing window is 3 x 3 up to radius 8 and 5 x 5 beyond, its border reflect-101 within the array; the result
    is not normalised again. If the disc touches the array's edge (radii 8 and 10), the reflection raises the sum to 1.013
    and 1.011, which brightens the image by that factor.
    """
    half = 8 if radius <= 8 else math.floor(radius)
    i = np.arange(-half, half + 1)
    disc = (i[:, None] ** 2 + i[None] ** 2 <= radius**2).astype(np.float32)
    disc /= disc.sum()
    taps = gaussian_weights(alias, radius=1 if radius <= 8 else 2)
    kernel: npt.NDArray[np.float32] = cv2.sepFilter2D(disc, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_REFLECT_101)
    # (Nearly) empty rows and columns around the disc have no effect but cost as much as the others.
    kernel[kernel < _NEGLIGIBLE] = 0
    reach = int(np.abs(i[kernel.any(axis=0)]).max())
    return np.ascontiguousarray(kernel[half - reach : half + reach + 1, half - reach : half + reach + 1])
