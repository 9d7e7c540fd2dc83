"""Intervals of a comparison: drawn from the answers that the table was counted from, model and reference together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from robustcore import metrics
from robustcore.metrics import bootstrap
from robustcore.notes import kinds
from robustcore.reports import compare
from robustcore.reports.compare import answers, intervals, measures, references
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN
from tests.reports import worlds
from tests.reports.worlds import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.make(tmp_path_factory.mktemp("results") / "results.sqlite")


def both(world: World) -> tuple[compare.Comparison, Answers]:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    return gathered, answers.read(gathered, world.dataset, store=world.store)


def test_answers_count_to_the_tables_accuracies(world: World) -> None:
    gathered, read = both(world)
    assert set(gathered.rows["model"]) == {"one", "two"}
    for row in gathered.rows.to_dict("records"):
        right = read.right(row["model"], [row["condition"]])
        assert right is not None
        assert right[: row["n"]].mean() == pytest.approx(row["accuracy"])


@pytest.mark.parametrize("metric", [metric.name for metric in metrics.of_input("accuracies")])
def test_every_metric_of_the_images_themselves_is_the_tables_value(
    world: World, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every image drawn once, a drawing is the comparison."""
    gathered, read = both(world)
    monkeypatch.setattr(intervals, "_weights", lambda images: np.ones((1, images), np.float32))
    monkeypatch.setattr(bootstrap, "DRAWS", 1)
    sample = intervals.resample(gathered, read)
    values = intervals.values(sample, metrics.get(metric), "one")[0]
    table = measures.bars(gathered, metric, reference="one").table
    # Some metrics need all five severities: the table leaves them undefined.
    compared = table[table["value"].notna()]
    assert len(compared) >= 2
    for row in compared.to_dict("records"):
        own = values[sample.models.index(row["model"]), sample.labels.index(row["name"])]
        assert own == pytest.approx(row["value"], abs=1e-4, nan_ok=True), row["name"]  # undefined in both, or in none


def test_an_interval_is_that_of_a_loop_over_drawings(world: World) -> None:
    gathered, read = both(world)
    result = measures.bars(gathered, "ce", reference="one", answers=read)
    row = result.table[(result.table["model"] == "two") & (result.table["name"] == "contrast")].iloc[0]
    parts = gathered.rows[gathered.rows["label"] == "contrast"]
    names = list(parts.loc[parts["model"] == "two", "condition"])
    errors = {m: 1 - np.stack([read.cells[m, c].correct[:8] for c in names]).mean(axis=0) for m in ("one", "two")}
    quotients = []
    for weights in bootstrap.weights(read.images):
        images = [
            i for i in range(8) for _ in range(int(weights[i]))
        ]  # of the 12 that are drawn from, those they share
        quotients.append(100 * sum(errors["two"][i] for i in images) / sum(errors["one"][i] for i in images))
    assert row["low"] == pytest.approx(np.quantile(quotients, 0.025), abs=1e-3)
    assert row["high"] == pytest.approx(np.quantile(quotients, 0.975), abs=1e-3)


def test_every_defined_value_is_in_its_interval(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))  # which both have of all three corruptions
    read = answers.read(gathered, world.dataset, store=world.store)
    for metric in ("accuracy", "residual", "ce"):
        result = measures.bars(gathered, metric, reference="one", answers=read)
        for table in (result.table, result.means):
            known = table.dropna(subset=["low"])
            assert len(known)
            assert (known["low"] <= known["value"] + 1e-6).all()
            assert (known["value"] <= known["high"] + 1e-6).all()
            assert table.loc[table["value"].isna(), ["low", "high"]].isna().all(axis=None)


def test_a_model_against_itself_is_100_in_every_drawing(world: World) -> None:
    gathered = world.gather(world.one)
    read = answers.read(gathered, world.dataset, store=world.store)
    means = measures.bars(gathered, "ce", reference="one", answers=read).means.set_index("model")
    assert means.loc["one", ["low", "high"]].tolist() == pytest.approx([100, 100])


def test_without_intervals_there_are_none_but_wilsons(world: World) -> None:
    gathered, _ = both(world)
    assert measures.bars(gathered, "accuracy").table["low"].notna().all()
    assert measures.bars(gathered, "app").table["low"].isna().all()


def test_a_denominator_that_is_not_positive_leaves_no_interval(world: World) -> None:
    """`never` is right about none of its images: its clean accuracy is 0 in every drawing."""
    gathered = world.gather(world.never)
    read = answers.read(gathered, world.dataset, store=world.store)
    result = measures.bars(gathered, "app", answers=read)
    assert result.table[["value", "low", "high"]].isna().all(axis=None)


def test_what_has_no_interval_is_said(world: World) -> None:
    gathered = world.gather(world.one, world.two, severities=(1, 2))
    read = answers.read(gathered, world.dataset, store=world.store)
    cells = {key: cell for key, cell in read.cells.items() if key[0] == "one"}
    notes = measures.bars(gathered, "residual", answers=Answers(cells)).notes
    (note,) = (note for note in notes if note.kind == "no_interval")
    assert (note["model"], note["others"]) == ("two", 2)
    assert "no_interval" not in kinds(measures.bars(gathered, "residual", answers=read).notes)


def test_a_hand_worked_ratio() -> None:
    """Four images, all right when clean, the first two wrong when corrupted: APP is the share of the last two drawn."""
    right = {("m", CLEAN): [1, 1, 1, 1], ("m", "c"): [0, 0, 1, 1]}
    cells = {
        key: answers.Answered(np.zeros(4, np.int32), (1 - np.array(v)).astype(np.int32)) for key, v in right.items()
    }
    drawn = np.array([[1, 1, 1, 1], [0, 1, 3, 0], [4, 0, 0, 0]], np.float32)
    own, clean = (
        bootstrap.accuracies(drawn, Answers(cells).right("m", [c])[:, None])  # type: ignore[index]
        for c in ("c", CLEAN)
    )
    values = metrics.get("app")(accuracy=own, clean=clean)
    assert values[:, 0].tolist() == [0.5, 0.75, 0.0]


def test_printed_figures_are_not_drawn(world: World) -> None:
    gathered, read = both(world)
    sample = intervals.resample(gathered, read, ["two"])
    published = references.PublishedReference({"contrast": 0.5}, 0.9)
    values = intervals.values(sample, metrics.get("ce"), published)
    j = sample.labels.index("contrast")
    assert np.allclose(values[:, 0, j], 200 * (1 - sample.accuracy[:, 0, j]))
    assert np.isnan(values[:, 0, sample.labels.index("fog")]).all()
    assert math.isnan(
        intervals.of_means(pd.DataFrame({"model": ["two"], "value": [math.nan]}), sample, values)["low"][0]
    )
