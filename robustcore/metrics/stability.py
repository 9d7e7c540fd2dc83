"""Stability of predictions over perturbation sequences: flip probability, top-5 distance and Zipf distance.

Source: Hendrycks & Dietterich 2019, section 4.2 and appendix C; details as the published evaluation computes them. A
sequence has frames 0 .. n-1. Noise sequences compare every frame with frame 0; all others compare a frame with the one
`difficulty` frames before it, every offset included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.errors import InvalidArgumentError

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]

DIFFICULTIES = (1, 2, 3)

# Flip probabilities of AlexNet at 224 px, difficulty 1: Hendrycks & Dietterich 2019, appendix E.
ALEXNET_FLIP_PROBABILITY = {
    "gaussian_noise": 0.2365,
    "shot_noise": 0.3006,
    "motion_blur": 0.0930,
    "zoom_blur": 0.0594,
    "snow": 0.1193,
    "brightness": 0.0489,
    "translate": 0.1101,
    "rotate": 0.1310,
    "tilt": 0.0705,
    "scale": 0.2353,
    "speckle_noise": 0.1865,
    "gaussian_blur": 0.0278,
    "spatter": 0.0505,
    "shear": 0.1066,
}

# Unnormalised top-5 distances of AlexNet, the same place.
ALEXNET_TOP5_DISTANCE = {
    "gaussian_noise": 4.77,
    "shot_noise": 5.76,
    "motion_blur": 1.93,
    "zoom_blur": 1.34,
    "snow": 2.42,
    "brightness": 1.19,
    "translate": 2.63,
    "rotate": 2.95,
    "tilt": 1.75,
    "scale": 4.48,
    "speckle_noise": 3.89,
    "gaussian_blur": 0.70,
    "spatter": 1.26,
    "shear": 2.48,
}


def compares_with_first(sequence: str) -> bool:
    """Whether a sequence's frames are compared with frame 0 (noise) rather than with an earlier frame."""
    return "noise" in sequence


def _pairs(frames: int, sequence: str, difficulty: int) -> tuple[Ints, Ints]:
    """Frame indices (reference, compared) of all comparisons."""
    if difficulty not in DIFFICULTIES:
        raise InvalidArgumentError(f"A difficulty is 1, 2 or 3, not {difficulty!r}.")
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
    reference, compared = _pairs(top1.shape[1], sequence, difficulty)
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
    The five best classes of each frame are enough, since every rank beyond five counts alike.

    Args:
        top5: (videos, frames, 5) classes, best first.
        sequence, difficulty: as in `flip_probability`.

    Returns:
        (videos,) means over the comparisons, 0 .. 18. Lower is better.
    """
    if top5.shape[-1] != 5:
        raise InvalidArgumentError(f"The top-5 distance needs five classes for a frame; there are {top5.shape[-1]}.")
    reference, compared = _pairs(top5.shape[1], sequence, difficulty)
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
    reference, compared = _pairs(logits.shape[1], sequence, difficulty)
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


def normalised(table: pd.DataFrame, value: str, reference: pd.Series[float], *, rate: str) -> pd.DataFrame:
    """A model's values over the reference's, for each sequence: flip rates, or top-5 distances T5D.

    Args:
        table: one row for each model and sequence, with columns "model", "name" and `value`.
        value: the column to normalise, "flip_probability" or "top5_distance".
        reference: the reference model's values, indexed by sequence name.
        rate: the name of the new column, "flip_rate" or "t5d".

    Returns:
        The table with column `rate` and column `rate + "_reason"`: empty, or why the value is NaN.
    """
    result = table.copy()
    base = result["name"].map(reference)
    result[rate] = np.where(base > 0, result[value] / base.where(base > 0), np.nan)
    reason = pd.Series("", index=result.index, dtype=object)
    reason[base.isna()] = "the reference has no value for this sequence"
    reason[base == 0] = "the reference never changes its prediction on this sequence"
    result[f"{rate}_reason"] = reason
    return result


def mean_rate(table: pd.DataFrame, rate: str, sequences: list[str]) -> pd.Series[float]:
    """mFR or mT5D for each model: the mean of `rate` over `sequences`; NaN where one of them is missing or undefined."""
    wide = table.pivot_table(index="model", columns="name", values=rate, dropna=False).reindex(columns=sequences)
    means: pd.Series[float] = wide.mean(axis=1, skipna=False)
    return means
