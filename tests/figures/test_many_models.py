"""Figures that look closer: who is shown first of many models, ranks, two models, class by class."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from robustcore.figures import _style, compared
from robustcore.figures._emphasis import looks
from robustcore.figures._style import NEUTRAL
from robustcore.figures.comparing import class_by_class, paired, ranking_dots
from robustcore.reports.compare.closer import rank_test, two_models
from robustcore.reports.emphasis import Emphasis, choose
from tests.figures.test_compared import result

MODELS = result(20).models
FAMILIES = {model: "Standard training" if i < 10 else "Image augmentation" for i, model in enumerate(MODELS)}


def emphasised() -> Emphasis:
    return choose(result(20).means, FAMILIES, pinned=[MODELS[15]])


def test_what_is_not_shown_first_is_grey_and_a_pinned_model_has_a_colour_of_its_own() -> None:
    drawn = looks(MODELS, FAMILIES, emphasised())
    families = _style.of_groups(FAMILIES)
    others = {look.stroke.colour for look in drawn.values() if not look.is_first}
    assert others == {NEUTRAL}
    assert drawn[MODELS[0]].stroke.colour == families["Standard training"].colour
    pinned = drawn[MODELS[15]]
    assert pinned.is_pinned
    assert pinned.stroke.colour not in {NEUTRAL, *(stroke.colour for stroke in families.values())}


def test_the_ranking_of_many_has_the_first_by_name_and_a_row_for_each_family() -> None:
    figure = compared.models(result(20), families=FAMILIES, emphasis=emphasised())
    ticks = list(figure.layout.yaxis.ticktext)
    assert ticks[0].startswith("<b>16. ")  # the pinned one is on top, with its rank
    assert ticks[-2:] == ["Standard training (10)", "Image augmentation (10)"]
    assert figure.layout.xaxis.range[0] > 0  # fitted to what is drawn
    clicked = {c[0] for t in figure.data if t.customdata is not None for c in t.customdata}
    assert clicked == set(MODELS)


def test_severities_of_many_have_a_panel_for_each_family_with_its_median() -> None:
    table = pd.DataFrame(
        [
            {"model": m, "severity": s, "accuracy": 0.9 - 0.01 * i - 0.05 * s}
            for i, m in enumerate(MODELS)
            for s in range(6)
        ]
    )
    figure = compared.curves(table, families=FAMILIES, emphasis=emphasised())
    titles = {a.text.replace("<br>", " ") for a in figure.layout.annotations}
    assert titles == {"Standard training (10)", "Image augmentation (10)"}
    thick = [t for t in figure.data if t.line.width == 3 and t.customdata is None]
    assert [round(t.y[0], 6) for t in thick] == [85.5, 75.5]
    assert sum(t.customdata is not None for t in figure.data) >= 20  # each line leads to its images


def test_ranks_have_the_critical_difference_around_them() -> None:
    test = rank_test.mean_ranks(result(3))
    figure = ranking_dots.mean_ranks(test)
    dots = [t for t in figure.data if t.customdata is not None]
    assert [t.customdata[0][0] for t in dots] == list(test.table["model"])
    assert np.isclose(dots[0].error_x.array[0], test.critical_difference / 2)
    assert figure.layout.shapes[0].x1 == test.table["rank"][0] + test.critical_difference


def test_two_models_have_a_mean_and_a_dot_for_each_condition() -> None:
    rows = [
        ("fog", "weather", 0.1, 0.05, 0.15),
        ("snow", "weather", -0.02, -0.05, 0.01),
        ("contrast", "digital", math.nan, 0, 0),
    ]
    table = pd.DataFrame(
        [{"name": n, "family": f, "difference": d, "low": low, "high": high} for n, f, d, low, high in rows]
    ).assign(n=10, answers=10, only_first=2, only_second=1, both=6, neither=1, counted=1, reason="")
    mean = table.head(1).assign(name=two_models.MEAN, family="")
    figure = paired.paired_differences(pd.concat([mean, table], ignore_index=True), "a", "b", footer="The footer.")
    dots = {t.customdata[0][1]: t.marker.color for t in figure.data if t.customdata is not None}
    assert set(dots) == {two_models.MEAN, "fog", "snow"}
    assert dots["snow"] == NEUTRAL != dots["fog"]  # its interval has 0 in it
    assert _style.footer(figure) == "The footer."


def test_a_click_on_a_class_leads_to_the_model_and_the_condition() -> None:
    drops = pd.DataFrame(
        {"class": [0, 1], "name": "fog", "drop": [0.4, -0.1], "low": 0.0, "high": 0.5, "clean": 0.9, "accuracy": 0.5}
    ).assign(n=5, reason="")
    names = ["cat", "dog"]
    shares = pd.DataFrame(
        {
            "name": "fog",
            "class": [0, 0, 1, 1],
            "answer": [0, 1, 0, 1],
            "count": [3, 2, 1, 4],
            "share": [0.6, 0.4, 0.2, 0.8],
        }
    )
    for figure in (
        class_by_class.class_drops(drops, "m", names, footer=""),
        class_by_class.confusion_panels(shares, "m", names, footer=""),
    ):
        clicks = {tuple(c) for t in figure.data if t.customdata is not None for c in t.customdata}
        assert clicks == {("m", "fog")}
    (matrix,) = (t for t in figure.data if t.type == "heatmap")
    assert np.isnan(matrix.z[0][0])  # the diagonal is right
    assert matrix.z[0][1] == 40
