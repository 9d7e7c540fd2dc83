"""The shipped results: they match today's models, data and operations, and are what today's code computes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import robustcore as rc
from robustcore import paths
from robustcore.datasets import load_dataset
from robustcore.evaluation import Store, api, demo, tables
from robustcore.evaluation.plan import Cell, Group, Unit
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.runner import Result
from robustcore.evaluation.run.scorer import Scorer
from robustcore.reports.overview import unknown
from robustcore.training import zoo

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def cells() -> Sequence[Cell]:
    return demo.cells(demo.prepare())


def test_the_shipped_results_match_today_s_fingerprints(cells: Sequence[Cell]) -> None:
    """Fails as soon as a demo model, the scenes or a corruption has changed: then `make demo` computes them anew."""
    assert demo.is_current(cells)


def test_they_answer_for_every_model_of_the_zoo_on_all_test_images(cells: Sequence[Cell]) -> None:
    table = tables.table(cells, Store())
    assert set(table["model"]) == set(zoo.ZOO)
    whole = table["kind"].isin(["clean", "shift"]) | (table["kind"] == "corruption") & ~table["name"].str.startswith(
        "album_"
    )
    calibrated = table["name"].str.startswith("laugros_scenes_")  # on the images that the ranges are calibrated on
    assert table.loc[calibrated, "n"].tolist() == [1200] * 9 * len(zoo.ZOO)
    whole &= ~calibrated
    whole &= table["name"] != "scenes/filtered"  # what one model fails on are fewer
    whole &= ~table["name"].str.startswith("factor/")  # of some models, on fewer images
    assert (table.loc[whole, "n"] == len(load_dataset("scenes"))).all()
    autoattack = table["name"] == "autoattack"  # of three models, on fewer images
    assert (table.loc[table["kind"].isin(["sequence", "attack"]) & ~autoattack, "n"] == 240).all()
    assert table.loc[autoattack, "n"].tolist() == [48] * 6
    assert {"sequence", "attack", "shift"} <= set(table["kind"])
    assert table["shipped"].all()
    assert (table.loc[table["name"] != "scenes/unknown", "reason"] == "").all()
    assert table["confidence"].between(0, 1).all()


def test_the_shipped_scores_separate_unknown_shapes_from_known_ones() -> None:
    table = unknown.gather([rc.load_model("scenes/resnet-standard")], load_dataset("scenes"))
    assert table["auroc"].between(0.7, 0.95).all()
    assert (table["known"] == 2400).all()


def test_the_models_are_good_on_clean_images_and_fall_under_noise(cells: Sequence[Cell]) -> None:
    table = tables.table(cells, Store())
    table = table[table["model"].str.endswith("standard")]
    assert (table.loc[table["kind"] == "clean", "accuracy"] >= 0.90).all()
    noise = table[(table["kind"] == "corruption") & (table["name"] == "gaussian_noise") & (table["severity"] == 5)]
    assert len(noise) == 2
    assert (noise["accuracy"] < 0.50).all()


@pytest.mark.parametrize(("images", "step"), [(16, 3), pytest.param(64, 1, marks=pytest.mark.slow)])
def test_they_are_what_today_s_code_computes(cells: Sequence[Cell], images: int, step: int) -> None:
    """The first images of a few conditions, computed again: equal, but for a borderline image on another processor."""
    wanted = [c for c in cells if c.condition.kind in ("clean", "corruption") and c.condition.severity in (None, 3)]
    wanted = [c for c in wanted if c.condition.name in ("clean", "gaussian_noise", "jpeg_compression", "fog")]
    assert {(c.model.name, c.condition.name) for c in wanted} == set(
        itertools.product(zoo.ZOO, ("clean", "gaussian_noise", "jpeg_compression", "fog"))
    )
    some = list(zoo.ZOO)[::step]
    wanted = [c for c in wanted if c.model.name in some]
    models = {key: rc.load_model(name) for key, name in {(c.key.model, c.model.name) for c in wanted}}
    scorer = Scorer(models, load_dataset("scenes"), device=torch.device("cpu"))
    for condition in {c.condition: None for c in wanted}:
        agreeing = []
        units = tuple(Unit(cell, 0, images) for cell in wanted if cell.condition == condition)
        for unit, result in zip(units, scorer.run(Group(condition, 0, images, units)), strict=True):
            assert isinstance(result, Result)
            shipped = Store().predictions(unit.cell)
            assert shipped is not None
            assert (shipped.labels[:images] == result.predictions.labels).all()
            agreeing.append(np.mean(shipped.classes[:images, 0] == result.predictions.classes[:, 0]))
            assert agreeing[-1] >= 1 - 1 / images, (unit.cell.model.name, str(condition))
        assert np.mean(agreeing) >= 0.995, str(condition)


def test_they_say_where_they_come_from() -> None:
    connection = sqlite3.connect(f"{demo.path().as_uri()}?mode=ro&immutable=1", uri=True)
    runs = connection.execute("SELECT device, versions, command FROM runs").fetchall()
    seeds = connection.execute("SELECT DISTINCT seed FROM cells").fetchall()
    connection.close()
    assert seeds == [(demo.SEED,)]
    for device, versions, command in runs:
        assert device
        assert '"torch"' in versions
        assert command.startswith("robustcore ")
        assert str(Path.home()) not in command


def test_they_are_small_and_can_be_opened_where_nothing_can_be_written() -> None:
    connection = sqlite3.connect(f"{demo.path().as_uri()}?mode=ro&immutable=1", uri=True)
    units = connection.execute("SELECT count(*) FROM units").fetchone()[0]
    assert demo.path().stat().st_size < min(250 * units, 15_000_000)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] in ("delete", "off")
    connection.close()


def test_shipping_keeps_counts_and_one_class_per_image(
    tmp_path: Path, make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = api.prepare(EvaluationRequest.of(make_model(), make_dataset(300), "fog", severities=[5], limit=280))
    with Store(shipped=False) as store:
        whole = rc.evaluate(make_model(), make_dataset(300), "fog", severities=[5], store=store)
        demo.ship(prepared.cells, store, tmp_path / "assets" / "results" / "demo.sqlite")
    monkeypatch.setattr(paths, "assets", lambda: tmp_path / "assets")
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "fresh"))
    table = tables.table(prepared.cells, Store())
    assert table["n"].tolist() == [280, 280]
    assert table["shipped"].all()
    assert table["confidence"].notna().all()
    read = Store().predictions(prepared.cells[1])
    assert read is not None
    assert (read.ids, read.logits, read.classes.shape) == (None, None, (280, 1))
    assert whole["n"].tolist() == [300, 300]
    assert demo.is_current(prepared.cells)
    assert not demo.is_current(
        [*prepared.cells, *api.prepare(EvaluationRequest.of(make_model("b", 0.1), make_dataset(300), "clean")).cells]
    )
    assert not demo.is_current(prepared.cells[:1])  # a row too many is out of date as well
    new = api.prepare(EvaluationRequest.of(make_model(), make_dataset(300), ["fog", "snow"], severities=[5], limit=280))
    assert demo.is_current(new.cells)  # a condition that is not shipped is simply not there
    assert demo.is_complete(prepared.cells)
    assert not demo.is_complete(new.cells)
    assert [p.name for p in (tmp_path / "assets" / "results").iterdir()] == ["demo.sqlite"]


def test_looking_whether_the_demo_is_current_does_not_touch_it() -> None:
    before = demo.path().stat()
    demo.is_current([])
    after = demo.path().stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
