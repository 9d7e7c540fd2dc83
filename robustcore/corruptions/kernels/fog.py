"""Fog: a fractal height map by the diamond-square algorithm on a torus, and its blend with the image."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.randomness import Draws


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
    n = len(draws)
    grid = torch.zeros(n, 1, 1, device=noise.device)  # the start value 0 at (0, 0)
    used, level, k = 0, 0, 1
    while k < side:
        half_width = (100 / decay**level) ** 2
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
