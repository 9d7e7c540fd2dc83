"""Candidates calibrated for scenes: geometry, occlusion and weather; see `_calibrated.py`.

Lengths in pixels are for side 224, as in `candidates.py`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.corruptions._base import Size
from robustcore.corruptions._calibrated import calibrated
from robustcore.corruptions.albumentations_like import operations, warps, weather
from robustcore.corruptions.albumentations_like.batches import covered, length, odd, on_host, per_image, sign, truncated
from robustcore.corruptions.albumentations_like.colour_noise_blur import box_blur
from robustcore.images import UInt8Array
from robustcore.randomness import Draws


@calibrated(
    "geometry", "Shrinks the image to 0.6 and fills the rest with its mirror images.", most=2, deterministic=True
)
def affines(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, warps.zoom, (1 - 0.4 * strength).tolist())


@calibrated("geometry", "Warps by a random affine map: three points move by up to 50 pixels each way.", most=2)
def elastic_transform(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    reach = 50 * size.share_of_224 * strength
    return on_host(
        x, warps.random_affine, (per_image(reach)[..., 0] * draws.uniform(3, 2, low=-1, high=1)).cpu().numpy()
    )


def _mirrored(x: Tensor, axis: int, share: Tensor) -> Tensor:
    """Mirror the middle of an axis, by a share of its length for each image."""
    count = x.shape[axis]
    places = torch.arange(count, device=x.device)
    inside = (places - (count - 1) / 2).abs() < share[:, None] * count / 2  # (n, count)
    order = torch.where(inside, count - 1 - places, places)
    order = order[:, None, None, :] if axis == -1 else order[:, None, :, None]
    return x.gather(axis, order.expand(x.shape))


@calibrated("geometry", "Mirrors left to right, upside down, or both; below 1, the middle of the image only.")
def flip(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    way = per_image(draws.integers(0, 3))
    x = torch.where(way != 1, _mirrored(x, -1, strength), x)
    return torch.where(way != 0, _mirrored(x, -2, strength), x)


@calibrated("geometry", "Stretches and squeezes the columns and rows of a 5 x 5 grid.")
def grid_distortion(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    advances = draws.uniform(2, 5, low=0, high=2).tolist()
    return on_host(
        x, lambda image, both, share: warps.grid_distortion(image, both[0], both[1], share), advances, strength.tolist()
    )


@calibrated("geometry", "Bends the image like a strong lens, inward or outward, a little off its centre.", most=2)
def optical_distortion(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    coefficients = 4 * strength * sign(draws)
    moves = draws.uniform(2, low=-4, high=4) * size.share_of_224 * strength[:, None]
    right, down = moves.round().to(torch.int64).unbind(dim=1)
    return on_host(x, warps.optical_distortion, coefficients.tolist(), right.tolist(), down.tolist())


@calibrated("geometry", "Looks at a random quadrilateral, of deviation 0.3, as if it were straight.", most=2)
def perspective(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    jitter = (draws.normal(4, 2) * (0.3 * per_image(strength)[..., 0])).abs().remainder(1)
    return on_host(x, warps.perspective, jitter.cpu().numpy())


@calibrated("geometry", "Shuffles the strength's share of the 16 tiles of a 4 x 4 grid.")
def random_grid_shuffle(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The number of tiles is drawn between the two nearest whole numbers; the chosen tiles are permuted at random."""
    number = (16 * strength + draws.uniform()).to(torch.int64)
    chosen = draws.permutation(16).argsort(dim=1) < number[:, None]  # (n, 16)
    # Other tiles keep their position; the chosen ones fill the gaps in the order of their ranks.
    ranks = draws.permutation(16).argsort(dim=1)
    gaps = torch.where(chosen, torch.arange(16, device=x.device), 16).sort(dim=1).values
    taken = torch.where(chosen, ranks, 16).argsort(dim=1, stable=True)
    order = torch.arange(17, device=x.device).expand(len(x), 17).clone()
    order.scatter_(1, gaps, torch.where(gaps < 16, taken, 16))
    return operations.rearrange_tiles(x, order[:, :16])


@calibrated("geometry", "Turns the image by 180 degrees either way and fills the corners with its mirror images.")
def rotate(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, warps.rotate, (180 * strength * sign(draws)).tolist())


