"""Bars: what is drawn where, and how an undefined value is told from a zero."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest

from robustcore.figures import _style, bars

PERCENT = bars.Scale("accuracy (%)", 100, ".1f", " %", (0, 100))


def table(models: int = 2) -> pd.DataFrame:
    rows = [
        {"model": f"model {m}", "name": name, "group": group, "value": 0.9 - 0.1 * m, "low": 0.7, "high": 0.95, "n": 64}
        for name, group in (("gaussian_noise", "Noise"), ("shot_noise", "Noise"), ("fog", "Weather"))
        for m in range(models)
    ]
    return pd.DataFrame(rows)


def test_one_bar_for_each_model_and_condition() -> None:
    figure = bars.condition_bars(table(), PERCENT, footer="64 images", alt="bars", legend={"model 0": "first"})
    drawn = figure.select_traces(selector={"type": "bar"})
    assert {trace.name: list(trace.x) for trace in drawn} == {"first": [90.0] * 3, "model 1": [80.0] * 3}
    assert list(figure.layout.yaxis.ticktext) == [
        "<b>Noise</b>",
        "Gaussian noise",
        "Shot noise",
        "<b>Weather</b>",
        "Fog",
    ]
    assert _style.footer(figure) == "64 images"


def test_bars_of_one_condition_stand_together_and_apart_from_the_next() -> None:
    figure = bars.condition_bars(table(3), PERCENT, footer="", alt="")
    places = [list(t.y) for t in figure.select_traces(selector={"type": "bar"})]
    by_condition = list(zip(*places, strict=True))
    within = max(b - a for ys in by_condition for a, b in itertools.pairwise(sorted(ys)))
    between = min(min(b) - max(a) for a, b in itertools.pairwise(by_condition))
    assert within < between


def test_undefined_is_said_with_its_reason_and_is_no_bar() -> None:
    rows = table(1).assign(reason="")
    rows.loc[1, ["value", "low", "high"]] = math.nan
    rows.loc[1, "reason"] = "the clean accuracy is 0"
    figure = bars.condition_bars(rows, PERCENT, footer="", alt="")
    (bar,) = figure.select_traces(selector={"type": "bar"})
    assert len(bar.x) == 2
    traces = [t for t in figure.data if t.type == "scatter" and t.hovertext is not None]
    assert list(traces[0].hovertext) == ["the clean accuracy is 0"]


def test_intervals_are_drawn_from_the_value() -> None:
    (bar, *_) = bars.condition_bars(table(1), PERCENT, footer="", alt="").select_traces(selector={"type": "bar"})
    assert list(bar.error_x.array) == pytest.approx([5.0] * 3)
    assert list(bar.error_x.arrayminus) == pytest.approx([20.0] * 3)


def test_the_axis_reaches_the_reference_and_below_zero() -> None:
    rows = table(1).drop(columns=["low", "high"]).assign(value=[-0.1, 0.2, 0.3])
    figure = bars.condition_bars(
        rows, bars.Scale("CE (%)", 100, ".0f", reference=100, reference_label="me"), footer="", alt=""
    )
    low, high = figure.layout.xaxis.range
    assert low > -11  # cut at zero unless the scale leaves the end open
    assert high >= 100
    figure = bars.condition_bars(rows, bars.Scale("points", 100, ".0f", limits=(None, None)), footer="", alt="")
    assert figure.layout.xaxis.range[0] <= -10


def test_forty_models_and_long_names_are_drawn() -> None:
    rows = table(40)
    rows["model"] = rows["model"] + " with a name of eighty characters, which is more than a legend has room for"
    figure = bars.condition_bars(rows, PERCENT, footer="", alt="")
    assert len(list(figure.select_traces(selector={"type": "bar"}))) == 40
    assert max(len(t.name) for t in figure.select_traces(selector={"type": "bar"})) <= 30


def test_a_mark_is_a_line_through_all_bars() -> None:
    figure = bars.condition_bars(table(2), PERCENT, footer="", alt="", marks={"model 0": 0.95, "model 1": math.nan})
    lines = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
    assert [list(line.x) for line in lines] == [[95.0, 95.0]]
