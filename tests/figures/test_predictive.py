"""Figures of benchmarks: what is drawn is what the table says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore.figures import _style, predictive


def test_each_benchmark_has_a_mark_with_its_interval_for_each_set() -> None:
    table = pd.DataFrame(
        {
            "benchmark": ["mine", "mine", "ImageNet-C", "ImageNet-C"],
            "natural": ["sketch", "view"] * 2,
            "r": [0.5, np.nan, 0.3, -0.2],
            "low": [0.2, np.nan, 0.0, -0.5],
            "high": [0.7, np.nan, 0.5, 0.1],
            "models": 24,
            "reason": "",
        }
    )
    figure = predictive.predicted(table, footer="of 24 models", alt="correlations", names={"sketch": "Sketch"})
    mine, other = figure.data
    assert (mine.name, list(mine.x)) == ("mine", [0.5])  # what is undefined is not drawn
    assert list(other.x) == [0.3, -0.2]
    np.testing.assert_allclose(mine.error_x.array, [0.2])
    np.testing.assert_allclose(other.error_x.arrayminus, [0.3, 0.3])
    assert "+0.50" in mine.hovertext[0]
    assert "24 models" in mine.hovertext[0]
    # Marks of one set stand between the lines that part the sets.
    assert 0 < mine.y[0] < other.y[0] < other.y[1]
    assert list(figure.layout.yaxis.ticktext) == ["Sketch", "view"]
    assert _style.footer(figure) == "of 24 models"


def test_rows_stand_below_the_heading_of_their_group() -> None:
    table = pd.DataFrame(
        {
            "name": ["fog", "snow", "blur"],
            "value": [0.4, 0.2, 0.1],
            "low": [0.3, 0.1, 0.0],
            "high": [0.5, 0.3, 0.2],
            "group": ["covered", "covered", "not covered"],
            "hover": ["a", "b", "c"],
        }
    )
    figure = predictive.rows(table, "overlap", footer="f", alt="a", reference=0.1, reference_label="margin")
    assert list(figure.layout.yaxis.ticktext) == ["<b>covered</b>", "fog", "snow", "<b>not covered</b>", "blur"]
    places = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert [*figure.data[0].y, *figure.data[1].y] == [places["fog"], places["snow"], places["blur"]]
    assert figure.layout.shapes[0].x0 == 0.1


@pytest.mark.parametrize("x", ["couple", "deviation"])
def test_the_mean_is_the_thick_line_and_documents_are_dotted(x: str) -> None:
    places = {"couple": ["2 × 3", "6 × 1"], "deviation": [0.0, 1.2]}[x]
    table = pd.DataFrame(
        {
            x: places * 2,
            "natural": ["sketch", "sketch", "mean", "mean"],
            "r": [0.4, 0.5, 0.45, 0.55],
            "sd": 0.1,
            "models": 24,
            "benchmarks": 1000,
        }
    )
    figure = predictive.lines(
        table,
        x,
        "axis",
        footer="f",
        alt="a",
        beside={places[0]: 0.7, "elsewhere": 0.1},
        beside_label="thesis",
        marks={"ImageNet-C": 0.6},
    )
    sketch, mean, thesis, level = figure.data
    assert level.name == "ImageNet-C"
    assert list(mean.y) == [0.45, 0.55]
    assert mean.line.width > sketch.line.width
    assert (list(thesis.x), list(thesis.y), thesis.line.dash) == ([places[0]], [0.7], "dot")
    assert figure.layout.shapes[0].y0 == 0.6
    assert figure.layout.xaxis.type == ("category" if x == "couple" else None)
