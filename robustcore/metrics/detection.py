"""Out-of-distribution detection: how well an anomaly score tells unknown images from known ones.

A score is higher the stranger an image seems. Unknown images are the positive class, as in Basart's thesis (chapters 3
and 4) and Hendrycks & Gimpel 2017. The functions are pure: arrays in, numbers out; an empty set gives NaN.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from robustcore.metrics._base import metric

Scores = npt.NDArray[np.floating]

_DOCUMENT = "Hendrycks & Gimpel 2017; Basart's thesis, chapters 3 and 4"
RECALL = 0.95  # of the false positive rate that is usual


def maximum_softmax(best_logit: Scores, log_sum_exp: Scores) -> Scores:
    """The negative of the greatest softmax probability, from each image's best logit and log-sum-exp, (n,) each."""
    return -np.exp(np.asarray(best_logit, np.float64) - np.asarray(log_sum_exp, np.float64))


def maximum_logit(best_logit: Scores) -> Scores:
    """The negative of the greatest logit, (n,)."""
    return -np.asarray(best_logit, np.float64)


@metric(
    "auroc",
    input="scores",
    title="AUROC",
    axis="AUROC (%)",
    unit="%",
    formula="AUROC = chance that an unknown image has a higher anomaly score than a known one, ties counted half",
    better="higher",
    limits=(0, 1),
    neutral=0.5,
    document=_DOCUMENT,
)
def auroc(known: Scores, unknown: Scores) -> float:
    """Area under the receiver operating characteristic; 50 % is guessing."""
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return math.nan
    ordered = np.sort(known)
    below = np.searchsorted(ordered, unknown, side="left")
    up_to = np.searchsorted(ordered, unknown, side="right")
    return float((below + up_to).sum() / 2 / (len(known) * len(unknown)))


@metric(
    "aupr",
    input="scores",
    title="AUPR",
    axis="AUPR (%)",
    unit="%",
    formula="AUPR = average precision with unknown images as positives",
    better="higher",
    limits=(0, 1),
    document=_DOCUMENT,
)
def aupr(known: Scores, unknown: Scores) -> float:
    """Area under the precision-recall curve; guessing gives the share of unknown images, so compare it at one share only."""
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return math.nan
    hits, alarms = _at_each_threshold(known, unknown)
    recall = hits / len(unknown)
    return float((np.diff(recall, prepend=0.0) * hits / (hits + alarms)).sum())


def fpr_at_recall(known: Scores, unknown: Scores, recall: float = RECALL) -> float:
    """False positive rate at a recall: the share of known images that are flagged where at least that share of the
    unknown ones is; lower is better. At 95 % it is FPR95."""
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return math.nan
    hits, alarms = _at_each_threshold(known, unknown)
    return float(alarms[_first_with(hits, recall, len(unknown))] / len(known))


def threshold_at_recall(known: Scores, unknown: Scores, recall: float = RECALL) -> float:
    """The score from which on an image is flagged, so that at least that share of the unknown ones is and the fewest known ones are;
    NaN where a set is empty or a score is NaN."""
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return math.nan
    hits, _ = _at_each_threshold(known, unknown)
    return float(_limits(known, unknown)[_first_with(hits, recall, len(unknown))])


def operating_points(known: Scores, unknown: Scores) -> dict[str, npt.NDArray[np.float64]]:
    """What every threshold gives, from the highest down: threshold, recall (of the unknown images), false_positive_rate, precision;
    (thresholds,) each, empty where a set is empty or a score is NaN."""
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return {name: np.empty(0) for name in ("threshold", "recall", "false_positive_rate", "precision")}
    hits, alarms = _at_each_threshold(known, unknown)
    return {
        "threshold": _limits(known, unknown),
        "recall": hits / len(unknown),
        "false_positive_rate": alarms / len(known),
        "precision": hits / (hits + alarms),
    }


