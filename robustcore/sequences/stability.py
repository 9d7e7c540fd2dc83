"""Stability of predictions over the frames of a sequence: flip probability, top-5 distance and Zipf distance.

Source: Hendrycks & Dietterich 2019, section 4.2 and appendix C; details as the published evaluation computes them. A
sequence has frames 0 .. n-1. Noise sequences compare every frame with frame 0; all others compare each frame with the one
`difficulty` frames earlier, at every offset.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.errors import InvalidArgumentError
from robustcore.sequences._base import check_difficulty, registry

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]


def compares_with_first(sequence: str) -> bool:
    """Whether a sequence's frames are compared with frame 0 (noise) rather than with an earlier frame."""
    return registry[sequence].family == "noise"


def pairs(frames: int, sequence: str, difficulty: int) -> tuple[Ints, Ints]:
    """Frame indices (reference, compared) of all comparisons."""
    difficulty = check_difficulty(difficulty)
    step = 1 if compares_with_first(sequence) else difficulty
    if frames <= step:
        raise InvalidArgumentError(f"A sequence of {frames} frames has no comparison at difficulty {difficulty}.")
    compared = np.arange(step, frames)
    reference = np.zeros_like(compared) if compares_with_first(sequence) else compared - step
    return reference, compared


def flip_probability(top1: Ints, sequence: str, *, difficulty: int = 1) -> Floats:
    """The share of comparisons whose predicted class differs, for each video.

    Args:
        top1: (videos, frames) predicted classes.
        sequence: the sequence's name, which decides what a frame is compared with.
        difficulty: 1, 2 or 3: the stride of temporal sequences.

    Returns:
        (videos,) values in 0 .. 1; a model's flip probability is their mean. Lower is better.
    """
    reference, compared = pairs(top1.shape[1], sequence, difficulty)
    flips: Floats = (top1[:, reference] != top1[:, compared]).mean(axis=1)
    return flips


def top_classes(logits: npt.NDArray[np.floating[Any]], k: int = 5) -> Ints:
    """(..., K) logits -> (..., k) classes of the largest logits, best first, ties to the smaller class index."""
    order: Ints = np.argsort(-logits, axis=-1, kind="stable")[..., :k]
    return order


def top5_distance(top5: Ints, sequence: str, *, difficulty: int = 1) -> Floats:
    """The unnormalised top-5 distance uT5D, for each video.

    For a pair of frames, sigma(i) is the rank in the second of the class that has rank i in the first, and
    d = sum over i = 1..5 of |(i - 1) - min(sigma(i) - 1, 5)|; 0 if the top five agree in order, 15 if all five leave.
    Only the five best classes of each frame matter, because all ranks beyond five count the same.

    Args:
        top5: (videos, frames, 5) classes, best first.
        sequence, difficulty: as in `flip_probability`.

    Returns:
        (videos,) means over the comparisons, 0 .. 18. Lower is better.
    """
    if top5.shape[-1] != 5:
        raise InvalidArgumentError(f"The top-5 distance needs five classes for a frame; there are {top5.shape[-1]}.")
    reference, compared = pairs(top5.shape[1], sequence, difficulty)
    first, second = top5[:, reference], top5[:, compared]
    same = first[..., :, None] == second[..., None, :]  # (videos, pairs, rank in the first, rank in the second)
    rank = np.where(same.any(axis=-1), same.argmax(axis=-1), 5)
    distance: Floats = np.abs(np.arange(5) - rank).sum(axis=-1).mean(axis=1)
    return distance


def zipf_distance(logits: npt.NDArray[np.floating[Any]], sequence: str, *, difficulty: int = 1) -> Floats:
    """The Zipf distance sum over i of (1/i) |1/i - 1/sigma(i)| over all classes, for each video.

    Args:
        logits: (videos, frames, K).
        sequence, difficulty: as in `flip_probability`.

    Returns:
        (videos,) means over the comparisons. Lower is better.
    """
    reference, compared = pairs(logits.shape[1], sequence, difficulty)
    order = top_classes(logits, logits.shape[-1])
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1, order.shape[-1] + 1), order.shape), axis=-1)
    weight = 1 / np.arange(1, order.shape[-1] + 1)
    distances = []
    for first, second in zip(reference, compared, strict=True):
        sigma = np.take_along_axis(ranks[:, second], order[:, first], axis=-1)
        distances.append((weight * np.abs(weight - 1 / sigma)).sum(axis=-1))
    mean: Floats = np.mean(distances, axis=0)
    return mean
