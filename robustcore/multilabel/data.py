"""Street scenes with a label for each shape: 1 where it can be seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets.scenes.street import CLASSES, StreetScenes

SHAPES = CLASSES[1:]
SIDE = 64
_SEEN = 12  # pixels from which on a shape counts as seen


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Images and what is on them.

    Attributes:
        images: uint8 (n, 3, 64, 64).
        labels: (n, 12) 0 or 1.
        fingerprint: of the scenes.
    """

    images: Tensor
    labels: npt.NDArray[np.float32]
    fingerprint: str


def read(split: str, variant: str = "", *, limit: int | None = None, first: int = 0) -> Labelled:
    """Scenes of a split, or of a variant of it, from the `first` on."""
    size = None if limit is None else first + limit
    scenes = StreetScenes(split, side=SIDE, size=size, variant=variant)
    images, masks = scenes.pairs(first, len(scenes))
    counts = torch.stack([(masks == label + 1).sum(dim=(1, 2)) for label in range(len(SHAPES))], dim=1)
    return Labelled(images, (counts >= _SEEN).numpy().astype(np.float32), scenes.fingerprint)
