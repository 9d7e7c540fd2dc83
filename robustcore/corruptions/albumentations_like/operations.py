"""Operations on a batch, shared by both parameter sets of the candidates.

Images are uint8 (n, 3, H, W). The caller decides the strength; functions themselves draw only patterns and positions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions._base import Size
from robustcore.corruptions.albumentations_like import colour_noise_blur, weather
from robustcore.corruptions.albumentations_like.batches import length, on_host, uniform
from robustcore.corruptions.albumentations_like.transforms import album
from robustcore.images import UInt8Array
from robustcore.randomness import Draws


def jitter(
    x: Tensor, factors: Sequence[Sequence[float]], hues: Sequence[float], orders: Sequence[Sequence[int]]
) -> Tensor:
    """Brightness, contrast and saturation by (n, 3) factors, and a hue rotation (1 is a full turn), applied in the given order."""
    transform = album("ColorJitter")

    def apply(image: UInt8Array, factors: Sequence[float], hue: float, order: Sequence[int]) -> UInt8Array:
        result: UInt8Array = transform.apply(image, *factors, hue, order)
        return result

    return on_host(x, apply, factors, hues, orders)


def gamma(x: Tensor, gammas: Sequence[float]) -> Tensor:
    """Raise values in 0 .. 1 to the power gamma; fractions of a level are dropped."""
    levels = torch.arange(256, dtype=torch.float64) / 255
    powers = torch.tensor(gammas, dtype=torch.float64)
    tables = (levels ** powers[:, None] * 255).to(torch.uint8).to(x.device)  # (n, 256)
    return tables.gather(1, x.flatten(1).to(torch.int64)).view_as(x)


def iso_noise(x: Tensor, draws: Draws, intensity: Tensor, degrees: Tensor) -> Tensor:
    """Lift the lightness by Poisson counts, intensity (n,) times its own spread on average; turn hues by N(0, degrees)."""
    height, width = x.shape[-2:]
    hls = [colour_noise_blur.to_hls(image) for image in x.permute(0, 2, 3, 1).contiguous().cpu().numpy()]
    spread = [float(cv2.meanStdDev(image)[1][1, 0]) for image in hls]
    rates = [255 * i * s for i, s in zip(intensity.tolist(), spread, strict=True)]
    levels = torch.arange(len(x), device=x.device)[:, None, None].expand(-1, height, width)
    counts = draws.poisson(rates, levels).cpu().numpy()
    turns = draws.normal(height, width).mul_(degrees[:, None, None]).cpu().numpy()
    noisy = np.stack([colour_noise_blur.add_iso_noise(*parts) for parts in zip(hls, counts, turns, strict=True)])
    return torch.from_numpy(noisy).permute(0, 3, 1, 2).contiguous().to(x.device)


def jpeg(x: Tensor, qualities: Sequence[int]) -> Tensor:
    """Compress as JPEG; red and blue are swapped for the encoder, as in the experiment."""
    return on_host(x, functools.partial(album("ImageCompression").apply, image_type=".jpg"), qualities)


def line_cells(draws: Draws, sides: Sequence[int]) -> tuple[list[list[int]], list[list[int]]]:
    """Two different cells (x, y) of each image's side x side kernel."""
    lengths, units = torch.tensor(sides), draws.uniform(4).cpu()
    xs, xe, ys, ye = (units * lengths[:, None]).to(torch.int64).unbind(dim=1)
    # Both ends in one column: the second row is one of the others.
    other = (ys + 1 + (units[:, 3] * (lengths - 1)).to(torch.int64)) % lengths
    ye = torch.where(xs == xe, other, ye)
    return torch.stack((xs, ys), dim=1).tolist(), torch.stack((xe, ye), dim=1).tolist()


def rearrange_tiles(x: Tensor, order: Tensor) -> Tensor:
    """Move tile order[:, i], (n, 16), of a 4 x 4 grid to position i; pixels outside the grid stay."""
    n, height, width = len(x), x.shape[-2] // 4, x.shape[-1] // 4
    tiles = x[..., : 4 * height, : 4 * width].reshape(n, 3, 4, height, 4, width).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    shuffled = tiles.gather(1, order.view(n, 16, 1, 1, 1).expand(tiles.shape))
    shuffled = shuffled.view(n, 4, 4, 3, height, width).permute(0, 3, 1, 4, 2, 5)
    out = x.clone()
    out[..., : 4 * height, : 4 * width] = shuffled.reshape(n, 3, 4 * height, 4 * width)
    return out


def drop(size: Size) -> tuple[int, int]:
    """How far a drop of rain runs to the right and down."""
    return length(10, size), length(20, size)


def rain_starts(draws: Draws, number: int, size: Size) -> Tensor:
    """(n, number, 2) whole pixels (x, y): where drops begin, with a slant for each image."""
    run, down = drop(size)
    slant = draws.uniform(1, low=-run, high=run).to(torch.int64)
    units = draws.uniform(number, 2)
    lowest, highest = slant.clamp(max=0), size.width - slant.clamp(min=0)
    columns = lowest + (units[..., 0] * (highest - lowest + 1)).to(torch.int64)
    rows = (units[..., 1] * (size.height - down + 1)).to(torch.int64)
    return torch.stack((columns, rows), dim=-1)


def polygons(draws: Draws, size: Size) -> npt.NDArray[np.int32]:
    """(n, 4, 8, 2): four polygons of eight random vertices for each image."""
    columns, rows = draws.integers(0, size.width + 1, 4, 8), draws.integers(0, size.height + 1, 4, 8)
    drawn: npt.NDArray[np.int32] = torch.stack((columns, rows), dim=-1).to(torch.int32).cpu().numpy()
    return drawn


def sun_flare(
    x: Tensor, draws: Draws, size: Size, radii: Sequence[int], opacities: Sequence[float] | None = None
) -> Tensor:
    """A sun in the upper half of each image, and 6 to 10 ghosts on a line through it, with random opacities times a factor."""
    most, columns = 10, range(0, size.width, length(10, size))
    centres = (draws.uniform(2) * torch.tensor([size.width, size.height / 2], device=x.device)).to(torch.int64).tolist()
    angles, number = uniform(draws, 0, 2 * math.pi), draws.integers(6, most + 1).tolist()
    alphas, places = draws.uniform(most, low=0.05, high=0.2).tolist(), draws.integers(0, len(columns), most).tolist()
    sizes, colours = draws.integers(1, 3, most).tolist(), draws.integers(205, 256, most, 3).tolist()

    def apply(image: UInt8Array, i: int) -> UInt8Array:
        opacity, ghosts = 1.0 if opacities is None else opacities[i], []
        for g in range(number[i]):
            column = columns[places[i][g]]
            row = weather.ghost_height(centres[i], angles[i], column, size.height)
            place, radius = (column, row), length(sizes[i][g] ** 3, size)
            ghosts.append((opacity * alphas[i][g], place, radius, tuple(colours[i][g])))
        return weather.sun_flare(image, tuple(centres[i]), ghosts, radii[i])

    return on_host(x, apply, range(len(x)))