@calibrated(
    "geometry", "Shifts the image by 0.7 of both sides and fills with its mirror images; nothing is transposed.", 1.4
)
def transpose(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    right, down = (0.7 * strength[:, None] * sign(draws, 2)).unbind(dim=1)
    return on_host(x, warps.shift, (right * size.width).tolist(), (down * size.height).tolist())


@calibrated("occlusion", "Keeps the centre, 130 pixels a side, and blackens the rest.", most=2, deterministic=True)
def border(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    side = length(130, size)
    kept = []
    for count in (size.height, size.width):
        before = (count - side) // 2
        kept.append(covered(strength * before, count - strength * (count - side - before), count))
    return truncated(x * (kept[0][:, None, :, None] * kept[1][:, None, None, :]))


@calibrated("occlusion", "Punches 48 black holes of 8 x 8 pixels.", most=4)
def coarse_dropout(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The last hole is partly transparent when the strength gives no whole number of holes."""
    most, side = 4 * 48, length(8, size)
    tops, lefts = (draws.integers(0, count - side + 1, most)[..., None] for count in (size.height, size.width))
    rows, columns = torch.arange(size.height, device=x.device), torch.arange(size.width, device=x.device)
    weights = (48 * strength[:, None] - torch.arange(most, device=x.device)).clamp(0, 1)  # (n, holes)
    down = ((rows >= tops) & (rows < tops + side)) * weights[..., None]  # (n, holes, H)
    right = ((columns >= lefts) & (columns < lefts + side)).to(torch.float32)
    holes = torch.bmm(down.transpose(1, 2), right).clamp(max=1)
    return truncated(x * (1 - holes)[:, None])


@calibrated("occlusion", "Cuts out one black hole of 150 x 150 pixels, anywhere.", most=2)
def cutout(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """At the top and the left edge the hole keeps its size, at the others it loses up to half of it."""
    side, hidden = length(150, size) * strength, []
    for count in (size.height, size.width):
        start = (draws.integers(0, count + 1) - side / 2).clamp(0, count)
        hidden.append(covered(start, start + side, count))
    return truncated(x * (1 - hidden[0][:, None, :, None] * hidden[1][:, None, None, :]))


@calibrated("weather", "Blends about 20 faint white discs in and blurs: mostly blur.", most=4)
def random_fog(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    def apply(image: UInt8Array, amount: float, units: list[list[float]]) -> UInt8Array:
        width = 1 + amount * (weather.fog_blur(image, 1) - 1)
        return box_blur(weather.fog_discs(image, 1, units, 0.08 * amount), width)

    return on_host(x, apply, strength.tolist(), draws.uniform(weather.FOG_POINTS, 2).tolist())


@calibrated("weather", "Draws 83 slanted grey drops, blurs the image and takes 30 % off its lightness.", most=3)
def random_rain(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    drop, kernel = operations.drop(size), odd(7, size)
    starts = operations.rain_starts(draws, 3 * 83, size).tolist()

    def apply(image: UInt8Array, amount: float, points: list[tuple[int, int]]) -> UInt8Array:
        rainy = weather.rain_drops(image, points[: round(83 * amount)], drop)
        return weather.scale_lightness(box_blur(rainy, 1 + amount * (kernel - 1)), 1 - 0.3 * amount)

    return on_host(x, apply, strength.tolist(), starts)


@calibrated("weather", "Halves the lightness inside four random polygons.", most=2)
def random_shadow(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    return on_host(x, weather.shadow, operations.polygons(draws, size), (1 - 0.5 * strength).tolist())


@calibrated(
    "weather", "Bleaches the darker pixels by a factor of 2.5, as snow on the ground would.", 4, deterministic=True
)
def random_snow(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    """The published darkness below which pixels are bleached is 0.1 .. 0.3 of half the range above a third: 0.3 here."""
    below = 0.3 * 255 / 2 + 255 / 3

    def apply(image: UInt8Array, factor: float) -> UInt8Array:
        return weather.scale_lightness(image, factor, below=below)

    return on_host(x, apply, (1 + 1.5 * strength).tolist())


@calibrated("weather", "Draws the sun in the upper half, 200 pixels in radius, and a line of ghosts.", most=2)
def random_sun_flare(x: Tensor, draws: Draws, size: Size, strength: Tensor) -> Tensor:
    radii = [round(length(200, size) * s) for s in strength.tolist()]
    return operations.sun_flare(x, draws, size, radii, strength.clamp(max=1).tolist())
