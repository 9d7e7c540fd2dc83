"""The 40 candidate corruptions of Laugros' thesis (table 4.2), as its experiment ran them.

The experiment used Albumentations 0.5.2, every transform with probability 1. Where Albumentations 2.0.8 computes the same,
its `apply` is called with the parameters drawn here (or, if that is a line of tensor arithmetic, the whole batch is
processed at once; tests compare the two). Where 2.0.8 has no equivalent, the operation is composed from OpenCV and NumPy
in `albumentations_like`, whose `operations` the calibrated candidates share.

They have no severities: each image draws its parameters from the table's ranges. Sizes in pixels are for side 224 and
scale with the shorter side: L(x) = max(1, round(x s)), kernels K(k) = max(3, the odd number nearest to k s).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustcore.corruptions._base import Size, corruption
from robustcore.corruptions.albumentations_like import colour_noise_blur, operations, warps, weather
from robustcore.corruptions.albumentations_like.batches import (
    choice,
    length,
    odd,
    on_host,
    per_image,
    truncated,
    uniform,
)
from robustcore.corruptions.albumentations_like.transforms import album
from robustcore.randomness import Draws

Function = Callable[[Tensor, Draws, Size], Tensor]

# The published selection, three to a category (thesis, section 4.3).
SYN2NAT = {
    "solarize",
    "random_sun_flare",
    "random_shadow",
    "affines",
    "perspective",
    "cutout",
    "sharpen",
    "random_rain",
    "emboss",
    "random_contrast",
    "random_brightness",
    "random_gamma",
    "iso_noise",
    "downscale",
    "posterize",
    "color_jitter",
    "channel_dropout",
    "to_sepia",
}


def _candidate(family: str, summary: str, deterministic: bool = False) -> Callable[[Function], Function]:
    """Register a function (uint8 (n, 3, H, W), draws, size) -> uint8 of that shape, as album_<its name>."""

    def register(function: Function) -> Function:
        name = function.__name__
        corruption(
            family=family,
            suites=["candidates-40", "syn2nat"] if name in SYN2NAT else ["candidates-40"],
            source="Laugros' thesis, table 4.2, as its experiment ran it (Albumentations 0.5.2)",
            summary=summary,
            deterministic=deterministic,
            takes="uint8",
            plain_name=name,
            name=f"album_{name}",
        )(function)
        return function

    return register


@_candidate("geometry", "Shrinks the image to 0.6 to 0.8 and fills the rest with its mirror images.")
def affines(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return on_host(x, warps.zoom, uniform(draws, 0.6, 0.8))


@_candidate("blur", "Blurs with a box of 5, 7 or 9 pixels.")
def blur(x: Tensor, draws: Draws, size: Size) -> Tensor:
    kernels = [odd(k, size) for k in choice(draws, (5, 7, 9))]
    return on_host(x, album("Blur").apply, kernels)


@_candidate("occlusion", "Keeps the centre, 130 pixels a side, and blackens the rest.", deterministic=True)
def border(x: Tensor, draws: Draws, size: Size) -> Tensor:
    side = length(130, size)
    top, left = (size.height - side) // 2, (size.width - side) // 2
    out = torch.zeros_like(x)
    out[..., top : top + side, left : left + side] = x[..., top : top + side, left : left + side]
    return out


@_candidate("colour", "Sets one of the channels to 0.")
def channel_dropout(x: Tensor, draws: Draws, size: Size) -> Tensor:
    kept = torch.arange(3, device=x.device) != draws.integers(0, 3, 1)  # (n, 3)
    return x * per_image(kept)


@_candidate("occlusion", "Punches 16 to 48 black holes of 8 x 8 pixels.")
def coarse_dropout(x: Tensor, draws: Draws, size: Size) -> Tensor:
    most, side = 48, length(8, size)
    number = draws.integers(16, most + 1, 1)
    tops = draws.integers(0, size.height - side + 1, most)[..., None]
    lefts = draws.integers(0, size.width - side + 1, most)[..., None]
    rows, columns = torch.arange(size.height, device=x.device), torch.arange(size.width, device=x.device)
    used = (torch.arange(most, device=x.device) < number)[..., None]
    down = (rows >= tops) & (rows < tops + side) & used  # (n, holes, H)
    right = (columns >= lefts) & (columns < lefts + side)
    holes = torch.bmm(down.transpose(1, 2).to(torch.float32), right.to(torch.float32))  # how many cover a pixel
    return x * (holes == 0)[:, None]


@_candidate(
    "colour", "Changes brightness, contrast and saturation by factors of 0.3 to 1.7 and turns the hue at random."
)
def color_jitter(x: Tensor, draws: Draws, size: Size) -> Tensor:
    factors = draws.uniform(3, low=0.3, high=1.7).tolist()
    hues, orders = uniform(draws, -0.7, 0.7), draws.permutation(4).tolist()
    return operations.jitter(x, factors, hues, orders)


@_candidate("occlusion", "Cuts out one black hole of up to 150 x 150 pixels, anywhere.")
def cutout(x: Tensor, draws: Draws, size: Size) -> Tensor:
    """At the top and the left edge the hole keeps its size, at the others it loses up to half of it."""
    side = length(150, size)
    top = (draws.integers(0, size.height + 1) - side // 2).clamp(0, size.height)
    left = (draws.integers(0, size.width + 1) - side // 2).clamp(0, size.width)
    rows = torch.arange(size.height, device=x.device)[:, None] - per_image(top)  # (n, 1, H, 1)
    columns = torch.arange(size.width, device=x.device) - per_image(left)
    return x * ~((rows >= 0) & (rows < side) & (columns >= 0) & (columns < side))


@_candidate("digital", "Goes down to 45 % of the size and up again, nearest pixel.", deterministic=True)
def downscale(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return on_host(x, functools.partial(album("Downscale").apply, scale=0.45))


@_candidate("geometry", "Warps by a random affine map: three points move by up to 50 pixels each way.")
def elastic_transform(x: Tensor, draws: Draws, size: Size) -> Tensor:
    """The experiment's elastic field, alpha 1 and sigma 50, is left out: it moves no pixel by more than 0.02."""
    reach = 50 * size.share_of_224
    return on_host(x, warps.random_affine, draws.uniform(3, 2, low=-reach, high=reach).cpu().numpy())


