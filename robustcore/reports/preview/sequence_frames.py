"""The frames of one image under a perturbation sequence, and where a model's answer flips.

The frames are made with the image's own id and the seed of an evaluation, so that each of them is, to the bit, one that the
evaluation scores.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore import sequences
from robustcore.datasets._base import Item
from robustcore.images import to_array
from robustcore.sequences import stability


def frames(item: Item, name: str, *, difficulty: int = 1, seed: int = 0) -> Tensor:
    """uint8 (F, 3, side, side): the frames of a sequence at the side of the prepared image."""
    source = to_array(item.image) if item.source is None else item.source
    frames = sequences.frames(
        source, name, side=min(item.image.shape[-2:]), difficulty=difficulty, seed=seed, id=item.id
    )
    return torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous()


@dataclasses.dataclass(frozen=True)
class Flips:
    """How steady a model's answers are over the frames.

    Attributes:
        flipped: (F,) whether a frame's answer differs from that of the frame it is compared with; False for frames that
            are compared with none.
        comparisons: how many frames are compared.
        flip_probability: the share of them that flip.
        top5_distance: the mean top-5 distance, 0 .. 18; NaN with fewer than five classes.
    """

    flipped: npt.NDArray[np.bool_]
    comparisons: int
    flip_probability: float
    top5_distance: float


def flips(classes: npt.NDArray[np.int64], name: str, *, difficulty: int = 1) -> Flips:
    """From the (F, k) most probable classes of each frame, the best first."""
    reference, compared = stability.pairs(len(classes), name, difficulty)
    flipped = np.zeros(len(classes), dtype=bool)
    flipped[compared] = classes[compared, 0] != classes[reference, 0]
    distance = float("nan")
    if classes.shape[1] == 5:
        distance = float(stability.top5_distance(classes[None], name, difficulty=difficulty)[0])
    probability = float(stability.flip_probability(classes[None, :, 0], name, difficulty=difficulty)[0])
    return Flips(flipped, len(compared), probability, distance)
