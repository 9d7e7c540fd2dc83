"""The figures of attacks, of robust accuracy and of the severity audit: what is drawn of a small table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore.figures import attack, robust_accuracy, severity_audit
from robustcore.reports.attacks import robust_accuracy as reports


def test_a_trajectory_leads_with_the_true_class_and_the_target() -> None:
    rows = [(q, 1.0 * q, c, p) for q in (1, 2) for c, p in (("fish", 0.2 * q), ("star", 0.7 / q), ("ring", 0.1))]
    table = pd.DataFrame(rows, columns=["query", "loss", "class", "probability"])
    figure = attack.trajectory(table, right="star", wanted="ring", chosen=2, footer="from here", alt="words")
    assert [t.name for t in figure.data] == ["star (true)", "ring (target)", "fish", "loss (right axis)"]
    assert list(figure.data[0].y) == pytest.approx([70, 35])
    assert figure.layout.meta["footer"] == "from here"


def test_a_sweep_tells_reached_from_not_reached() -> None:
    table = pd.DataFrame(
        {"shown": [0.0, 4.0], "probability": [0.9, 0.1], "success": [False, True], "answer": ["star", "fish"]}
    )
    figure = attack.eps_sweep(table, right="star", chosen=4.0, unit="n/255", footer="", alt="")
    drawn = {t.name: list(t.x) for t in figure.data if t.name}
    assert drawn == {"goal not reached": [0.0], "goal reached": [4.0]}


def test_curves_tell_white_box_from_black_box_without_colour() -> None:
    rows = [
        (m, "pgd", a, e, 0.5, 0.45, 0.55, 240)
        for m in ("one", "two")
        for a in ("white-box", "on three")
        for e in (0.0, 0.01)
    ]
    table = pd.DataFrame(rows, columns=["model", "attack", "access", "eps", "accuracy", "low", "high", "n"])
    figure = robust_accuracy.eps_curves(table, footer="", alt="")
    assert len(figure.data) == 4
    assert {t.line.dash for t in figure.data} == {"solid", "dash"}
    assert len({t.marker.symbol for t in figure.data}) == 2


def test_the_transfer_matrix_leaves_unknown_cells_empty() -> None:
    square = pd.DataFrame([[0.1, np.nan], [0.5, 0.0]], index=["a", "b"], columns=["a", "b"])
    figure = robust_accuracy.transfer_heatmap(square, footer="", alt="")
    assert np.isnan(figure.data[0].z[0][1])
    assert figure.data[0].z[1][0] == 50


def test_many_models_have_colours_and_the_hardest_to_fool_is_on_top() -> None:
    rows = [(f"m{i}", "pgd", "white-box", e, 0.9 - e * (20 - i), 240) for i in range(12) for e in (0.0, 0.01, 0.02)]
    table = pd.DataFrame(rows, columns=["model", "attack", "access", "eps", "accuracy", "n"])
    figure = robust_accuracy.budgets(table, footer="", alt="")
    assert figure.data[0].z.shape == (12, 2)
    assert figure.layout.yaxis.ticktext[0] == "m11 (90 %)"
    assert figure.layout.xaxis.ticktext == ("eps 2.55/255", "eps 5.1/255")
    assert (figure.data[0].z[:, 0] > figure.data[0].z[:, 1]).all()


def test_of_many_models_the_judges_are_rows_and_only_those_that_craft_for_others_are_columns() -> None:
    names = list("abc")
    square = pd.DataFrame([[0.1, np.nan, np.nan], [0.5, 0.0, 0.7], [np.nan, np.nan, 0.2]], index=names, columns=names)
    found = reports.judged(square)
    assert list(found.columns) == ["itself", "b"]
    assert list(found.index) == ["c", "a", "b"]
    assert found.loc["c"].tolist() == [0.2, 0.7]
    figure = robust_accuracy.transfer_columns(found, footer="", alt="")
    assert figure.data[0].z.tolist() == [[20, 70], [10, 50], [0, 0]]


def test_the_audit_draws_the_chosen_corruption_in_front_and_marks_odd_steps() -> None:
    table = pd.DataFrame(
        {
            "name": ["fog"] * 2 + ["snow"] * 2,
            "severity": [1, 2, 1, 2],
            "distance": [10.0, 20.0, 5.0, 4.0],
            "accuracy": [0.9, 0.8, 0.7, 0.75],
        }
    )
    figure = severity_audit.distance_curves(
        table, distance="distance", title="grey levels", chosen="fog", flagged={("snow", 2)}, footer="", alt=""
    )
    assert [t.name for t in figure.data] == ["Snow", "Fog", "not harder than the step before"]
    assert list(figure.data[2].x) == [4.0]
    assert list(figure.data[1].text) == ["1", "2"]
