"""Weather: brightness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, sequence

FRAMES = 31


@sequence(family="weather", suite="imagenet-p", summary="The light goes from dark to bright.", deterministic=True)
def brightness(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    x = scene.centre.astype(np.float64) / 255
    value = x.max(axis=2, keepdims=True)
    step = 0.015 if scene.variant == "cifar" else 0.02
    for i in range(FRAMES):
        moved = np.clip(value + step * (i - 15), 0, 1)
        # Hue and saturation kept, HSV's value is a factor on RGB; black has no hue and becomes grey.
        yield np.where(value > 0, x * np.divide(moved, value, out=np.zeros_like(value), where=value > 0), moved)
