"""Fog: a fractal height map by the diamond-square algorithm on a torus, and its blend with the image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host
from robustcore.randomness import Draws

Float32Array = npt.NDArray[np.float32]


def map_side(height: int, width: int) -> int:
    """The smallest power of two that covers the image: 256, 64 and 32 in the reference's outputs at 224, 64 and 32."""
    return 1 << (max(height, width) - 1).bit_length()


def plasma(draws: Draws, side: int, decay: float) -> Tensor:
    """(N, side, side) float32 height maps, each scaled to 0..1 over the whole map; `side` is a power of two.

    Level l = 0, 1, ... halves the grid's step; its new points are the means of their four neighbours and a uniform draw
    of half-width (100 / decay**l)**2. Squares come first, then the diamonds on the rows, then those on the columns;
    neither kind of diamond uses the other, and all indices wrap around.
    """
    noise = draws.uniform(side * side - 1)
    return _plasma_host(noise, side, decay) if host.on_host(noise) else _plasma_tensor(noise, side, decay)


def _half_width(level: int, decay: float) -> float:
    return (100 / decay**level) ** 2


def _plasma_host(noise: Tensor, side: int, decay: float) -> Tensor:
    """Every grid has a row and a column more, which repeat the first ones: neighbours are slices, and nothing is rolled."""
    n, values = len(noise), noise.numpy()
    grid = np.zeros((n, 2, 2), dtype=np.float32)
    used, level, k = 0, 0, 1
    while k < side:
        half_width = _half_width(level, decay)
        wobble = values[:, used : used + 3 * k * k] * np.float32(2 * half_width)
        wobble -= np.float32(half_width)
        wobble = wobble.reshape(n, 3, k, k)
        used, level = used + 3 * k * k, level + 1
        horizontal = grid[:, :, :-1] + grid[:, :, 1:]
        vertical = grid[:, :-1, :-1] + grid[:, 1:, :-1]
        squares = np.empty((n, k + 1, k + 1), dtype=np.float32)  # the first row and column repeat the last ones
        square = squares[:, 1:, 1:]
        np.add(horizontal[:, :-1], horizontal[:, 1:], out=square)
        finer = np.empty((n, 2 * k + 1, 2 * k + 1), dtype=np.float32)
        finer[:, :-1:2, :-1:2] = grid[:, :-1, :-1]
        finer[:, 1::2, 1::2] = _moved(square, wobble[:, 0])
        squares[:, 0], squares[:, :, 0] = squares[:, -1], squares[:, :, -1]
        on_rows, on_columns = square + squares[:, :-1, 1:], square + squares[:, 1:, :-1]
        on_rows += horizontal[:, :-1]
        on_columns += vertical
        finer[:, :-1:2, 1::2], finer[:, 1::2, :-1:2] = _moved(on_rows, wobble[:, 1]), _moved(on_columns, wobble[:, 2])
        finer[:, -1], finer[:, :, -1] = finer[:, 0], finer[:, :, 0]
        grid, k = finer, 2 * k
    low, high = grid.min(axis=(1, 2), keepdims=True), grid.max(axis=(1, 2), keepdims=True)
    scaled = grid[:, :-1, :-1] - low
    scaled /= high - low
    return torch.from_numpy(scaled)


def _moved(total: Float32Array, wobble: Float32Array) -> Float32Array:
    """A quarter of the sum of four, and the wobble, in place."""
    total *= np.float32(0.25)
    total += wobble
    return total


def _plasma_tensor(noise: Tensor, side: int, decay: float) -> Tensor:
    n = len(noise)
    grid = torch.zeros(n, 1, 1, device=noise.device)  # the start value 0 at (0, 0)
    used, level, k = 0, 0, 1
    while k < side:
        half_width = _half_width(level, decay)
        wobble = noise[:, used : used + 3 * k * k].mul(2 * half_width).sub_(half_width).view(n, 3, k, k)
        used, level = used + 3 * k * k, level + 1
        right = grid.roll(-1, 2)
        horizontal, vertical = grid + right, grid + grid.roll(-1, 1)
        square = (horizontal + horizontal.roll(-1, 1)).mul_(0.25).add_(wobble[:, 0])
        on_rows = (square + square.roll(1, 1)).add_(horizontal).mul_(0.25).add_(wobble[:, 1])
        on_columns = (square + square.roll(1, 2)).add_(vertical).mul_(0.25).add_(wobble[:, 2])
        finer = torch.empty(n, 2 * k, 2 * k, device=noise.device)
        finer[:, ::2, ::2], finer[:, 1::2, 1::2] = grid, square
        finer[:, ::2, 1::2], finer[:, 1::2, ::2] = on_rows, on_columns
        grid, k = finer, 2 * k
    low, high = grid.amin(dim=(1, 2), keepdim=True), grid.amax(dim=(1, 2), keepdim=True)
    return grid.sub_(low).div_(high - low)


def fog_over(x: Tensor, maps: Tensor, amount: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels: (x + amount P) m / (m + amount), m the image's greatest value in 0..1.

    `maps`: (N, side, side) float32 with side >= H, W, whose top left part P is used for all channels.
    """
    height, width = x.shape[-2:]
    greatest = x.amax(dim=(1, 2, 3), keepdim=True).to(torch.float64) / 255
    factor = (greatest / (greatest + amount)).to(torch.float32)
    return (maps[:, None, :height, :width] * (255 * amount)).add(x).mul_(factor)
