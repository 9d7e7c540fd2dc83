"""Accuracy against eps and transfer between models, drawn of a small table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustcore.figures import robust_accuracy
from robustcore.reports.attacks import robust_accuracy as reports


def test_white_box_and_black_box_differ_in_dash_and_marker() -> None:
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
    assert [t.name for t in figure.data if t.showlegend] == ["one", "two"]
    assert [t.line.dash for t in figure.data if t.showlegend] == ["solid", "solid"]


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


def test_only_models_that_craft_for_others_are_columns() -> None:
    names = list("abc")
    square = pd.DataFrame([[0.1, np.nan, np.nan], [0.5, 0.0, 0.7], [np.nan, np.nan, 0.2]], index=names, columns=names)
    table = reports.judged(square)
    assert list(table.columns) == ["itself", "b"]
    assert list(table.index) == ["c", "a", "b"]
    assert table.loc["c"].tolist() == [0.2, 0.7]
    figure = robust_accuracy.transfer_columns(table, footer="", alt="")
    assert figure.data[0].z.tolist() == [[20, 70], [10, 50], [0, 0]]


def test_rows_judge_and_columns_craft_for_few_models_and_for_many() -> None:
    crafted = pd.DataFrame([[0.1, 0.8], [0.5, 0.0]], index=["a", "b"], columns=["a", "b"])  # a row crafts
    few = robust_accuracy.transfer_heatmap(crafted.T, footer="", alt="")
    assert (few.layout.xaxis.title.text, few.layout.yaxis.title.text) == ("crafted on", "judged by")
    many = robust_accuracy.transfer_columns(reports.judged(crafted), footer="", alt="")
    judge, craft = list(few.data[0].y).index("b"), list(few.data[0].x).index("a")
    row = [text.partition(" (")[0] for text in many.layout.yaxis.ticktext].index("b")
    column = [text.lower() for text in many.layout.xaxis.ticktext].index("a")
    assert few.data[0].z[judge][craft] == many.data[0].z[row][column] == 80
