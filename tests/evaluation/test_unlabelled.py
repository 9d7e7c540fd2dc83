"""Images without labels, and images for which several classes are right."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import robustcore as rc
from robustcore.commands.evaluate import readable
from robustcore.datasets import load_dataset
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Store
from robustcore.metrics import with_metrics
from robustcore.models import Card, Classifier
from robustcore.reports import metric_columns

FOG = Condition("corruption", "brightness", 5)


class Bright(torch.nn.Module):
    """Answers class 1 to bright images and class 0 to dark ones, class 2 never."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = 8 * x.mean((1, 2, 3)) - 4
        return torch.stack([-bright, bright, torch.full_like(bright, -20)], dim=1)


def model(classes: tuple[str, ...]) -> Classifier:
    return Classifier(Bright(), Card("bright", classes, 32, "none"))


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """A dark, a middling and a bright image in one folder; brightness turns the middling one's answer."""
    (tmp_path / "flat").mkdir()
    for name, level in (("dark", 5), ("middling", 100), ("bright", 240)):
        Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(tmp_path / "flat" / f"{name}.png")
    return tmp_path / "flat"


def test_a_flat_folder_has_consistency_and_no_accuracy(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    request = EvaluationRequest.of(model(("a", "b", "c")), load_dataset(flat, side=32), [FOG])
    table = rc.evaluate(model(("a", "b", "c")), load_dataset(flat, side=32), [FOG], device="cpu")
    assert table["accuracy"].isna().all()
    assert table["reason"].str.contains("no labels").all()
    assert (table["labelled"] == 0).all()
    measured = metric_columns.add(table, ["consistency", "confidence_change"], "", request).set_index("kind")
    assert measured.loc["corruption", "consistency"] == pytest.approx(2 / 3)
    change = table.set_index("kind")["confidence"]
    expected = change["corruption"] - change["clean"]
    assert measured.loc["corruption", "confidence_change"] == pytest.approx(expected)
    assert abs(expected) > 0.01
    assert "%" not in readable(table)


def test_a_mean_over_severities_is_the_mean_of_confidences() -> None:
    rows = [("clean", "clean", None, 0.9), ("corruption", "fog", 1, 0.8), ("corruption", "fog", 2, 0.4)]
    import pandas as pd

    table = pd.DataFrame(rows, columns=["kind", "name", "severity", "confidence"]).assign(
        model="m", dataset="d", split="test", accuracy=math.nan, n=1
    )
    assert with_metrics(table, ["confidence_change"])["confidence_change"].tolist() == pytest.approx([0, -0.1, -0.5])
    by_condition = rc.metrics.tables.by_condition(table, ["confidence_change"]).set_index("kind")
    assert by_condition.loc["corruption", "confidence_change"] == pytest.approx(-0.3)


def test_attacks_are_refused_where_a_label_is_missing(flat: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "results.sqlite") as store:
        table = rc.evaluate(
            model(("a", "b", "c")), load_dataset(flat, side=32), ["fgsm"], device="cpu", store=store
        ).set_index("kind")
    assert table.loc["attack", "n"] == 0
    assert "no label" in table.loc["attack", "reason"]


def test_of_several_right_classes_the_answered_one_is_the_label() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0], [5.0, 0.0, 1.0], [0.0, 2.0, 3.0], [9.0, 0.0, 1.0]])
    labels = torch.tensor([2, 2, -1, 0])
    predictions = Predictions.of(logits, labels, torch.arange(4))
    relabelled = predictions.judged_by({2: (2, 1)})
    assert relabelled.labels.tolist() == [1, 2, -1, 0]
    assert relabelled.correct.tolist() == [True, False, False, True]
    counts = relabelled.counts()
    assert (counts.correct, counts.top5) == (2, 3)


def test_accuracy_of_photographs_is_over_those_with_a_label(tmp_path: Path) -> None:
    """A network that says "Egyptian cat" to everything is right on the cat and on nothing else."""
    classes = load_dataset("photographs").classes

    class Cat(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros(len(x), 1000, device=x.device)
            logits[:, classes.index("Egyptian cat")] = 5 + x.mean((1, 2, 3))
            return logits

    network = Classifier(Cat(), Card("cat", classes, 32, "imagenet"))
    dataset = load_dataset("photographs", side=32)
    labelled = int((dataset.labels >= 0).sum())
    with Store(tmp_path / "results.sqlite") as store:
        row = rc.evaluate(network, dataset, "clean", device="cpu", store=store).iloc[0]
    assert (row["n"], row["correct"]) == (len(dataset), 1)
    assert row["accuracy"] == pytest.approx(1 / labelled)
    assert row["labelled"] == pytest.approx(labelled / len(dataset))
