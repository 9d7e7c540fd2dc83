"""The figures of a comparison, for one model, a few, and forty with long names: what is drawn, and in which order."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from robustcore import metrics
from robustcore.figures import _style, compared, heatmap, to_html
from robustcore.figures._style import PALETTE
from robustcore.figures.bars import Scale
from robustcore.figures.scatter import undominated
from robustcore.reports.compare import effective
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer

CONDITIONS = {"gaussian_noise": "noise", "fog": "weather", "contrast": "digital"}


def result(models: int, metric: str = "accuracy", reference: str = "") -> Bars:
    names = [f"own/model-{m:02d}" + ("-with-a-name-of-eighty-characters" * 2 if m == 1 else "") for m in range(models)]
    factor = 100 if metrics.get(metric).reference else 1
    rows = [
        {
            "model": m,
            "name": c,
            "family": f,
            "value": factor * (0.9 - 0.01 * i),
            "low": factor * 0.4,
            "high": factor * 0.95,
            "clean": 0.9,
            "n": 64,
            "severities": "1 2 3 4 5",
            "reason": "",
        }
        for c, f in CONDITIONS.items()
        for i, m in enumerate(names)
    ]
    table = pd.DataFrame(rows)
    means = table.groupby("model", sort=False)[["value", "low", "high", "clean"]].mean().reset_index()
    footer = Footer(before=("The footer.",))
    return Bars(metric, reference, table, means.assign(conditions=3, reason=""), (), footer, tuple(names))


@pytest.mark.parametrize("models", [1, 4, 40])
@pytest.mark.parametrize(
    "draw", [compared.conditions, compared.models, compared.table, lambda r: compared.gains(r, "b")]
)
def test_every_figure_is_drawn_for_one_model_and_for_forty(models: int, draw: object) -> None:
    made = result(models)
    figure = draw(made)  # type: ignore[operator]
    assert _style.footer(figure) == "The footer."
    assert _style.alt(figure)
    in_legend = [t.name or "" for t in figure.data if t.showlegend is not False and figure.layout.showlegend]
    assert all(len(name) <= 50 for name in in_legend)
    assert len(in_legend) <= 5  # forty models have none
    assert b"Save SVG" in to_html(figure, title="A <title>")


def test_a_click_reports_model_and_condition() -> None:
    for models in (2, 40):  # bars, and dots
        traces = [t for t in compared.conditions(result(models)).data if t.customdata is not None]
        assert sorted({tuple(c) for t in traces for c in t.customdata}) == sorted(
            (m, c) for m in result(models).models for c in CONDITIONS
        )


def test_the_ranking_has_the_best_on_top_whatever_the_metric() -> None:
    accuracies = next(t for t in compared.models(result(3)).data if t.type == "bar")
    assert [c[0] for c in accuracies.customdata] == result(3).models  # the first has the highest accuracy
    assert list(accuracies.y) == sorted(accuracies.y)
    errors = next(t for t in compared.models(result(3, "ce", "own/model-00"), "fog").data if t.type == "bar")
    assert [c[0] for c in errors.customdata] == result(3).models[::-1]  # and the highest error


def test_a_model_keeps_its_colour_whatever_is_left_out() -> None:
    whole = result(3)
    rest = Bars(**(vars(whole) | {"table": whole.table[whole.table["model"] != whole.models[0]]}))
    drawn = {t.customdata[0][0]: t.marker.color for t in compared.gains(rest, "b").data if t.type == "bar"}
    expected = _style.strokes(list(whole.among))
    assert drawn == {m: expected[m].colour for m in whole.models[1:]}


def test_what_chance_may_explain_is_pale() -> None:
    made = result(1)
    made.table.loc[made.table["name"] == "fog", ["low", "high"]] = [-0.1, 0.3]
    (bar,) = (t for t in compared.gains(made, "b").data if t.type == "bar")
    pale = dict(zip((c[1] for c in bar.customdata), bar.marker.opacity, strict=True))
    assert pale["fog"] < pale["contrast"] == 1


def test_an_undefined_cell_is_a_dash_with_its_reason() -> None:
    made = result(2)
    made.table.loc[0, ["value", "reason"]] = [math.nan, "the clean accuracy is 0"]
    dash = next(t for t in compared.table(made).data if t.type == "scatter")
    assert list(dash.text) == ["–"]
    assert "the clean accuracy is 0" in dash.hovertext[0]


def test_many_models_have_the_colours_of_how_they_were_trained() -> None:
    made = result(14)
    families = {m: "Standard training" if i < 7 else "Fooling images" for i, m in enumerate(made.models)}
    ranked = compared.models(made, families=families)
    (bar,) = (t for t in ranked.data if t.type == "bar" and t.customdata is not None)
    assert {(families[c[0]], colour) for c, colour in zip(bar.customdata, bar.marker.color, strict=True)} == {
        ("Standard training", PALETTE[0]),
        ("Fooling images", PALETTE[1]),
    }
    for figure in (ranked, compared.conditions(made, families=families)):
        named = {t.name: t.marker for t in figure.data if t.showlegend is None and t.name}
        assert {name: marker.color for name, marker in named.items()} == {
            "Standard training": PALETTE[0],
            "Fooling images": PALETTE[1],
        }
        shapes = {marker.symbol if "symbol" in marker else marker.pattern.shape for marker in named.values()}
        assert len(shapes) == 2  # nobody has to tell the colours apart
        assert figure.layout.showlegend


def test_a_click_on_a_family_in_the_legend_isolates_it() -> None:
    made = result(14)
    families = {m: "Standard training" if i < 7 else "Fooling images" for i, m in enumerate(made.models)}
    figure = compared.conditions(made, families=families)
    dots = {t.name: t.legendgroup for t in figure.data if t.name in families}
    assert dots == families
    assert figure.layout.legend.itemclick == "toggleothers"


def test_the_alternative_text_says_the_result() -> None:
    made = result(14)
    for figure in (compared.models(made), compared.conditions(made), compared.table(made)):
        assert made.models[0] in _style.alt(figure)
        assert made.models[-1] in _style.alt(figure)


def test_names_on_the_edge_do_not_lie_over_each_other() -> None:
    x = [0.9, 0.899, 0.898, 0.80, *[0.5] * 9]
    y = [0.80, 0.801, 0.802, 0.90, *[0.5] * 9]
    table = pd.DataFrame({"model": [f"m{i}" for i in range(13)], "x": x, "y": y})
    figure = compared.trade_off(table, "clean (%)", "corrupted (%)")
    assert {t.name for t in figure.data if t.mode == "markers+text"} == {"m2", "m3"}


def test_the_models_that_none_outdoes() -> None:
    table = pd.DataFrame({"model": list("abcd"), "x": [0.9, 0.8, 0.8, 0.7], "y": [0.5, 0.6, 0.5, 0.6]})
    assert undominated(table) == ["a", "b"]


def test_a_trend_has_logit_axes_and_names_what_was_chosen() -> None:
    clean = np.linspace(0.5, 0.9, 30)
    population = effective.over(
        pd.DataFrame({"model": [f"m{i}" for i in range(30)], "clean": clean, "shifted": clean - 0.1})
    )
    figure = compared.trend(population, "shifted (%)", chosen=("m3",))
    assert [t.name for t in figure.data] == ["30 models", "trend line", "as on clean images", "m3"]
    line = figure.data[1]
    assert np.diff(line.y) / np.diff(line.x) == pytest.approx(np.full(59, population.line.slope))
    assert "50" in figure.layout.xaxis.ticktext


def test_error_ratios_begin_at_zero_and_reach_beyond_one() -> None:
    rows = [
        {
            "model": "m",
            "family": f,
            "severity": s,
            "value": 0.5 + 0.2 * s,
            "low": 0.4,
            "high": 2.0,
            "error": 0.1,
            "baseline_error": 0.2,
        }
        for f in ("weather", "noise")
        for s in range(6)
    ]
    figure = compared.error_ratios(pd.DataFrame(rows), "b")
    assert [a.text for a in figure.layout.annotations] == ["Noise", "Weather"]
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] > 2


def test_what_chance_may_explain_is_pale_among_many_models_too() -> None:
    made = result(40)
    sure = made.table["model"] == made.among[0]
    table = made.table.assign(low=np.where(sure, 0.1, -0.1), high=0.2)
    figure = compared.gains(dataclasses.replace(made, table=table), "b")
    opacity = {t.name: t.marker.opacity for t in figure.data if t.mode == "markers" and t.customdata is not None}
    names = list(opacity)
    assert min(opacity[names[0]]) > 2 * max(opacity[names[1]])


def test_values_on_both_sides_of_the_reference_have_two_hues() -> None:
    table = pd.DataFrame([("a", "x", -0.2), ("a", "y", 0.3)], columns=["model", "name", "value"])
    signed = heatmap.heatmap(table, Scale("gain", reference=0), footer="", alt="").data[0]
    assert signed.zmid == 0
    plain = heatmap.heatmap(
        table.assign(value=table["value"].abs()), Scale("gain", reference=0), footer="", alt=""
    ).data[0]
    assert plain.zmid is None
    assert signed.colorscale != plain.colorscale


def test_every_marker_that_a_trend_picks_out_is_named_beside_it_or_in_the_legend() -> None:
    table = pd.DataFrame(
        {"model": list("abcdefghij"), "clean": np.linspace(0.5, 0.9, 10), "shifted": np.linspace(0.3, 0.7, 10)}
    )
    figure = compared.trend(effective.over(table), "shifted (%)", chosen=("h", "i", "j"))
    marked = [t for t in figure.data if t.marker.size == 12]
    assert len(marked) == 3
    assert all(("text" in t.mode) != bool(t.showlegend) for t in marked)


def test_a_click_on_a_cell_reports_model_and_condition_and_an_undefined_one_none() -> None:
    made = result(2)
    made.table.loc[0, ["value", "reason"]] = [math.nan, "the clean accuracy is 0"]
    squares = next(t for t in compared.table(made).data if t.customdata is not None)
    assert len(squares.customdata) == len(made.table) - 1
    assert {name for _, name in squares.customdata} == set(CONDITIONS)


def test_of_few_models_each_is_named_beside_its_point_or_in_the_legend() -> None:
    table = pd.DataFrame({"model": list("abc"), "x": [0.5, 0.501, 0.9], "y": [0.4, 0.401, 0.8]})
    points = [t for t in compared.trade_off(table, "clean (%)", "corrupted (%)").data if t.marker.size == 11]
    assert len(points) == 3
    assert [("text" in t.mode) != bool(t.showlegend) for t in points] == [True] * 3
    assert any(t.showlegend for t in points)
