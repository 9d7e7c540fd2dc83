"""Noise: gaussian_noise, shot_noise, impulse_noise, speckle_noise. Each pixel and channel has its own draw."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from robustcore.corruptions._base import Size, corruption, truncate
from robustcore.corruptions.kernels.levels import below
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"


@corruption(
    family="noise",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Adds independent normal noise to every pixel and channel, as a sensor does in low light.",
    names=["std"],
    imagenet=[0.08, 0.12, 0.18, 0.26, 0.38],
    tiny=[0.04, 0.08, 0.12, 0.15, 0.18],
    cifar=[0.04, 0.06, 0.08, 0.09, 0.10],
    takes="uint8",
)
def gaussian_noise(x: Tensor, draws: Draws, size: Size, std: float) -> Tensor:
    return truncate(draws.normal(*x.shape[1:], std=255 * std).add_(x.to(torch.float32)))


@corruption(
    family="noise",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Draws every value from a Poisson law with that value as its mean, as counting few photons does.",
    names=["photons"],
    imagenet=[60, 25, 12, 5, 3],
    tiny=[250, 100, 50, 30, 15],
    cifar=[500, 250, 100, 75, 50],
    takes="uint8",
)
def shot_noise(x: Tensor, draws: Draws, size: Size, photons: float) -> Tensor:
    return truncate(draws.poisson(_rates(photons), x).mul_(255 / photons))


@functools.lru_cache(maxsize=64)
def _rates(photons: float) -> tuple[float, ...]:
    """The Poisson rates of the 256 grey levels."""
    return tuple(level / 255 * photons for level in range(256))


@corruption(
    family="noise",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Replaces a share of the values by black or white, as bit errors and dead sensor cells do.",
    names=["share"],
    imagenet=[0.03, 0.06, 0.09, 0.17, 0.27],
    tiny=[0.01, 0.02, 0.05, 0.08, 0.14],
    cifar=[0.01, 0.02, 0.03, 0.05, 0.07],
    takes="uint8",
)
def impulse_noise(x: Tensor, draws: Draws, size: Size, share: float) -> Tensor:
    # One uniform decides both: white below share / 2, black from there to share. Masks of 0 and 255 are faster than
    # torch's masked_fill, which branches at every value.
    chance = draws.uniform(*x.shape[1:])
    white = below(chance, share / 2).neg_()
    replaced = below(chance, share).neg_()
    return replaced.bitwise_not_().bitwise_and_(x).bitwise_or_(white)


@corruption(
    family="noise",
    suites=["imagenet-c-extra"],
    source=_SOURCE,
    summary="Adds normal noise in proportion to every value, so that bright pixels suffer most.",
    names=["std"],
    imagenet=[0.15, 0.20, 0.35, 0.45, 0.60],
    tiny=[0.15, 0.20, 0.25, 0.30, 0.35],
    cifar=[0.06, 0.10, 0.12, 0.16, 0.20],
    takes="uint8",
)
def speckle_noise(x: Tensor, draws: Draws, size: Size, std: float) -> Tensor:
    return truncate(draws.normal(*x.shape[1:], mean=1.0, std=std).mul_(x.to(torch.float32)))
