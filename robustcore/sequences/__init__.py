"""Perturbation sequences: the registry, its suites, and `frames`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustcore import arguments
from robustcore.corruptions import suites
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.images import Batch, to_array
from robustcore.randomness import Draws
from robustcore.sequences._base import (
    DIFFICULTIES,
    Scene,
    Sequence,
    check_difficulty,
    finish,
    prepare,
    registry,
)

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["DIFFICULTIES", "Scene", "Sequence", "check_difficulty", "frames", "get", "names", "suites"]


def names(suite: str | None = None) -> list[str]:
    """The names of all sequences, or of one suite's, sorted."""
    if suite is None:
        return registry.names()
    if suite not in suites.names("sequence"):
        raise UnknownNameError("suite of sequences", suite, suites.names("sequence"))
    return [s.name for s in registry if s.suite == suite]


def get(name: str) -> Sequence:
    """The registered sequence of that name."""
    return registry[name]


def frames(
    image: Any,
    name: str,
    *,
    side: int | None = None,
    variant: str | None = None,
    difficulty: int = 1,
    seed: int = 0,
    id: int = 0,
) -> Any:
    """The frames of a perturbation sequence of one image.

    Args:
        image: uint8, RGB, unprepared: tensor (3, H, W) or array (H, W, 3).
        name: a registered sequence, see `names()`.
        side: side of the frames; default 224 for images of 224 pixels a side or more, else the image's shorter side.
        variant: "imagenet", "tiny" or "cifar" constants; default by side.
        difficulty: 1, 2 or 3. Noise sequences get stronger; all others keep their frames, and the metric compares
            frames that are further apart.
        seed, id: the draws depend on (seed, name, id) alone.

    Returns:
        uint8 tensor (n, 3, side, side) or array (n, side, side, 3), the same form as `image`; 31 frames for most sequences.
    """
    sequence = registry[name]
    batch = Batch.of(image)
    if not batch.was_single:
        raise InvalidArgumentError("A sequence needs a single image: (3, H, W) or (H, W, 3).")
    difficulty = check_difficulty(difficulty)
    array = to_array(batch.images[0])
    scene = prepare(array, min(224, *array.shape[:2]) if side is None else side, variant)
    place = arguments.whole(id, "An image id is a whole number, 0 or more", high=arguments.LARGEST_SEED)
    draws = Draws(seed, f"sequence:{name}", [place])
    result = np.stack([finish(frame) for frame in sequence.function(scene, draws, difficulty)])
    if len(result) != sequence.lengths[scene.variant]:
        raise InvalidArgumentError(
            f"The sequence {name} made {len(result)} frames; {sequence.lengths[scene.variant]} are declared."
        )
    if batch.was_numpy:
        return result
    tensor: Tensor = torch.from_numpy(result).permute(0, 3, 1, 2).contiguous()
    return tensor.to(image.device)
