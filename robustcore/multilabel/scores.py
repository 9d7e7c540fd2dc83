"""Anomaly scores of section 6.3: of the logits, and of what sigmoids or a forced softmax make of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from robustcore.detection import scores
from robustcore.detection.outputs import Outputs

Floats = npt.NDArray[np.floating]

TITLES = {
    "max_logit": "Maximum logit",
    "logit_avg": "Mean logit",
    "lof": "Local outlier factor",
    "isolation_forest": "Isolation forest",
    "typicality": "Typicality, sigmoid",
    "msp": "Softmax and MSP",
}
_OF_DETECTION = ("max_logit", "logit_avg", "lof", "isolation_forest", "msp")
_PRESENT = 0.5


def sigmoid(logits: Floats) -> npt.NDArray[np.float64]:
    """(n, K) the probability of each class by itself."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -60, 60))))


def least_validation() -> int:
    """The fewest validation images that all scores can be fitted on."""
    return max(scores.get(name).least for name in _OF_DETECTION)


def all_scores(logits: Floats, validation: Floats) -> Mapping[str, npt.NDArray[np.float64]]:
    """Score -> (n,), higher is stranger.

    Args:
        logits: (n, K) of the images.
        validation: (m, K) of in-distribution images, which LOF, isolation forest and typicality are fitted on.
    """
    fitted_on, of = Outputs(np.asarray(validation, np.float32)), Outputs(np.asarray(logits, np.float32))
    values = {name: scores.get(name).bound(fitted_on)(of) for name in _OF_DETECTION}
    return {name: typicality(logits, validation) if name == "typicality" else values[name] for name in TITLES}


def typicality(logits: Floats, validation: Floats) -> npt.NDArray[np.float64]:
    """The sum over the classes with p > 0.5 of KL(p / sum p, row of the class), p of the sigmoids; with no such class that of the
    nearest row, which is ours."""
    rows = _rows(sigmoid(validation))
    p = sigmoid(logits)
    tiny = np.finfo(np.float64).tiny
    share = p / np.maximum(p.sum(axis=1, keepdims=True), tiny)
    entropy = (share * np.log(np.maximum(share, tiny))).sum(axis=1, keepdims=True)
    divergences = entropy - share @ np.log(np.maximum(rows, tiny)).T
    present = p > _PRESENT
    return np.asarray(np.where(present.any(axis=1), (divergences * present).sum(axis=1), divergences.min(axis=1)))


def _rows(p: Floats) -> npt.NDArray[np.float64]:
    """(K, K): row i is the sum of p over the images with p_i >= 0.5 over its own sum; 1 / K where there is none."""
    present = (p >= _PRESENT).astype(np.float64)
    rows = present.T @ p
    sums = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.where(sums > 0, rows / np.where(sums > 0, sums, 1), 1 / rows.shape[1]))
