"""ImageMagick's motion blur: a one-sided half Gaussian along a line of whole pixels.

It starts at the pixel itself, with the largest weight, uses whole pixels without interpolation, repeats the edge outside
the image, and rounds to ImageMagick's 16-bit quantum before truncating to 8 bits. (Hendrycks' generators call it through Wand.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host
from robustcore.corruptions.kernels.levels import to_bytes

# floor(floor(257 v + 1/2) / 257) is floor(v + 1/514): the rounding of the 16-bit quantum, then the truncation to 8 bits.
_QUANTUM = 1 / 514
_NEGLIGIBLE = 1e-8  # taps below this share of the sum cannot change a value


def tap_weights(radius: int, sigma: float) -> list[float]:
    """The weights of taps 0 .. 2 radius, exp(-i**2 / (2 sigma**2)) normalised to 1; negligible last ones left out."""
    weights = np.exp(-(np.arange(2 * radius + 1, dtype=np.float64) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    return [float(w) for w in weights[weights > _NEGLIGIBLE]]


def tap_offsets(count: int, angle: float) -> list[tuple[int, int]]:
    """(dx, dy) in pixels, x to the right and y down, of taps 0 .. count - 1 at an angle in degrees."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [(math.ceil(i * cosine - 0.5), math.ceil(i * sine - 0.5)) for i in range(count)]


def motion_blur_levels(images: Tensor, radius: int, sigma: float, angles: Sequence[float]) -> Tensor:
    """Blur each image along its own direction.

    Args:
        images: (N, C, H, W) uint8; C is 1 or 3.
        radius: half the number of taps, in pixels.
        sigma: of the half Gaussian, in pixels.
        angles: N directions in degrees, 0 to the right, growing clockwise on the screen.

    Returns:
        (N, C, H, W) uint8.
    """
    weights = tap_weights(radius, sigma)
    offsets = [tap_offsets(len(weights), angle) for angle in angles]
    blur = _blur_cv if host.on_host(images) else _blur_tensor
    return to_bytes(blur(images, weights, offsets).add_(_QUANTUM))


def _blur_cv(images: Tensor, weights: list[float], offsets: list[list[tuple[int, int]]]) -> Tensor:
    channels, height, width = images.shape[1:]
    out = np.empty(images.shape, dtype=np.float32)
    for planes, taps, result in zip(images.numpy(), offsets, out, strict=True):
        west, east, north, south = _margins(taps)
        pixels = cv2.merge(list(planes)) if channels > 1 else planes[0]
        padded = cv2.copyMakeBorder(pixels, north, south, west, east, cv2.BORDER_REPLICATE).astype(np.float32)
        total: npt.NDArray[np.float32] = np.zeros((height, width, channels)[: pixels.ndim], dtype=np.float32)
        for weight, (dx, dy) in zip(weights, taps, strict=True):
            y, x = north + dy, west + dx
            cv2.scaleAdd(padded[y : y + height, x : x + width], weight, total, total)
        cv2.split(total, list(result))
    return torch.from_numpy(out)


def _blur_tensor(images: Tensor, weights: list[float], offsets: list[list[tuple[int, int]]]) -> Tensor:
    n, channels, height, width = images.shape
    device = images.device
    shifts = torch.tensor(offsets, device=device)  # (N, taps, 2)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    flat = images.reshape(n, channels, -1)
    total = torch.zeros(images.shape, dtype=torch.float32, device=device)
    for tap, weight in enumerate(weights):
        y = (rows[None] + shifts[:, tap, 1, None]).clamp_(0, height - 1)
        x = (columns[None] + shifts[:, tap, 0, None]).clamp_(0, width - 1)
        index = (y[:, :, None] * width + x[:, None]).reshape(n, 1, -1).expand(n, channels, -1)
        total += flat.gather(2, index).reshape(images.shape).to(torch.float32).mul_(weight)
    return total


def _margins(taps: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """How far the taps reach to the left, right, top and bottom."""
    xs, ys = [dx for dx, _ in taps], [dy for _, dy in taps]
    return -min(0, *xs), max(0, *xs), -min(0, *ys), max(0, *ys)
