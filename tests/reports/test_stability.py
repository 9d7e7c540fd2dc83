"""The stability report, on a dataset and a network small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from robustcore import sequences
from robustcore.datasets import load_dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import evaluate
from robustcore.models.classifier import Card, Classifier
from robustcore.reports import stability
from robustcore.sequences import stability as arithmetic


def network(name: str, seed: int) -> Classifier:
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 64, 12))
    return Classifier(layers, Card(name, load_dataset("scenes").classes, 64, "scenes", architecture=name)).eval()


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Classifier], Path]:
    store = tmp_path_factory.mktemp("results") / "results.sqlite"
    models = [network("one", 1), network("two", 2)]
    evaluate(models, load_dataset("scenes"), stability.conditions(), limit=6, store=store)
    return models, store


def test_rates_against_a_model_of_ones_own(evaluated: tuple[list[Classifier], Path]) -> None:
    models, store = evaluated
    report = stability.table(models, "scenes", reference="one", limit=6, store=store)
    assert len(report.rows) == 20
    own = report.rows[report.rows["model"] == "one"]
    defined = own["flip_rate"].dropna()
    assert len(defined)
    assert np.allclose(defined, 1)
    assert (own.loc[own["flip_rate"].isna(), "flip_rate_reason"] != "").all()
    assert set(report.means["model"]) == {"one", "two"}


def test_alexnet_is_the_published_one(evaluated: tuple[list[Classifier], Path]) -> None:
    models, store = evaluated
    report = stability.table(models[1:], "scenes", limit=6, store=store)
    row = report.rows.set_index("name").loc["tilt"]
    assert row["flip_rate"] == pytest.approx(row["flip_probability"] / 0.0705)
    assert row["t5d"] == pytest.approx(row["top5_distance"] / 1.75)
    assert report.means["mfr"].item() == pytest.approx(report.rows["flip_rate"].mean())


@pytest.mark.parametrize("difficulty", [2, 3])
def test_alexnet_has_no_figures_for_the_other_difficulties(
    evaluated: tuple[list[Classifier], Path], difficulty: int
) -> None:
    models, store = evaluated
    condition = stability.conditions(difficulty=difficulty)[:1]
    evaluate(models[1:], load_dataset("scenes"), condition, limit=6, store=store)
    report = stability.table(models[1:], "scenes", difficulty=difficulty, limit=6, store=store)
    row = report.rows.set_index("name").loc[condition[0].name]
    assert row["n"] == 6
    assert np.isnan(row["flip_rate"])
    assert np.isnan(row["t5d"])
    assert str(difficulty) in row["flip_rate_reason"]
    assert str(difficulty) in row["t5d_reason"]


def test_the_stored_flips_are_those_of_the_frames(evaluated: tuple[list[Classifier], Path]) -> None:
    models, store = evaluated
    report = stability.table(models[:1], "scenes", reference="one", limit=6, store=store)
    stored = report.rows.set_index("name").loc["rotate", "flip_probability"]
    dataset = load_dataset("scenes")
    flips = []
    for place in range(6):
        frames = sequences.frames(dataset.source(place), "rotate", side=64, id=int(dataset.ids[place]))
        with torch.no_grad():
            classes = models[0](torch.from_numpy(frames).permute(0, 3, 1, 2)).argmax(1).numpy()
        flips.append(arithmetic.flip_probability(classes[None], "rotate")[0])
    assert stored == pytest.approx(np.mean(flips), abs=1e-6)


def test_an_unknown_reference_is_refused(evaluated: tuple[list[Classifier], Path]) -> None:
    models, store = evaluated
    with pytest.raises(InvalidArgumentError, match="none of the models"):
        stability.table(models, "scenes", reference="three", limit=6, store=store)
