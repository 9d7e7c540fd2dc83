"""Weather: brightness, snow and spatter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.corruptions.kernels.motion import motion_blur_levels
from robustcore.corruptions.kernels.snow import flakes, snow_over
from robustcore.corruptions.kernels.spatter import liquid, water_over
from robustcore.images import to_tensor
from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, sequence

FRAMES = 31
# The flakes' noise, its magnification, and radius and sigma of their motion.
SNOW = {"imagenet": (0.05, 0.3, 3, 14, 4.0), "tiny": (0.05, 0.28, 2, 10, 2.5), "cifar": (0.05, 0.3, 2, 10, 2.0)}
# The liquid's noise, its smoothing and threshold, and the weights of the rows -1, 0, 1 and 2 above that flow into a row.
SPATTER = {
    "imagenet": (0.65, 0.27, 3.7, 0.69, (0.05, 0.10, 0.15, 0.70)),
    "tiny": (0.6, 0.25, 1.75, 0.7, (0.0, 0.2, 0.8, 0.0)),
    "cifar": (0.6, 0.265, 1.75, 0.7, (0.0, 0.2, 0.8, 0.0)),
}


@sequence(family="weather", suite="imagenet-p", summary="The light goes from dark to bright.", deterministic=True)
def brightness(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    x = scene.centre.astype(np.float64) / 255
    value = x.max(axis=2, keepdims=True)
    step = 0.015 if scene.variant == "cifar" else 0.02
    for i in range(FRAMES):
        moved = np.clip(value + step * (i - 15), 0, 1)
        # Hue and saturation kept, HSV's value is a factor on RGB; black has no hue and becomes grey.
        yield np.where(value > 0, x * np.divide(moved, value, out=np.zeros_like(value), where=value > 0), moved)


@sequence(family="weather", suite="imagenet-p", summary="The wind turns the snow from one side to the other.")
def snow(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    mean, std, zoom, radius, sigma = SNOW[scene.variant]
    layer = flakes(draws, scene.side, scene.side, mean, std, zoom, 0.5)
    angles = [4.0 * i - 150 for i in range(FRAMES)]
    driven = motion_blur_levels(
        layer.expand(FRAMES, -1, -1, -1).contiguous(), max(1, round(radius * scene.scale)), sigma * scene.scale, angles
    )
    x = to_tensor(scene.centre)[None]
    for moment in driven:
        yield _to_frame(snow_over(x, moment[None], 0.85))


@sequence(family="weather", suite="imagenet-p-extra", summary="Water runs down the lens.")
def spatter(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    mean, std, sigma, threshold, flow = SPATTER[scene.variant]
    layer = liquid(draws, scene.side, scene.side, mean, std, sigma * scene.scale, threshold)
    x = to_tensor(scene.centre)[None]
    for _ in range(FRAMES):
        yield _to_frame(water_over(x, layer, 0.6))
        # Row r of the next frame takes from the rows r + 1, r, r - 1 and r - 2 of this one; nothing flows in.
        padded = F.pad(layer, (0, 0, 2, 1))
        layer = sum(  # type: ignore[assignment]
            weight * padded[:, :, 3 - i : 3 - i + scene.side] for i, weight in enumerate(flow)
        )


def _to_frame(levels: Tensor) -> Any:
    """(1, 3, H, W) float32 grey levels -> uint8 (H, W, 3), clipped and truncated."""
    return torch.clamp(levels[0], 0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
