"""Anomaly scores: worked figures, and pytorch-ood's and scikit-learn's values as oracles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustcore.detection import scores
from robustcore.detection.outputs import Head, Outputs
from robustcore.detection.scores import fitted_scores
from robustcore.errors import InvalidArgumentError

GENERATOR = np.random.default_rng(0)
FEATURES = np.abs(GENERATOR.normal(size=(700, 12))).astype(np.float32)
HEAD = Head(GENERATOR.normal(size=(5, 12)).astype(np.float32), GENERATOR.normal(size=5).astype(np.float32))
LOGITS = FEATURES @ HEAD.weight.T + HEAD.bias
VALIDATION = Outputs(LOGITS[:600], FEATURES[:600], head=HEAD)
IMAGES = Outputs(
    LOGITS[600:], FEATURES[600:], GENERATOR.dirichlet(np.ones(5), size=(20, 100)).astype(np.float32), head=HEAD
)


def value(name: str, images: Outputs = IMAGES) -> np.ndarray:
    return scores.get(name).bound(VALIDATION)(images)


def test_the_simple_ones_are_their_formulas() -> None:
    one = Outputs(np.array([[1.0, 2.0, 4.0]], np.float32))
    exps = np.exp([1, 2, 4])
    assert value("msp", one) == pytest.approx(-exps[2] / exps.sum())
    assert value("max_logit", one) == pytest.approx(-4)
    assert value("logit_avg", one) == pytest.approx(-7 / 3)
    assert value("energy", one) == pytest.approx(-np.log(exps.sum()))


@pytest.mark.parametrize("name", ["msp", "max_logit", "logit_avg", "energy"])
def test_what_results_keep_of_an_answer_gives_the_same(name: str) -> None:
    from robustcore.evaluation.store.predictions import Predictions

    logits = torch.from_numpy(IMAGES.logits)
    stored = Predictions.of(logits, torch.zeros(len(logits)), torch.arange(len(logits)))
    kept = scores.from_stored(scores.get(name), stored)
    assert kept is not None
    np.testing.assert_allclose(kept, value(name), rtol=1e-5, atol=1e-6)
    assert scores.from_stored(scores.get("kl"), stored) is None
    assert scores.from_stored(scores.get("logit_avg"), stored.compact(scores=True)) is None


def test_library_and_formula_agree() -> None:
    from pytorch_ood.detector import EnergyBased, KLMatching, MaxLogit, MaxSoftmax

    logits = torch.from_numpy(IMAGES.logits)
    np.testing.assert_allclose(value("energy"), EnergyBased.score(logits), rtol=1e-5)
    np.testing.assert_allclose(value("max_logit"), MaxLogit.score(logits), rtol=1e-6)
    np.testing.assert_allclose(value("msp"), MaxSoftmax.score(logits), rtol=1e-5)
    matching = KLMatching(None).fit_logits(torch.from_numpy(VALIDATION.logits))
    np.testing.assert_allclose(value("kl"), matching.predict_logits(logits), rtol=1e-3, atol=1e-6)


def test_typicality_by_hand() -> None:
    """Two images answer class 0 and one answers class 1; nothing answers class 2."""
    p = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.9, 0.0]])
    rows = fitted_scores._typical_rows(p)
    np.testing.assert_allclose(rows, [[0.7, 0.2, 0.1], [0.1, 0.9, 0], [1 / 3] * 3])
    score = fitted_scores.typicality(np.log(np.maximum(p, 1e-30)))
    q = np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]])
    expected_second = min((q[1] * np.log(q[1] / row)).sum() for row in (rows[0], rows[2]))  # no class above one half
    np.testing.assert_allclose(score(np.log(q)), [0, expected_second], atol=1e-9)


def test_the_forest_and_the_factor_are_scikit_learn_s() -> None:
    from sklearn.neighbors import LocalOutlierFactor

    greatest = VALIDATION.logits.max(axis=1)[:, None]
    factor = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(greatest)
    np.testing.assert_allclose(value("lof"), -factor.score_samples(IMAGES.logits.max(axis=1)[:, None]))
    far = Outputs(IMAGES.logits + 100)
    assert (value("isolation_forest", far) > value("isolation_forest").mean()).all()
    assert (value("lof", far) > 1).all()


def test_dropout_variance() -> None:
    assert value("mc_dropout") == pytest.approx(IMAGES.passes.var(axis=0).mean(axis=1))  # type: ignore[union-attr]


@pytest.mark.parametrize("name", scores.names())
def test_every_score_gives_one_number_for_each_image_whatever_stands_beside_it(name: str) -> None:
    whole = value(name)
    assert whole.shape == (100,)
    assert np.isfinite(whole).all()
    assert whole.std() > 0
    part = Outputs(IMAGES.logits[:7], IMAGES.features[:7], IMAGES.passes[:, :7], head=HEAD)  # type: ignore[index]
    np.testing.assert_allclose(value(name, part), whole[:7], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [each.name for each in scores.registry.registered() if each.least > 1])
def test_too_few_validation_images_are_one_sentence(name: str) -> None:
    few = Outputs(VALIDATION.logits[:1], VALIDATION.features[:1], head=HEAD)  # type: ignore[index]
    with pytest.raises(InvalidArgumentError, match="validation images"):
        scores.get(name).bound(few)
    with pytest.raises(InvalidArgumentError, match="validation images"):
        scores.get(name).bound(None)


def test_a_covariance_that_cannot_be_inverted_is_refused() -> None:
    few = Outputs(VALIDATION.logits[:13], VALIDATION.features[:13], head=HEAD)  # type: ignore[index]
    with pytest.raises(InvalidArgumentError, match="cannot be inverted"):
        scores.get("mahalanobis").bound(few)


def test_a_parameter_that_no_score_can_read_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="pixels"):
        scores.score("wrong", title="Wrong", formula="-")(lambda pixels: pixels)
