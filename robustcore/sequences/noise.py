"""Noise: the first frame is clean, every other frame has independent noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, sequence

FRAMES = 31
# Per variant: the strengths at difficulties 1, 2 and 3.
GAUSSIAN_STD = {"imagenet": (0.03, 0.05, 0.08), "tiny": (0.025, 0.05, 0.075), "cifar": (0.02, 0.04, 0.06)}
SHOT_PHOTONS = {"imagenet": (300, 120, 60), "tiny": (500, 250, 125), "cifar": (700, 400, 200)}
SPECKLE_STD = {"imagenet": (0.05, 0.10, 0.15), "tiny": (0.05, 0.10, 0.15), "cifar": (0.05, 0.07, 0.10)}


@sequence(family="noise", suite="imagenet-p", summary="Independent normal noise on every frame but the first.")
def gaussian_noise(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    clean = scene.centre
    yield clean
    x = clean.astype(np.float32) / 255
    std = GAUSSIAN_STD[scene.variant][difficulty - 1]
    for _ in range(1, FRAMES):
        yield x + draws.normal(*x.shape, std=std)[0].numpy()


@sequence(family="noise", suite="imagenet-p", summary="Photon counting noise on every frame but the first.")
def shot_noise(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    clean = scene.centre
    yield clean
    photons = SHOT_PHOTONS[scene.variant][difficulty - 1]
    levels = torch.from_numpy(np.ascontiguousarray(clean))[None]
    rates = [level / 255 * photons for level in range(256)]
    for _ in range(1, FRAMES):
        yield draws.poisson(rates, levels)[0].numpy() / photons


@sequence(
    family="noise",
    suite="imagenet-p-extra",
    summary="Noise in proportion to the brightness on every frame but the first.",
)
def speckle_noise(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    clean = scene.centre
    yield clean
    x = clean.astype(np.float32) / 255
    std = SPECKLE_STD[scene.variant][difficulty - 1]
    for _ in range(1, FRAMES):
        yield x + x * draws.normal(*x.shape, std=std)[0].numpy()
