"""Noise: gaussian_noise (shot, impulse and speckle noise beside it)."""

from __future__ import annotations

from torch import Tensor

from robustcore.corruptions._base import Size, corruption
from robustcore.randomness import Draws


@corruption(
    family="noise",
    suites=["imagenet-c"],
    source="Hendrycks & Dietterich 2019, section 3 and the published generators",
    summary="Adds independent normal noise to every pixel and channel, as a sensor does in low light.",
    names=["std"],
    imagenet=[0.08, 0.12, 0.18, 0.26, 0.38],
    tiny=[0.04, 0.08, 0.12, 0.15, 0.18],
    cifar=[0.04, 0.06, 0.08, 0.09, 0.10],
)
def gaussian_noise(x: Tensor, draws: Draws, size: Size, std: float) -> Tensor:
    return draws.normal(*x.shape[1:], std=std).add_(x)
