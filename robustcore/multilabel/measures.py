"""Average precision of each class, and its mean over the classes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from robustcore.metrics import detection

Floats = npt.NDArray[np.floating]


def average_precisions(scores: Floats, labels: Floats) -> npt.NDArray[np.float64]:
    """(K,) the average precision of each class; NaN for one that is on no image, or on all.

    Args:
        scores: (n, K), higher where the class is more likely there.
        labels: (n, K) 0 or 1.
    """
    return np.array(
        [detection.aupr(scores[labels[:, k] == 0, k], scores[labels[:, k] == 1, k]) for k in range(scores.shape[1])]
    )


def mean_average_precision(scores: Floats, labels: Floats) -> float:
    """mAP weighted by the classes' frequency, as for DeepFashion Remixed (section 6.3)."""
    precisions, frequency = average_precisions(scores, labels), labels.sum(axis=0)
    known = np.isfinite(precisions)
    if not known.any():
        return math.nan
    return float((precisions[known] * frequency[known]).sum() / frequency[known].sum())
