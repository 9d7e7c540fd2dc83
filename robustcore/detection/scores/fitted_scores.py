"""Scores that are fitted on the logits for in-distribution validation images; none of them needs labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from robustcore.detection.scores._base import score

Array = npt.NDArray[np.floating]
Scorer = Callable[[Array], Array]

TYPICAL = 0.5  # the probability from which on a class counts as present
_TREES, _NEIGHBOURS = 100, 20
_SEED = 0  # of the trees
_BASART = "Basart's thesis, 4.3 and 6.3"
_AT_ONCE = 4096  # images whose divergences from all classes are in memory together


def softmax(logits: Array) -> npt.NDArray[np.float64]:
    """(n, K) probabilities, float64."""
    shifted = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


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
    usual = np.stack([probabilities[answers == each].mean(axis=0) for each in np.unique(answers)])
    return lambda logits: _over_parts(logits, lambda p: _divergences(p, usual).min(axis=1))


@score(
    "typicality",
    title="Typicality",
    formula="sum over the classes with p > 0.5 of KL(p, mean p of the validation images where the class has p >= 0.5)",
    document="Basart's thesis, 6.3; where no class passes 0.5 the nearest row counts, which is ours",
    least=1,
)
def typicality(validation_logits: Array) -> Scorer:
    """How untypical the other probabilities are beside the class that is answered."""
    probabilities = softmax(validation_logits)
    rows = _typical_rows(probabilities)

    def part(p: Array) -> Array:
        divergences = _divergences(p, rows)
        present = p > TYPICAL
        return np.asarray(np.where(present.any(axis=1), (divergences * present).sum(axis=1), divergences.min(axis=1)))

    return lambda logits: _over_parts(logits, part)


def _typical_rows(probabilities: Array) -> Array:
    """(K, K): row i is the sum of p over the images with p_i >= 0.5, divided by its own sum; 1 / K where there is none."""
    present = (probabilities >= TYPICAL).astype(np.float64)
    rows = present.T @ probabilities
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


def _divergences(p: Array, q: Array) -> Array:
    """(n, m) Kullback-Leibler divergences of (n, K) distributions from (m, K) ones; 0 log 0 is 0, and a class that q excludes
    counts as the least positive number."""
    tiny = np.finfo(np.float64).tiny
    entropy = np.where(p > 0, p * np.log(np.maximum(p, tiny)), 0).sum(axis=1, keepdims=True)
    return np.asarray(entropy - p @ np.log(np.maximum(q, tiny)).T)


def _over_parts(logits: Array, function: Scorer) -> Array:
    parts = [function(softmax(logits[at : at + _AT_ONCE])) for at in range(0, len(logits), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty(0)
