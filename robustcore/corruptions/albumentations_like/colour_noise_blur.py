"""Colour, noise and blur operations of the candidates, on one image with parameters that are already drawn.

They follow Albumentations 0.5.2, on uint8 (H, W, 3) images.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

Float32Array = npt.NDArray[np.float32]


def shift_hsv(image: UInt8Array, hue: float, saturation: float, value: float) -> UInt8Array:
    """Shift OpenCV's 8-bit HSV: hue wraps at 180, the others are clipped; fractions are dropped."""
    levels = np.arange(256, dtype=np.float32)
    tables = (
        np.mod(levels + np.float32(hue), 180),
        np.clip(levels + np.float32(saturation), 0, 255),
        np.clip(levels + np.float32(value), 0, 255),
    )
    table = np.stack(tables, axis=-1).astype(np.uint8)[None]  # (1, 256, 3)
    shifted = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), table)
    result: UInt8Array = cv2.cvtColor(shifted, cv2.COLOR_HSV2RGB)
    return result


def to_hls(image: UInt8Array) -> Float32Array:
    """(H, W, 3) float32: hue in degrees, lightness and saturation in 0 .. 1."""
    hls: Float32Array = cv2.cvtColor(np.multiply(image, 1 / 255, dtype=np.float32), cv2.COLOR_RGB2HLS)
    return hls


def add_iso_noise(hls: Float32Array, counts: Float32Array, turns: Float32Array) -> UInt8Array:
    """Lift the lightness towards white by counts / 255, turn the hue by degrees, and go back to 8-bit RGB.

    Args:
        hls: (H, W, 3), as `to_hls` gives it; written to.
        counts, turns: (H, W).
    """
    hue = hls[..., 0] + turns
    hue = np.where(hue < 0, hue + 360, np.where(hue > 360, hue - 360, hue))
    hls[..., 0] = hue
    hls[..., 1] += counts / 255 * (1 - hls[..., 1])
    rgb = cv2.cvtColor(hls, cv2.COLOR_HLS2RGB) * 255
    result: UInt8Array = np.clip(rgb, 0, 255).astype(np.uint8)
    return result


def motion_blur(image: UInt8Array, side: int, start: tuple[int, int], end: tuple[int, int]) -> UInt8Array:
    """Average along a line between two cells, (x, y), of a side x side kernel."""
    kernel = np.zeros((side, side), dtype=np.uint8)
    cv2.line(kernel, start, end, 1, thickness=1)
    weights = kernel.astype(np.float32)
    blurred: UInt8Array = cv2.filter2D(image, -1, weights / weights.sum())
    return blurred


def gaussian_blur(image: UInt8Array, side: int, sigma: float) -> UInt8Array:
    """OpenCV's 8-bit Gaussian blur with a side x side kernel."""
    blurred: UInt8Array = cv2.GaussianBlur(image, (side, side), sigma)
    return blurred


def box_blur(image: UInt8Array, width: float) -> UInt8Array:
    """Average over a square whose side, 1 or more, need not be whole: the outermost pixels count in part."""
    reach = (width - 1) / 2
    whole = int(reach)
    weights = np.full(2 * whole + 3, 1 / width, dtype=np.float32)
    weights[[0, -1]] *= reach - whole
    blurred: UInt8Array = cv2.sepFilter2D(image, -1, weights, weights)
    return blurred


def median_blur(image: UInt8Array, radius: float) -> UInt8Array:
    """The median of a square of side 1 + 2 radius, blended from the whole radii below and above."""
    whole = int(radius)
    below = cv2.medianBlur(image, 2 * whole + 1) if whole else image
    if radius == whole:
        return below
    share = radius - whole
    blended: UInt8Array = cv2.addWeighted(cv2.medianBlur(image, 2 * whole + 3), share, below, 1 - share, 0)
    return blended


def line_blur(image: UInt8Array, start: tuple[float, float], end: tuple[float, float]) -> UInt8Array:
    """Average along a line between two offsets (x, y) in pixels, which need not be whole."""
    points = np.linspace(start, end, 4 * int(max(map(abs, (*start, *end)))) + 9)
    half = math.ceil(np.abs(points).max())
    base = np.floor(points)
    weights = np.zeros((2 * half + 2, 2 * half + 2), dtype=np.float32)
    (column, row), (right, down) = (base.astype(np.int64) + half).T, (points - base).T
    for dy, vertical in ((0, 1 - down), (1, down)):
        for dx, horizontal in ((0, 1 - right), (1, right)):
            np.add.at(weights, (row + dy, column + dx), vertical * horizontal)
    kernel = weights[:-1, :-1] / len(points)
    blurred: UInt8Array = cv2.filter2D(image, -1, kernel)
    return blurred
