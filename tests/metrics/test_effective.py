"""Effective robustness: a line that is known by construction, and what stands beyond it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from robustcore import metrics, published
from robustcore.datasets import imagenet_classes
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.store.correctness import Answered
from robustcore.evaluation.store.predictions import Predictions
from robustcore.metrics import effective
from robustcore.reports.compare import effective as report
from robustcore.reports.compare import measures, published_models, same_classes
from robustcore.reports.compare.answers import Answers

CLEAN = np.array([0.6, 0.7, 0.8, 0.9])


def shifted(clean: np.ndarray) -> np.ndarray:
    """On the line logit(y) = 1.2 logit(x) - 0.5."""
    odds = np.exp(1.2 * np.log(clean / (1 - clean)) - 0.5)
    return odds / (1 + odds)


def test_a_line_is_found_again() -> None:
    line = effective.trend(CLEAN, shifted(CLEAN))
    assert (line.slope, line.intercept, line.r2, line.models) == pytest.approx((1.2, -0.5, 1.0, 4))
    assert effective.effective(line, CLEAN, shifted(CLEAN)) == pytest.approx(np.zeros(4))
    assert effective.effective(line, [0.5], [0.5])[0] == pytest.approx(0.5 - 1 / (1 + np.exp(0.5)))


def test_the_slope_is_that_of_least_squares_by_hand() -> None:
    """Three models at logits (0, 0), (1, 1), (2, 1): slope 1/2, intercept 1/6."""
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])
    line = effective.trend(1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-y)))
    assert (line.slope, line.intercept, line.r2) == pytest.approx((0.5, 1 / 6, 0.75))


def test_models_without_a_place_are_left_out_and_undefined() -> None:
    clean, under = np.append(CLEAN, [1.0, 0.8]), np.append(shifted(CLEAN), [0.9, np.nan])
    measured = report.over(pd.DataFrame({"model": list("abcdef"), "clean": clean, "shifted": under}))
    assert measured.line.models == 4
    assert measured.table.set_index("model")["effective"].isna().to_dict() == dict.fromkeys(
        "abcd", False
    ) | dict.fromkeys("ef", True)
    assert measured.notes[0].kind == "left_out_of_fit"
    assert measured.notes[0]["models"] == 2


def test_too_few_models_are_a_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="3 models or more"):
        effective.trend([0.5, 0.6], [0.4, 0.5])
    with pytest.raises(InvalidArgumentError, match="no column 'shifted'"):
        report.over(pd.DataFrame({"model": ["a"], "clean": [0.5]}))


def test_models_of_ones_own_are_compared_with_the_published_line() -> None:
    """On ImageNet-V2, as an evaluation of the natural shifts would store it."""
    measured = published_models.gather(["published/imagenet/Standard_R50"], "imagenet", severities=(1,))
    rows = measured.rows[:2].assign(model="mine", accuracy=[0.76, 0.63])
    rows.loc[rows["kind"] != "clean", ["kind", "name"]] = ["shift", "imagenet-v2"]
    own = report.own(dataclasses.replace(measured, rows=rows), "v2").table
    assert own.to_dict("records") == [{"model": "mine", "clean": 0.76, "shifted": 0.63}]
    population = report.over(report.natural_shift("v2"))
    beyond = report.others(population, own)["effective"].item()
    assert beyond == pytest.approx(0.63 - population.line.expected(0.76))
    assert report.own(measured, "v2").table.empty


def test_the_published_population_is_on_a_line() -> None:
    shifts = published.natural_shifts()
    measured = report.over(shifts.assign(clean=shifts["imagenet"] / 100, shifted=shifts["v2"] / 100))
    assert len(measured.table) == 1266
    assert measured.line.r2 > 0.95
    assert abs(measured.table["effective"].mean()) < 0.01
    assert "1,266 models" in measured.formula


def test_the_testbeds_line_is_that_of_its_standard_models_on_the_same_classes() -> None:
    rows = published.imagenet_testbed()
    population = report.over(report.natural_shift("testbed-a"))
    assert len(population.table) == 225
    standard = population.table[population.table["fitted"]]
    assert set(standard["group"]) == {"standard training"}
    assert population.line.models == len(standard) - 1 < 90  # ResNet-50 is right on none of the images that it chose
    assert abs(standard["effective"].median()) < 0.03
    resnet = population.table.set_index("model").loc["ResNet-50"]
    settings = rows[rows["model"] == "resnet50"].set_index("setting")["accuracy"]
    assert resnet["clean"] == settings["val-on-imagenet-a-classes"]
    assert resnet["clean"] > settings["val"] + 0.1, "200 classes are easier than 1,000"
    assert {name for name, shift in report.SHIFTS.items() if shift.is_subset} == {
        "r",
        "a",
        "testbed-r",
        "testbed-a",
        "testbed-objectnet",
    }


def test_accuracy_among_some_classes_is_that_of_the_best_answer_among_them() -> None:
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 12, 400), rng.normal(size=(400, 12))
    logits[np.arange(400), labels] += 1.5
    best = logits.argsort(axis=1)[:, ::-1]
    among = np.array([1, 4, 5, 9, 11])
    kept = np.isin(labels, among)
    exact = (among[logits[kept][:, among].argmax(axis=1)] == labels[kept]).mean()
    right, undecided = same_classes.among_classes(labels.astype(np.int32), best.astype(np.int32), among)
    assert (right.mean(), len(right), undecided) == (pytest.approx(exact), kept.sum(), 0)
    right, undecided = same_classes.among_classes(labels.astype(np.int32), best[:, :2].astype(np.int32), among)
    assert undecided > 0
    assert exact - undecided / len(right) <= right.mean() <= exact


def test_own_models_stand_on_a_line_of_some_classes_with_their_clean_accuracy_on_these() -> None:
    measured = published_models.gather(["published/imagenet/Standard_R50"], "imagenet", severities=(1,))
    rows = measured.rows[:2].assign(model="mine", accuracy=[0.76, 0.02])
    rows.loc[rows["kind"] != "clean", ["kind", "name", "label"]] = ["shift", "imagenet-a", "imagenet-a"]
    labels = np.arange(1_000, dtype=np.int32)
    every_other = np.where(labels % 10 == 0, labels, 999)[:, None].astype(np.int32)  # of the 200 classes right
    clean = Predictions(None, labels, every_other)

    def own(seen: np.ndarray) -> report.OwnModels:
        same = same_classes.clean_accuracy("mine", "imagenet-a", clean, Predictions(None, seen, seen[:, None]))
        known = {("mine", "imagenet-a"): same}
        return report.own(dataclasses.replace(measured, rows=rows, on_same_classes=known), "testbed-a")

    whole = own(labels[::5])
    assert whole.table.to_dict("records") == [{"model": "mine", "clean": 0.5, "shifted": 0.02}]
    assert [(note.kind, note["images"], note["undecided"]) for note in whole.notes] == [
        ("clean_on_the_same_classes", 200, 100)
    ]
    few = own(labels[::7])
    assert few.table.empty
    assert [note.kind for note in few.notes] == ["too_few_classes_evaluated"]


def test_on_objectnet_any_class_of_the_object_is_right() -> None:
    """As the ImageNet Testbed counts: 6,250 validation images of 125 classes, which are 113 objects."""
    labels = np.repeat(np.arange(1_000, dtype=np.int32), 50)
    answers = labels[:, None].copy()
    answers[labels == 409] = 530  # an analog clock called a digital one: both are alarm clocks
    answers[labels == 414] = 409  # a backpack called a clock
    objects = imagenet_classes.objects_of_objectnet()
    ones = {name: index for index, name in objects.items()}  # ObjectNet's labels: one class of each object
    shifted = np.array(sorted(ones.values()), dtype=np.int32)
    clean, on_shift = Predictions(None, labels, answers), Predictions(None, shifted, shifted[:, None])
    same = same_classes.clean_accuracy("mine", "objectnet", clean, on_shift)
    assert (len(same.right), len(ones)) == (6_250, 113)
    assert same.accuracy == 1 - 50 / 6_250
    published_accuracies = published.imagenet_testbed().query("setting == 'val-on-objectnet-classes'")["accuracy"]
    assert np.allclose(published_accuracies * 6_250, (published_accuracies * 6_250).round(), atol=0.04)

    others = Predictions(None, shifted + 1, shifted[:, None])
    unknown = same_classes.clean_accuracy("mine", "objectnet", clean, others)
    assert (math.isnan(unknown.accuracy), unknown.note.kind) == (True, "classes_in_another_order")
    few = same_classes.clean_accuracy("mine", "objectnet", clean, on_shift.prefix(100))
    assert (few.note.kind, few.note["classes"], few.note["of"]) == ("too_few_classes_evaluated", 100, 113)


def test_what_is_kept_of_clean_accuracy_on_a_shift_of_some_classes_divides_by_that_on_these() -> None:
    measured = published_models.gather(["published/imagenet/Standard_R50"], "imagenet", severities=(1,))
    rows = measured.rows[:2].assign(model="mine", accuracy=[0.75, 0.3], severity=pd.array([None, None], "Int64"))
    rows.loc[rows["kind"] != "clean", ["kind", "name", "label"]] = ["shift", "imagenet-r", "imagenet-r"]
    known = same_classes.OnSameClasses(np.arange(1_000) < 900, same_classes.clean_on_the_same_classes("mine", 1_000, 0))
    shifted = dataclasses.replace(measured, rows=rows, on_same_classes={("mine", "imagenet-r"): known})
    (value,) = measures.bars(shifted, "app").table["value"]
    assert value == pytest.approx(0.3 / 0.9)
    # Its interval has both: 3 of 10 right on the shift, 900 of 1,000 on the clean images of the same classes.
    (condition,) = rows.loc[rows["kind"] == "shift", "condition"]
    (n,) = rows.loc[rows["kind"] == "shift", "n"]
    right = np.arange(n) % 10 < 3
    stored = Answers({("mine", condition): Answered(np.where(right, 1, 0), np.ones(n, int))})
    (row,) = measures.bars(shifted, "app", answers=stored).table.to_dict("records")
    half = 1.96 * row["value"] * math.sqrt(0.7 / 0.3 / n + 0.1 / 0.9 / 1_000)
    assert (row["low"], row["high"]) == pytest.approx((row["value"] - half, row["value"] + half), abs=0.2 * half)
    why = same_classes.answers_not_stored("mine", "ImageNet-R")
    unknown = {("mine", "imagenet-r"): same_classes.OnSameClasses(np.zeros(0, bool), why)}
    bars = measures.bars(dataclasses.replace(shifted, on_same_classes=unknown), "app")
    assert bars.table["value"].isna().all()
    assert bars.table["reason"].tolist() == [why.text]
    assert measures.bars(shifted, "accuracy").table["value"].tolist() == [0.3]
    table = metrics.app(rows)
    assert table.loc[table["kind"] == "shift", "app"].isna().all()
    assert "200 classes" in table.loc[table["kind"] == "shift", "reason"].item()


def test_models_with_as_many_right_answers_to_other_images_differ_in_their_drawings() -> None:
    """The paired difference of two models that are right on opposite halves has twice the spread of one of them."""
    note = same_classes.clean_on_the_same_classes("mine", 1_000, 0)
    first, second = (
        same_classes.OnSameClasses(right, note) for right in (np.arange(1_000) < 500, np.arange(1_000) >= 500)
    )
    assert first.accuracy == second.accuracy
    assert np.std(first.drawn() - second.drawn()) == pytest.approx(2 * math.sqrt(0.25 / 1_000), rel=0.1)
