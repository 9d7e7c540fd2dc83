"""Data in which some images have no label: every figure is over those that have one, and so are its intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import robustcore as rc
from robustcore import metrics
from robustcore.datasets import Dataset
from robustcore.evaluation import Store
from robustcore.metrics.severities import paired_drop
from robustcore.models import Card, Classifier
from robustcore.reports import compare, severity
from robustcore.reports.compare import answers, measures

LABELLED = 5  # of the fourteen photographs


@pytest.fixture
def dataset() -> Dataset:
    return rc.load_dataset("photographs")


@pytest.fixture
def measured(dataset: Dataset) -> Iterator[tuple[compare.Comparison, answers.Answers]]:
    """A model that says espresso to everything, under one corruption."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[2].bias[dataset.classes.index("espresso")] = 1000.0  # type: ignore[union-attr, operator]
    model = Classifier(network, Card("mine", dataset.classes, 32, "mine"))
    with Store(shipped=False) as store:
        rc.evaluate(model, dataset, "contrast", severities=[1, 3], store=store)
        gathered = compare.gather([model], dataset, ["contrast"], severities=[1, 3], store=store)
        yield gathered, answers.read(gathered, dataset, store=store)


def test_the_interval_is_that_of_the_labelled_images(measured: tuple[compare.Comparison, answers.Answers]) -> None:
    expected = metrics.accuracy(
        pd.DataFrame(
            {"model": ["m"], "dataset": ["d"], "kind": ["clean"], "name": ["c"], "accuracy": [0.2], "n": [LABELLED]}
        )
    ).iloc[0]
    row = measures.bars(measured[0], "accuracy").table.iloc[0]
    assert (row["value"], row["n"]) == (0.2, LABELLED)
    assert (row["low"], row["high"]) == pytest.approx((expected["low"], expected["high"]))
    curve = measures.curves(measured[0])
    assert curve["n"].eq(LABELLED).all()
    assert curve["low"].eq(expected["low"]).all()


def test_the_bootstrap_draws_labelled_images(measured: tuple[compare.Comparison, answers.Answers]) -> None:
    row = measures.bars(measured[0], "residual", answers=measured[1]).table.iloc[0]
    assert row["n"] == LABELLED
    assert (row["low"], row["value"], row["high"]) == (0, 0, 0)  # it answers the corrupted images as the clean ones


def test_steps_and_ranges_are_over_the_labelled_images(dataset: Dataset) -> None:
    """A model that says espresso to everything loses nothing, whatever is done: the interval of 0 tells the number of images."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[2].bias[dataset.classes.index("espresso")] = 1000.0  # type: ignore[union-attr, operator]
    model = Classifier(network, Card("mine", dataset.classes, 32, "mine"))
    nothing = paired_drop(np.zeros(LABELLED, bool), np.zeros(LABELLED, bool))
    with Store(shipped=False) as store:
        audited = severity.audit([model], dataset, "contrast", compute=True, images=1, store=store)
        calibrated = severity.calibrate(model, dataset, "laugros_contrast", store=store, halvings=0, doublings=1)
    assert audited.steps["accuracy"].eq(0.2).all()
    assert audited.steps[["drop", "low", "high"]].to_numpy().tolist() == [[0.0, nothing.low, nothing.high]] * 4
    assert (calibrated.clean_accuracy, calibrated.n) == (0.2, LABELLED)