@metric(
    "fpr95",
    input="scores",
    title="FPR95",
    axis="FPR95 (%)",
    unit="%",
    formula="FPR95 = known images flagged as unknown / known images, where 95 % of the unknown ones are flagged",
    better="lower",
    limits=(0, 1),
    document=_DOCUMENT,
)
def fpr95(known: Scores, unknown: Scores) -> float:
    """Share of the known images that are flagged where 95 % of the unknown ones are."""
    return fpr_at_recall(known, unknown)


def _checked(known: Scores, unknown: Scores) -> tuple[Scores, Scores]:
    known, unknown = np.asarray(known, np.float64).reshape(-1), np.asarray(unknown, np.float64).reshape(-1)
    if np.isnan(known).any() or np.isnan(unknown).any():
        return known[:0], unknown[:0]
    return known, unknown


def _at_each_threshold(known: Scores, unknown: Scores) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Unknown and known images that score at least as high as each different score, from the highest down."""
    limits = _limits(known, unknown)
    hits = len(unknown) - np.searchsorted(np.sort(unknown), limits, side="left")
    alarms = len(known) - np.searchsorted(np.sort(known), limits, side="left")
    return hits, alarms


def _limits(known: Scores, unknown: Scores) -> Scores:
    return np.unique(np.concatenate([known, unknown]))[::-1]


def _first_with(hits: npt.NDArray[np.int64], recall: float, unknown: int) -> int:
    """The place of the first threshold that reaches a recall."""
    return int(np.searchsorted(hits, recall * unknown - 1e-9))


_AT_ONCE = 1 << 20  # weights that are in a core's cache together


def resampled(
    known: Scores, unknown: Scores, known_weights: npt.NDArray[np.float32], unknown_weights: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.float64]]:
    """AUROC, AUPR and FPR95 in every drawing of a bootstrap, by the metrics' names.

    Args:
        known, unknown: (n,) and (m,) anomaly scores.
        known_weights, unknown_weights: (draws, n) and (draws, m), how often each image was drawn, as
            `bootstrap.weights` gives them.

    Returns:
        (draws,) each; NaN where a set is empty or a score is NaN.
    """
    draws = len(known_weights)
    values = {name: np.full(draws, math.nan) for name in ("auroc", "aupr", "fpr95")}
    known, unknown = _checked(known, unknown)
    if not len(known) or not len(unknown):
        return values
    joined = np.concatenate([known, unknown])
    order = np.argsort(-joined, kind="stable")
    # A threshold at each different score, from the highest down: the last place that has it.
    ends = np.flatnonzero(np.append(np.diff(joined[order]) != 0, True))
    is_unknown = (order >= len(known)).astype(np.float32)[:, None]
    step = max(4, _AT_ONCE // len(joined))
    for start in range(0, draws, step):
        rows = slice(start, start + step)
        weights = np.concatenate([known_weights[rows].T, unknown_weights[rows].T])[order]
        # Counts stay below 2**24, so that float32 holds them exactly.
        hits = np.cumsum(weights * is_unknown, axis=0)[ends]
        flagged = np.cumsum(weights, axis=0)[ends]
        alarms = flagged - hits
        new_hits = np.diff(hits, axis=0, prepend=np.float32(0))
        new_alarms = np.diff(alarms, axis=0, prepend=np.float32(0))
        positives, negatives = hits[-1].astype(np.float64), alarms[-1].astype(np.float64)
        values["auroc"][rows] = np.einsum("ij,ij->j", hits - new_hits / 2, new_alarms, dtype=np.float64) / (
            positives * negatives
        )
        precision = hits / np.maximum(flagged, 1)
        values["aupr"][rows] = np.einsum("ij,ij->j", new_hits, precision, dtype=np.float64) / positives
        first = (hits >= RECALL * positives - 1e-6).argmax(axis=0)
        values["fpr95"][rows] = alarms[first, np.arange(alarms.shape[1])] / negatives
    return values
