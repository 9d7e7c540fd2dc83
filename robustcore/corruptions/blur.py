"""Blur: defocus_blur, glass_blur, motion_blur, zoom_blur, gaussian_blur."""

from __future__ import annotations

import torch
from torch import Tensor

from robustcore.corruptions._base import Size, corruption, truncate
from robustcore.corruptions.kernels.filters import correlate, disc_kernel, gaussian_weights, separable
from robustcore.corruptions.kernels.glass import shuffle
from robustcore.corruptions.kernels.motion import motion_blur_levels
from robustcore.corruptions.kernels.zoom import zoom_sum
from robustcore.randomness import Draws

_SOURCE = "Hendrycks & Dietterich 2019, section 3 and the published generators"


def _zooms(step: float, count: int) -> tuple[tuple[float, ...]]:
    """Zoom factors 1, 1 + step, 1 + 2 step, ..., as NumPy's arange accumulates them; as one row of a table."""
    increment = (1 + step) - 1
    return (tuple(1 + i * increment for i in range(count)),)


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
    """The smoothing of the disc's edge, `alias`, is a fraction of a pixel at every size."""
    return truncate(correlate(x, disc_kernel(radius, alias), "reflect101"))


@corruption(
    family="blur",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Copies pixels over their neighbours between two light blurs, as frosted glass mixes them.",
    names=["sigma", "reach", "passes"],
    imagenet=[(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
    tiny=[(0.1, 1, 1), (0.5, 1, 1), (0.6, 1, 2), (0.7, 2, 1), (0.9, 2, 2)],
    cifar=[(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
    lengths=["sigma", "reach"],
    takes="uint8",
)
def glass_blur(x: Tensor, draws: Draws, size: Size, sigma: float, reach: float, passes: int) -> Tensor:
    """At other sizes `reach` is rounded to whole pixels, 1 at least."""
    whole = max(1, round(reach))
    weights = gaussian_weights(sigma)
    x = truncate(separable(x, weights, "replicate"))
    visited = (2, size.height - 2 * whole, size.width - 2 * whole)
    offsets = [draws.integers(-whole, whole, *visited, dtype=torch.int32) for _ in range(passes)]
    x = shuffle(x, offsets, whole)
    return truncate(separable(x, weights, "replicate"))


@corruption(
    family="blur",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Drags every point along a line, as a moving camera does.",
    names=["radius", "sigma"],
    imagenet=[(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
    tiny=[(10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)],
    cifar=[(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
    lengths=["radius", "sigma"],
    takes="uint8",
)
def motion_blur(x: Tensor, draws: Draws, size: Size, radius: float, sigma: float) -> Tensor:
    """At other sizes `radius` is rounded to whole pixels."""
    angles = draws.uniform(low=-45.0, high=45.0).tolist()
    return motion_blur_levels(x, round(radius), sigma, angles)


@corruption(
    family="blur",
    suites=["imagenet-c"],
    source=_SOURCE,
    summary="Averages magnifications of the image, as a camera does that approaches quickly.",
    names=["factors"],
    # Rounding decides where the reference's half-open ranges end: the first range includes 1.11 at 224 pixels and 1.06
    # at 64 and 32, while 1.26 and 1.33 are excluded.
    imagenet=[_zooms(0.01, 12), _zooms(0.01, 16), _zooms(0.02, 11), _zooms(0.02, 13), _zooms(0.03, 11)],
    tiny=[_zooms(0.01, 7), _zooms(0.01, 12), _zooms(0.01, 16), _zooms(0.01, 21), _zooms(0.01, 26)],
    cifar=[_zooms(0.01, 7), _zooms(0.01, 12), _zooms(0.01, 16), _zooms(0.01, 21), _zooms(0.01, 26)],
    deterministic=True,
    takes="uint8",
)
def zoom_blur(x: Tensor, draws: Draws, size: Size, factors: tuple[float, ...]) -> Tensor:
    """The unmagnified image counts twice: as itself and as the magnification by 1."""
    return truncate(zoom_sum(x, (1.0, *factors)).div_(len(factors) + 1))


@corruption(
    family="blur",
    suites=["imagenet-c-extra"],
    source=_SOURCE,
    summary="Smooths with a Gaussian.",
    names=["sigma"],
    imagenet=[1, 2, 3, 4, 6],
    tiny=[0.5, 0.75, 1, 1.25, 1.5],
    cifar=[0.4, 0.6, 0.7, 0.8, 1],
    lengths=["sigma"],
    deterministic=True,
    takes="uint8",
)
def gaussian_blur(x: Tensor, draws: Draws, size: Size, sigma: float) -> Tensor:
    return truncate(separable(x, gaussian_weights(sigma), "replicate"))
