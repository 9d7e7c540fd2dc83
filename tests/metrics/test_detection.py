"""Detection of unknown images: held against scikit-learn, with ties, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from robustcore.metrics import detection


@pytest.mark.parametrize("levels", [5, 10_000])  # many ties, and none to speak of
@pytest.mark.parametrize("sizes", [(300, 80), (40, 500)])
def test_they_are_those_of_scikit_learn(levels: int, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(levels)
    known = np.floor(rng.normal(0.0, 1.0, sizes[0]) * levels / 5)
    unknown = np.floor(rng.normal(0.8, 1.3, sizes[1]) * levels / 5)
    truth = np.repeat([0, 1], sizes)
    scores = np.concatenate([known, unknown])
    assert detection.auroc(known, unknown) == pytest.approx(roc_auc_score(truth, scores))
    assert detection.aupr(known, unknown) == pytest.approx(average_precision_score(truth, scores))
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert detection.fpr_at_recall(known, unknown) == pytest.approx(false[np.argmax(true >= 0.95)])


def test_perfect_reversed_and_constant_scores() -> None:
    low, high = np.arange(10.0), np.arange(20.0, 30.0)
    assert (detection.auroc(low, high), detection.aupr(low, high), detection.fpr_at_recall(low, high)) == (1, 1, 0)
    assert detection.auroc(high, low) == 0
    assert detection.fpr_at_recall(high, low) == 1
    same = np.ones(10)
    assert (detection.auroc(same, same), detection.aupr(same, np.ones(30))) == (0.5, 0.75)


def test_scores_follow_from_what_is_kept_of_an_answer() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    lse = np.log(np.exp(logits).sum(axis=1))
    assert np.allclose(detection.maximum_softmax(logits.max(axis=1), lse), -softmax.max(axis=1))
    assert np.allclose(detection.maximum_logit(logits.max(axis=1)), -logits.max(axis=1))


@pytest.mark.parametrize("measure", [detection.auroc, detection.aupr, detection.fpr_at_recall])
def test_without_images_or_scores_nothing_is_known(measure: object) -> None:
    assert callable(measure)
    assert math.isnan(measure(np.array([]), np.ones(3)))
    assert math.isnan(measure(np.ones(3), np.array([])))
    assert math.isnan(measure(np.array([1.0, math.nan]), np.ones(3)))
