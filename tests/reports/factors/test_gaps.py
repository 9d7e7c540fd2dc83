"""Gaps of controlled shifts: differences of accuracies on the same images."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from torch import Tensor, nn

from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store, demo
from robustcore.models import Classifier, load_model
from robustcore.reports import compare, factors
from robustcore.reports.claims import factors as claims
from robustcore.reports.compare import answers
from robustcore.reports.factors import walk

MODELS = ["scenes/resnet-standard", "scenes/vgg-standard"]


def shipped(models: list[str]) -> factors.Gaps:
    dataset, store = load_dataset("scenes"), Store(demo.path(), shipped=False)
    comparison = compare.gather(compare.subjects(models, dataset, store=store), dataset, [factors.SUITE], store=store)
    return factors.measure(comparison, answers=answers.read(comparison, dataset, store=store))


def test_gaps_are_iid_less_ood_and_means_of_their_parts() -> None:
    gaps = shipped(MODELS)
    assert gaps.images == 600
    assert len(gaps.sets) == 2 * 16
    assert np.allclose(gaps.sets["gap"], gaps.sets["iid"] - gaps.sets["accuracy"])
    of_size = gaps.sets[(gaps.sets["model"] == MODELS[0]) & (gaps.sets["factor"] == "size")]["gap"].mean()
    row = gaps.factors[(gaps.factors["model"] == MODELS[0]) & (gaps.factors["factor"] == "size")].iloc[0]
    assert row["gap"] == pytest.approx(of_size)
    assert row["low"] < row["gap"] < row["high"]
    assert gaps.hurts["gap"].is_monotonic_decreasing
    assert gaps.draws.mean(axis=0) == pytest.approx(gaps.hurts["gap"], abs=0.01)


def test_models_without_results_are_an_error() -> None:
    with pytest.raises(InvalidArgumentError, match="--suite factors"):
        shipped(["scenes/resnet-iat"])


def test_tracking_over_a_line_and_over_too_few() -> None:
    iid = np.linspace(0.8, 0.9, 8)
    line = factors.tracking(pd.DataFrame({"iid": iid, "ood": 2 * iid - 1.2}))
    assert (line.r, line.slope) == (pytest.approx(1), pytest.approx(2))
    assert math.isnan(factors.tracking(pd.DataFrame({"iid": [0.8, 0.9], "ood": [0.5, 0.6]})).r)


def test_a_walk_begins_and_ends_at_the_factor_s_ends_and_shows_the_test_image_at_zero() -> None:
    model = load_model(MODELS[0])
    walked = walk.walk([model], 5, "size")
    assert walked.strengths[0] == -1.0
    assert walked.strengths[-1] == 1.0
    image, label = load_dataset("scenes")[5]
    assert (walked.images[walked.strengths.index(0.0)] == image).all()
    assert walked.labels == (label,)
    assert walked.classes.shape == (1, 9, 5)
    assert walk.right(model, {"zoom": 0.0}, 24).mean() > 0.7


def test_a_model_with_its_classes_in_another_order_is_as_often_right() -> None:
    class Flipped(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = self.network(images).flip(1)
            return logits

    model = load_model(MODELS[0])
    card = dataclasses.replace(model.card, classes=model.card.classes[::-1])
    other = Classifier(Flipped(model), card).eval()
    assert (walk.right(other, {"zoom": 0.0}, 24) == walk.right(model, {"zoom": 0.0}, 24)).all()
    walked = walk.walk([model, other], 5, "size")
    names = [card.classes[walked.labels[1]], model.card.classes[walked.labels[0]]]
    assert names[0] == names[1]


def test_claims_of_the_shipped_results_have_a_verdict_each() -> None:
    judged = claims.judge(Store(demo.path(), shipped=False))
    assert [claim.topic for claim in judged] == ["factors"] * 3
    assert judged[0].verdict == "not reproduced"  # viewpoint hurts more than size here
    assert all("600 images" in claim.figures_text for claim in judged)