@_candidate("digital", "Lights the edges from one corner, by a 3 x 3 kernel.")
def emboss(x: Tensor, draws: Draws, size: Size) -> Tensor:
    strengths = uniform(draws, 0.2, 0.7)
    kernels = [np.array([[-1 - v, -v, 0], [-v, 1, v], [0, v, 1 + v]], dtype=np.float32) for v in strengths]
    return on_host(x, album("Emboss").apply, kernels)


@_candidate("geometry", "Mirrors left to right, upside down, or both.")
def flip(x: Tensor, draws: Draws, size: Size) -> Tensor:
    way = per_image(draws.integers(0, 3))
    x = torch.where(way != 1, x.flip(-1), x)
    return torch.where(way != 0, x.flip(-2), x)


@_candidate("blur", "Blurs with a Gaussian of deviation 1.7, 2 or 2.3 pixels.")
def gaussian_blur(x: Tensor, draws: Draws, size: Size) -> Tensor:
    sides = choice(draws, (9, 11, 11, 13, 13))
    sigmas = [(0.3 * ((k - 1) / 2 - 1) + 0.8) * size.share_of_224 for k in sides]
    return on_host(x, colour_noise_blur.gaussian_blur, [odd(k, size) for k in sides], sigmas)


@_candidate("noise", "Adds independent normal noise with a variance of 500 to 1000 squared grey levels.")
def gauss_noise(x: Tensor, draws: Draws, size: Size) -> Tensor:
    deviation = draws.uniform(low=500, high=1000).sqrt()
    return truncated(draws.normal(*x.shape[1:]).mul_(per_image(deviation)).add_(x))


