"""Blur: defocus_blur."""

from __future__ import annotations

from torch import Tensor

from robustcore.corruptions._base import Size, corruption, truncate
from robustcore.corruptions._filters import correlate, disc_kernel
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"


@corruption(
    family="blur",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Spreads every point over a disc, as a lens does that is out of focus.",
    names=["radius", "alias"],
    imagenet=[(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
    tiny=[(0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)],
    cifar=[(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    lengths=["radius"],
    deterministic=True,
    takes="uint8",
)
def defocus_blur(x: Tensor, draws: Draws, size: Size, radius: float, alias: float) -> Tensor:
    return truncate(correlate(x, disc_kernel(radius, alias), "reflect101"))
