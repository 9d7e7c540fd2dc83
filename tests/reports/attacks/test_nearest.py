"""Robust accuracy against eps from the smallest changes that fool a model."""

from __future__ import annotations

import math

import numpy as np
import pytest

import robustcore as rc
from robustcore.evaluation import Condition, Store, api
from robustcore.figures import under_attack as figures
from robustcore.reports.attacks import nearest

MODEL = "scenes/resnet-standard"


def test_the_curve_falls_where_an_image_is_reached() -> None:
    curve = nearest._curve(np.array([0.0, 0.1, 0.1, 0.3, np.inf]))
    assert curve["eps"].tolist() == [0, 0.1, 0.3]
    assert curve["value"].tolist() == pytest.approx([0.8, 0.4, 0.2])
    assert (curve["n"] == 5).all()


def test_the_median_and_where_it_lies_by_order() -> None:
    distances = np.arange(101) / 100
    value, low, high = nearest.median(distances)
    assert value == 0.5
    # Of 101 values the 41st to the 61st (binomial, 95 %).
    assert low == pytest.approx(0.40, abs=0.011)
    assert high == pytest.approx(0.60, abs=0.011)
    assert math.isinf(nearest.median(np.array([0.1, np.inf, np.inf]))[0])


def test_curves_of_stored_runs_in_both_norms(own_cache: object) -> None:
    runs = [Condition("attack", "fmn", params=(("norm", norm), ("steps", 12))) for norm in ("linf", "l2")]
    with Store(shipped=False) as store:
        table = rc.evaluate(MODEL, "scenes", [*runs, Condition("attack", "fgsm")], limit=8, store=store)
        data = rc.load_dataset("scenes")
        curves = nearest.curves(api.stored_subjects(data, store), data, store=store)
    clean = float(table.loc[table["kind"] == "clean", "accuracy"].iloc[0])
    assert list(curves.columns) == nearest.COLUMNS
    assert [(m.norm, m.attacks) for m in curves.attrs["medians"]] == [("linf", ("FMN",)), ("l2", ("FMN",))]
    for norm, rows in curves.groupby("norm", sort=False):
        assert rows["value"].iloc[0] == pytest.approx(clean), norm
        assert rows["value"].is_monotonic_decreasing
        assert ((rows["low"] <= rows["value"]) & (rows["value"] <= rows["high"])).all()
        assert (rows["n"] == 8).all()
    rows = nearest.drawn(curves, "linf", [MODEL])
    drawn = figures.nearest_curves(rows, footer=nearest.footer(rows))
    assert len(drawn.data) == 3


def test_nothing_is_stored(own_cache: object) -> None:
    with Store(shipped=False) as store:
        rc.evaluate(MODEL, "scenes", Condition("attack", "fgsm"), limit=2, store=store)
        data = rc.load_dataset("scenes")
        curves = nearest.curves(api.stored_subjects(data, store), data, store=store)
    assert curves.empty
    assert curves.attrs["medians"] == ()