@_candidate("geometry", "Stretches and squeezes the columns and rows of a 5 x 5 grid.")
def grid_distortion(x: Tensor, draws: Draws, size: Size) -> Tensor:
    advances = draws.uniform(2, 5, low=0, high=2).tolist()
    return on_host(x, lambda image, both: warps.grid_distortion(image, *both), advances)


@_candidate("colour", "Shifts hue by up to 200 degrees and saturation and value by up to 150 and 100 levels.")
def hue_saturation_value(x: Tensor, draws: Draws, size: Size) -> Tensor:
    limits = ((-100, 100), (-150, 150), (-100, 100))
    return on_host(x, colour_noise_blur.shift_hsv, *(uniform(draws, low, high) for low, high in limits))


@_candidate("digital", "Compresses as JPEG of quality 5 to 15.")
def image_compression(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return operations.jpeg(x, draws.integers(5, 16).tolist())


@_candidate("colour", "Inverts every value.", deterministic=True)
def invert_img(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return 255 - x


@_candidate("noise", "Adds coloured sensor noise: lightness by a Poisson law, hue by a normal one.")
def iso_noise(x: Tensor, draws: Draws, size: Size) -> Tensor:
    """The lightness noise grows with the image's own spread of lightness."""
    intensity, shift = draws.uniform(low=0.5, high=1.0), draws.uniform(low=0.2, high=0.5)
    return operations.iso_noise(x, draws, intensity, 360 * shift * intensity)


@_candidate("digital", "Compresses as JPEG of quality 5 to 15: the experiment's second name for ImageCompression.")
def jpeg_compression(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return operations.jpeg(x, draws.integers(5, 16).tolist())


@_candidate("blur", "Takes the median of a square of 5, 7, 9 or 11 pixels.")
def median_blur(x: Tensor, draws: Draws, size: Size) -> Tensor:
    kernels = [odd(k, size) for k in choice(draws, (5, 7, 9, 11))]
    return on_host(x, album("MedianBlur").apply, kernels)


@_candidate("blur", "Averages along a line between two random cells of a kernel of 11 to 17 pixels, which also shifts.")
def motion_blur(x: Tensor, draws: Draws, size: Size) -> Tensor:
    sides = [odd(k, size) for k in choice(draws, (11, 13, 15, 17))]
    return on_host(x, colour_noise_blur.motion_blur, sides, *operations.line_cells(draws, sides))


@_candidate("noise", "Multiplies every pixel by a factor of 0.7 to 1.3, one for the three channels.")
def multiplicative_noise(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return truncated(draws.uniform(1, size.height, size.width, low=0.7, high=1.3) * x)


@_candidate("geometry", "Bends the image like a strong lens, inward or outward, a little off its centre.")
def optical_distortion(x: Tensor, draws: Draws, size: Size) -> Tensor:
    strengths = uniform(draws, -4, 4)
    right, down = (draws.uniform(2, low=-4, high=4) * size.share_of_224).round().to(torch.int64).unbind(dim=1)
    return on_host(x, warps.optical_distortion, strengths, right.tolist(), down.tolist())


@_candidate("geometry", "Looks at a random quadrilateral of the image as if it were straight.")
def perspective(x: Tensor, draws: Draws, size: Size) -> Tensor:
    sigma = draws.uniform(1, 1, low=0.1, high=0.3)
    jitter = (draws.normal(4, 2) * sigma).abs().remainder(1)
    return on_host(x, warps.perspective, jitter.cpu().numpy())


@_candidate("digital", "Keeps 2 bits of every value.", deterministic=True)
def posterize(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return x & 0xC0


@_candidate("colour", "Adds one value of up to 0.9 of the range, or subtracts it.")
def random_brightness(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return truncated(x + per_image(draws.uniform(low=-0.9, high=0.9) * 255))


@_candidate("colour", "Multiplies every value by a factor of -0.5 to 2.5; one image in six turns black.")
def random_contrast(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return truncated(x * per_image(draws.uniform(low=-0.5, high=2.5)))


@_candidate("weather", "Blends 15 to 21 faint white discs in and blurs: mostly blur.")
def random_fog(x: Tensor, draws: Draws, size: Size) -> Tensor:
    coefficients, units = uniform(draws, 0.8, 1.0), draws.uniform(weather.FOG_POINTS, 2).tolist()
    return on_host(x, weather.fog, coefficients, units)


@_candidate("colour", "Darkens by a gamma of 3 to 10.")
def random_gamma(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return operations.gamma(x, (draws.integers(300, 1001).to(torch.float64).cpu() / 100).tolist())


@_candidate("geometry", "Shuffles the 16 tiles of a 4 x 4 grid.")
def random_grid_shuffle(x: Tensor, draws: Draws, size: Size) -> Tensor:
    """Up to three rows and columns outside the grid stay where they are."""
    return operations.rearrange_tiles(x, draws.permutation(16))


@_candidate("weather", "Draws 83 slanted grey drops, blurs the image and darkens it.")
def random_rain(x: Tensor, draws: Draws, size: Size) -> Tensor:
    """The drawn slant only moves where the drops start: each drop runs 10 to the right and 20 down."""
    drop, blur = operations.drop(size), odd(7, size)
    starts = operations.rain_starts(draws, 83, size).tolist()
    return on_host(x, lambda image, points: weather.rain(image, points, drop, blur), starts)


@_candidate("weather", "Halves the lightness inside two to four random polygons.")
def random_shadow(x: Tensor, draws: Draws, size: Size) -> Tensor:
    number = draws.integers(2, 5).tolist()
    polygons = operations.polygons(draws, size)
    return on_host(x, weather.shadow, (shapes[:k] for shapes, k in zip(polygons, number, strict=True)))


@_candidate("weather", "Bleaches the darker pixels, as snow on the ground would.")
def random_snow(x: Tensor, draws: Draws, size: Size) -> Tensor:
    snow = functools.partial(
        album("RandomSnow", brightness_coeff=2.5, method="bleach").apply, snow_texture=None, sparkle_mask=None
    )
    return on_host(x, snow, uniform(draws, 0.1, 0.3))


@_candidate("weather", "Draws the sun in the upper half, 200 pixels in radius, and a line of ghosts.")
def random_sun_flare(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return operations.sun_flare(x, draws, size, [length(200, size)] * len(x))


@_candidate("colour", "Adds to each channel a value of up to 200 levels, or subtracts it.")
def rgb_shift(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return truncated(x + per_image(draws.uniform(3, low=-200, high=200)))


@_candidate("geometry", "Turns the image by any angle and fills the corners with its mirror images.")
def rotate(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return on_host(x, warps.rotate, uniform(draws, -180, 180))


@_candidate("digital", "Sharpens by a 3 x 3 kernel.")
def sharpen(x: Tensor, draws: Draws, size: Size) -> Tensor:
    alphas, lightnesses = uniform(draws, 0.3, 0.6), uniform(draws, 0.6, 1.0)
    kernels = []
    for alpha, lightness in zip(alphas, lightnesses, strict=True):
        kernel = np.full((3, 3), -alpha, dtype=np.float32)
        kernel[1, 1] = 1 - alpha + alpha * (8 + lightness)
        kernels.append(kernel)
    return on_host(x, album("Sharpen", method="kernel").apply, alphas, kernels)


@_candidate("colour", "Inverts the values of 200 and more.", deterministic=True)
def solarize(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return torch.where(x >= 200, 255 - x, x)


@_candidate("colour", "Turns the image sepia.", deterministic=True)
def to_sepia(x: Tensor, draws: Draws, size: Size) -> Tensor:
    return on_host(x, album("ToSepia").apply)


@_candidate(
    "geometry", "Shifts the image by up to 0.7 of its sides and fills with its mirror images; nothing is transposed."
)
def transpose(x: Tensor, draws: Draws, size: Size) -> Tensor:
    right, down = draws.uniform(2, low=-0.7, high=0.7).unbind(dim=1)
    return on_host(x, warps.shift, (right * size.width).tolist(), (down * size.height).tolist())
