"""Elastic transform: a small affine map, then a smooth random displacement of every pixel."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.corruptions.kernels import host
from robustcore.corruptions.kernels.filters import border_indices, gaussian_weights, separable

_TRUNCATE = 3.0
_WIDE = 16  # from this radius on a matrix product is cheaper: its cost does not grow with the radius
_STEPS = 32  # OpenCV's warpAffine samples on a grid of 1/32 pixel
_SCALE = 1024  # and first rounds the terms of a position to 1/1024 pixel


def affine_matrices(jitter: Tensor, height: int, width: int) -> Tensor:
    """(N, 2, 3) float64 maps of output pixels (x, y, 1) to input pixels.

    Three points around the centre m, (m + q, m + q), (m + q, m - q) and (m - q, m - q) with q a third of the shorter
    side, move by `jitter`, (N, 3, 2) in pixels (x, y); the map sends each moved point back to its original position.
    """
    third = min(height, width) // 3
    corners = np.array([[1, 1], [1, -1], [-1, -1]], dtype=np.float64) * third + (width // 2, height // 2)
    # moved [x y 1] A^T = corners: three points fix the six numbers.
    moved = np.ones((len(jitter), 3, 3))
    np.add(jitter.cpu().numpy(), corners, out=moved[..., :2])
    matrices: Tensor = torch.linalg.solve(torch.from_numpy(moved), torch.from_numpy(corners).expand(len(moved), 3, 2))
    return matrices.transpose(1, 2)


def affine_positions(matrices: Tensor, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(N, H, W) float32 sample positions x and y of `warpAffine`, on its grid of 1/32 pixel."""
    matrices = matrices.to(device)
    x = torch.arange(width, dtype=torch.float64, device=device)
    y = torch.arange(height, dtype=torch.float64, device=device)
    positions = []
    for row in (0, 1):
        a, b, c = (matrices[:, row, column, None] for column in range(3))
        along = (a * x * _SCALE).round()[:, None, :]  # (N, 1, W)
        down = ((b * y + c) * _SCALE).round()[:, :, None] + _SCALE // _STEPS // 2  # (N, H, 1)
        # Whole numbers of 1/1024 pixel: the shift is the floor of a division.
        grid = (along.to(torch.int64) + down.to(torch.int64)).bitwise_right_shift_((_SCALE // _STEPS).bit_length() - 1)
        positions.append(grid.to(torch.float32).mul_(1 / _STEPS))
    return positions[0], positions[1]


def sample(x: Tensor, at_x: Tensor, at_y: Tensor, *, reflect101: bool) -> Tensor:
    """Bilinear samples of (N, C, H, W) float32 at (N, H, W) pixel positions.

    Outside the image it is reflected about the centres of its edge pixels (`reflect101`), or about its edges.
    """
    height, width = x.shape[-2:]
    if reflect101:
        grid = _interleaved(at_x * (2 / (width - 1)) - 1, at_y * (2 / (height - 1)) - 1)
    else:
        grid = _interleaved((at_x * 2 + 1) / width - 1, (at_y * 2 + 1) / height - 1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=reflect101)


def _interleaved(x: Tensor, y: Tensor) -> Tensor:
    """Two (N, H, W) as (N, H, W, 2). OpenCV does it eight times faster than torch."""
    if not host.on_host(x):
        return torch.stack([x, y], dim=-1)
    pairs = np.empty((*x.shape, 2), dtype=np.float32)
    for first, second, result in zip(x.numpy(), y.numpy(), pairs, strict=True):
        cv2.merge([first, second], result)
    return torch.from_numpy(pairs)


def smooth(fields: Tensor, sigma: float) -> Tensor:
    """(N, C, H, W) float32 fields after a Gaussian, truncated at 3 sigma, with half-sample reflection at the edges."""
    weights = gaussian_weights(sigma, _TRUNCATE)
    if len(weights) // 2 < _WIDE:
        return separable(fields, weights, "reflect")
    height, width = fields.shape[-2:]
    # One plane at a time: for a whole batch a library chooses its algorithm by the batch's size, which changes the last
    # bits. In float64 on a GPU, because no setting replaces that by TF32.
    dtype = torch.float32 if host.on_host(fields) else torch.float64
    down, right = (_matrix(length, sigma, dtype).to(fields.device) for length in (height, width))
    out = torch.empty_like(fields)
    for plane, result in zip(fields.flatten(0, 1), out.flatten(0, 1), strict=True):
        result.copy_(down @ plane.to(dtype) @ right.T)
    return out


@functools.lru_cache(maxsize=32)
def _matrix(length: int, sigma: float, dtype: torch.dtype) -> Tensor:
    """(length, length): the reflected Gaussian along an axis; it may be wider than the image."""
    weights = gaussian_weights(sigma, _TRUNCATE)
    radius = len(weights) // 2
    index = border_indices(length, radius, radius, "reflect")
    matrix = np.zeros((length, length))
    for row in range(length):
        np.add.at(matrix[row], index[row : row + 2 * radius + 1], weights)
    return torch.from_numpy(matrix).to(dtype)
