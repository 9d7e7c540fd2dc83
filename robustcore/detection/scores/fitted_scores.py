"""Scores that are fitted on the logits for in-distribution validation images; none of them needs labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from robustcore.detection.scores._base import score
from robustcore.detection.scores._softmax import in_parts, softmax

Array = npt.NDArray[np.floating]
Scorer = Callable[[Array], Array]

TYPICAL = 0.5  # the probability from which on a class counts as present
_TREES, _NEIGHBOURS = 100, 20
_SEED = 0  # of the trees
_MULTIPLIED = 1024  # images: a product of matrices on several threads wants many rows
_BASART = "Basart's thesis, 4.3 and 6.3"


@score(
    "kl",
    title="KL matching",
    formula="least over the classes of KL(p, mean p of the validation images that are answered with the class)",
    document=f"{_BASART}; the formula is that of Hendrycks et al. 2022",
    least=1,
)
def kl(validation_logits: Array) -> Scorer:
    """How far the probabilities are from what is usual for any class that is answered."""
    probabilities = softmax(validation_logits)
    answers = probabilities.argmax(axis=1)
    usual = _Rows(np.stack([probabilities[answers == each].mean(axis=0) for each in np.unique(answers)]))

    def part(logits: Array) -> Array:
        p = softmax(logits)
        return usual.divergence(p, logits, usual.nearest(p))

    return lambda logits: in_parts(logits, part, _MULTIPLIED)


@score(
    "typicality",
    title="Typicality",
    formula="sum over the classes with p > 0.5 of KL(p, mean p of the validation images where the class has p >= 0.5)",
    document="Basart's thesis, 6.3; where no class passes 0.5 the nearest row counts, which is ours",
    least=1,
)
def typicality(validation_logits: Array) -> Scorer:
    """How untypical the other probabilities are beside the class that is answered."""
    rows = _Rows(_typical_rows(softmax(validation_logits)))

    def part(logits: Array) -> Array:
        p = softmax(logits)
        # No two classes pass one half.
        row = p.argmax(axis=1)
        absent = np.flatnonzero(p[np.arange(len(p)), row] <= TYPICAL)
        row[absent] = rows.nearest(p[absent])
        return rows.divergence(p, logits, row)

    return lambda logits: in_parts(logits, part, _MULTIPLIED)


def _typical_rows(probabilities: Array) -> Array:
    """(K, K): row i is the sum of p over the images with p_i >= 0.5, divided by its own sum; 1 / K where there is none."""
    images, classes = np.nonzero(probabilities >= TYPICAL)
    rows = np.zeros((probabilities.shape[1],) * 2)
    np.add.at(rows, classes, probabilities[images])
    sums = rows.sum(axis=1, keepdims=True)
    return np.where(sums > 0, rows / np.where(sums > 0, sums, 1), 1 / rows.shape[1])


@score(
    "isolation_forest",
    title="Isolation forest",
    formula="- scikit-learn's score of the greatest logit, 100 trees",
    document=f"{_BASART}; the printed formula is garbled, scikit-learn's is meant",
    least=2,
)
def isolation_forest(validation_logits: Array) -> Scorer:
    """How few cuts part the greatest logit from those of the validation images."""
    scorer = _forest(validation_logits.max(axis=1)[:, None])
    return lambda logits: scorer(logits.max(axis=1)[:, None])


@score(
    "isolation_forest_logits",
    title="Isolation forest, all logits",
    formula="- scikit-learn's score of the K logits, 100 trees",
    document=_BASART,
    least=2,
)
def isolation_forest_logits(validation_logits: Array) -> Scorer:
    """How few cuts part the logits from those of the validation images."""
    return _forest(validation_logits)


def _forest(values: Array) -> Scorer:
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(values)
    return lambda logits: -forest.score_samples(logits)


@score(
    "lof",
    title="Local outlier factor",
    formula="scikit-learn's local outlier factor of the greatest logit, 20 neighbours; above 1 is an outlier",
    document=_BASART,
    least=_NEIGHBOURS + 1,
)
def lof(validation_logits: Array) -> Scorer:
    """How sparse the neighbourhood of the greatest logit is among those of the validation images."""
    from sklearn.neighbors import LocalOutlierFactor

    factor = LocalOutlierFactor(n_neighbors=_NEIGHBOURS, novelty=True).fit(validation_logits.max(axis=1)[:, None])
    return lambda logits: -factor.score_samples(logits.max(axis=1)[:, None])


class _Rows:
    """Distributions that others are compared with by their Kullback-Leibler divergence.

    Args:
        rows: (m, K); a class that a row excludes counts as the least positive number.
    """

    def __init__(self, rows: Array) -> None:
        self._logs = np.log(np.maximum(rows, np.finfo(np.float64).tiny))
        self._single = self._logs.T.astype(np.float32)

    def nearest(self, p: Array) -> npt.NDArray[np.int64]:
        """(n,) for each of (n, K) distributions the row of the least divergence; in float32, which is enough to choose one."""
        return np.asarray((p.astype(np.float32) @ self._single).argmax(axis=1), np.int64)

    def divergence(self, p: Array, logits: Array, rows: npt.NDArray[np.int64]) -> Array:
        """(n,) KL(p, row) of (n, K) distributions, the softmax of `logits`, from the row of each."""
        # log p is the logit less their log-sum-exp, which the greatest probability tells.
        normaliser = logits.max(axis=1) - np.log(p.max(axis=1))
        return np.asarray(np.einsum("ij,ij->i", p, logits - self._logs[rows]) - normaliser)
