"""Weather: snow, frost, fog, brightness, spatter."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.corruptions._base import Size, corruption, truncate
from robustcore.corruptions.frost_textures import files
from robustcore.corruptions.kernels.fog import fog_over, map_side, plasma
from robustcore.corruptions.kernels.hsv import shift_value
from robustcore.corruptions.kernels.motion import motion_blur_levels
from robustcore.corruptions.kernels.snow import flakes, snow_over
from robustcore.corruptions.kernels.spatter import liquid, mud_over, water_over
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"
# The scale of the frost textures, relative to their full size, for each variant.
_FROST_SCALES = {"imagenet": 1.0, "tiny": 0.3, "cifar": 0.2}


@corruption(
    family="weather",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Whitens the image and lays driven flakes over it.",
    names=["mean", "std", "zoom", "threshold", "radius", "sigma", "mix"],
    imagenet=[
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ],
    tiny=[
        (0.1, 0.2, 1, 0.6, 8, 3, 0.8),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.8),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.7),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.65),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.6),
    ],
    cifar=[
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ],
    lengths=["zoom", "radius", "sigma"],
    takes="uint8",
)
def snow(
    x: Tensor,
    draws: Draws,
    size: Size,
    mean: float,
    std: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    mix: float,
) -> Tensor:
    """At other sizes the flakes are magnified in proportion, but never shrunk; `radius` is rounded to whole pixels."""
    layer = flakes(draws, size.height, size.width, mean, std, max(1, zoom), threshold)
    angles = draws.uniform(low=-135.0, high=-45.0).tolist()
    return truncate(snow_over(x, motion_blur_levels(layer, round(radius), sigma, angles), mix))


@corruption(
    family="weather",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Blends the image with a part of a picture of ice crystals.",
    names=["image", "texture"],
    imagenet=[(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
    tiny=[(1, 0.3), (0.9, 0.4), (0.8, 0.45), (0.75, 0.5), (0.7, 0.55)],
    cifar=[(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)],
    content=files.content,
    takes="uint8",
)
def frost(x: Tensor, draws: Draws, size: Size, image: float, texture: float) -> Tensor:
    """At other sizes the textures scale with the shorter side, but always enough to cover the image."""
    texture_numbers = draws.integers(0, 5).tolist()
    places = draws.integers(0, 1 << 24, 2).tolist()
    scale = _FROST_SCALES[size.variant] * size.scale
    textures = files.textures(x.device)
    crops = []
    for index, (down, right) in zip(texture_numbers, places, strict=True):
        height, width = textures(1.0)[index].shape[1:]
        cover_scale = max(scale, (size.height + 2) / height, (size.width + 2) / width)
        picture = textures(cover_scale)[index]
        # The last position is excluded, as in the reference.
        top = down * (picture.shape[1] - size.height) >> 24
        left = right * (picture.shape[2] - size.width) >> 24
        crops.append(picture[:, top : top + size.height, left : left + size.width])
    return truncate(torch.stack(crops).to(torch.float32).mul_(texture).add_(x.to(torch.float32).mul_(image)))


@corruption(
    family="weather",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Adds a fractal cloud and lowers the contrast to make room for it.",
    names=["amount", "decay"],
    imagenet=[(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
    tiny=[(0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)],
    cifar=[(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
    takes="uint8",
)
def fog(x: Tensor, draws: Draws, size: Size, amount: float, decay: float) -> Tensor:
    """The cloud's map has the smallest power of two of pixels a side that covers the image."""
    maps = plasma(draws, map_side(size.height, size.width), decay)
    return truncate(fog_over(x, maps, amount))


@corruption(
    family="weather",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Raises the value channel of HSV by a constant, as brighter daylight does.",
    names=["shift"],
    imagenet=[0.1, 0.2, 0.3, 0.4, 0.5],
    tiny=[0.1, 0.2, 0.3, 0.4, 0.5],
    cifar=[0.05, 0.1, 0.15, 0.2, 0.3],
    deterministic=True,
    takes="uint8",
)
def brightness(x: Tensor, draws: Draws, size: Size, shift: float) -> Tensor:
    return truncate(shift_value(x, shift))


@corruption(
    family="weather",
    suites=["imagenet-c-extra"],
    source=_SOURCE,
    summary="Splashes water (severities 1 to 3) or mud (4 and 5) on the lens; at the smaller sizes alike.",
    # `amount`: for water the strength of its light, for mud the sigma that smooths its edges, in pixels.
    names=["mean", "std", "sigma", "threshold", "amount", "mud"],
    imagenet=[
        (0.65, 0.3, 4, 0.69, 0.6, False),
        (0.65, 0.3, 3, 0.68, 0.6, False),
        (0.65, 0.3, 2, 0.68, 0.5, False),
        (0.65, 0.3, 1, 0.65, 1.5, True),
        (0.67, 0.4, 1, 0.65, 1.5, True),
    ],
    tiny=[
        (0.62, 0.1, 0.7, 0.7, 0.6, False),
        (0.65, 0.1, 0.8, 0.7, 0.6, False),
        (0.65, 0.3, 1, 0.69, 0.6, False),
        (0.65, 0.1, 0.7, 0.68, 0.6, True),
        (0.65, 0.1, 0.5, 0.67, 0.6, True),
    ],
    cifar=[
        (0.62, 0.1, 0.7, 0.7, 0.5, False),
        (0.65, 0.1, 0.8, 0.7, 0.5, False),
        (0.65, 0.3, 1, 0.69, 0.5, False),
        (0.65, 0.1, 0.7, 0.69, 0.6, True),
        (0.65, 0.1, 0.5, 0.68, 0.6, True),
    ],
    lengths=["sigma"],
    takes="uint8",
)
def spatter(
    x: Tensor,
    draws: Draws,
    size: Size,
    mean: float,
    std: float,
    sigma: float,
    threshold: float,
    amount: float,
    mud: bool,
) -> Tensor:
    """The mud's smoothing also scales with the image; water's edges reach 20 pixels at all sizes."""
    layer = liquid(draws, size.height, size.width, mean, std, sigma, threshold)
    if mud:
        return truncate(mud_over(x, layer, threshold, amount * size.scale))
    return truncate(water_over(x, layer, amount))
