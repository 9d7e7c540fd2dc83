"""Blur: motion, zoom and Gaussian blur."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from robustcore.corruptions.kernels.filters import gaussian_weights, separable
from robustcore.corruptions.kernels.motion import motion_blur_levels
from robustcore.images import to_array, to_tensor
from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, prepare, sequence
from robustcore.sequences.geometry import affine

FRAMES = 31
# The shorter side of a usual ImageNet photograph, at whose resolution the 64-pixel set was blurred.
_PHOTOGRAPH = 375


@sequence(
    family="blur",
    suite="imagenet-p",
    summary="The direction of a motion blur turns.",
    cifar_frames=21,
    deterministic=True,
)
def motion_blur(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    if scene.variant == "tiny":
        # The 64-pixel set was blurred before downscaling. A source that is already small gets a proportional blur.
        short = min(scene.original.shape[:2])
        factor = 1.0 if short >= 256 else short / _PHOTOGRAPH
        for i in range(FRAMES):
            blurred = _along(scene.original, 14 * factor, 3 * factor, 5.0 * (i - 30))
            yield prepare(blurred, scene.side, scene.variant).centre
        return
    radius, sigma, step, frames = (10, 3.0, 4.0, FRAMES) if scene.variant == "imagenet" else (6, 1.8, 9.0, 21)
    for i in range(frames):
        yield _along(scene.centre, radius * scene.scale, sigma * scene.scale, step * (i + 1 - frames))


def _along(image: Any, radius: float, sigma: float, angle: float) -> Any:
    return to_array(motion_blur_levels(to_tensor(image)[None], max(1, round(radius)), sigma, [angle])[0])


@sequence(
    family="blur",
    suite="imagenet-p",
    summary="The camera zooms in while the shutter stays open.",
    deterministic=True,
)
def zoom_blur(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    total = np.zeros(scene.centre.shape, dtype=np.float32)
    for i in range(FRAMES):
        zoomed = affine(scene, scale=1 + 0.004 * i) if i else scene.centre
        total += zoomed.astype(np.float32) / 255
        yield total / (i + 1)


@sequence(family="blur", suite="imagenet-p-extra", summary="The image goes slowly out of focus.", deterministic=True)
def gaussian_blur(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    start, step, truncate = {"imagenet": (0.25, 0.035, 6), "tiny": (0.35, 0.014, 7), "cifar": (0.3, 0.015, 7)}[
        scene.variant
    ]
    x = to_tensor(scene.centre)[None]
    for i in range(FRAMES):
        weights = gaussian_weights((start + step * i) * scene.scale, truncate)
        yield separable(x, weights, "replicate")[0].div_(255).permute(1, 2, 0).numpy()
