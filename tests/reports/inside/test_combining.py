"""Likeness of two trainings against the gain of combining them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import robustcore as rc
from robustcore.evaluation import Store, Subject
from robustcore.inside.similarity import Similarity
from robustcore.notes import kinds
from robustcore.reports.inside import combining

NAMES = ("scenes/resnet-mixup", "scenes/resnet-tlat", "scenes/resnet-mtlat", "scenes/vgg-mixup", "scenes/vgg-mtlat")


def test_combined_trainings_of_the_zoo_are_found_with_their_parts() -> None:
    models = {name: rc.load_model(name) for name in NAMES}
    found, notes = combining.combinations({name: model.card for name, model in models.items()})
    assert found == [combining.Combination("scenes/resnet-mtlat", "scenes/resnet-mixup", "scenes/resnet-tlat")]
    assert [(note.kind, note["model"], note["intervention"]) for note in notes] == [
        ("part_of_a_combination_is_missing", "scenes/vgg-mtlat", "tlat")
    ]
    subjects = {name: Subject(name, models[name].fingerprint(), models[name].card.classes) for name in NAMES[:3]}
    (row,) = combining.gains(found, subjects, rc.load_dataset("scenes"), "imagenet-c", Store()).to_dict("records")
    assert row["gain"] == pytest.approx(row["accuracy"] - max(row["first_accuracy"], row["second_accuracy"]))
    assert 0.3 < row["accuracy"] < 1


def test_likeness_is_that_of_layers_of_one_name() -> None:
    values = np.array([[1.0, 0.2], [0.3, 0.5]])
    assert combining.likeness(Similarity(("a", "b"), ("b", "c"), values, (), 9)) == 0.3
    assert math.isnan(combining.likeness(Similarity(("a",), ("c",), values[:1, :1], (), 9)))


def test_correlations_have_intervals_and_few_points_have_none() -> None:
    x, y = [1.0, 2, 3, 4, 5, 6], [1.0, 3, 2, 5, 4, 60]
    found = combining.pearson(x, y)
    assert found.r == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.low < found.r < found.high < 1
    ranked = combining.spearman(x, y)
    assert ranked.r == pytest.approx(1 - 6 * 4 / (6 * 35))
    assert math.isnan(combining.pearson(x[:3], y[:3]).r)
    assert math.isnan(combining.pearson([1] * 5, y[:5]).r)
    assert kinds(combining.relation_notes(pd.DataFrame({"cka": x, "gain": y}))) == ["combination_correlation"]
    assert kinds(combining.relation_notes(pd.DataFrame({"cka": x[:2], "gain": y[:2]}))) == ["too_few_combinations"]
