"""Blur: zoom and Gaussian blur."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from robustcore.corruptions._filters import gaussian_weights, separable
from robustcore.images import to_tensor
from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, sequence
from robustcore.sequences.geometry import affine

FRAMES = 31


@sequence(
    family="blur", suite="imagenet-p", summary="The camera zooms in while the shutter stays open.", deterministic=True
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
