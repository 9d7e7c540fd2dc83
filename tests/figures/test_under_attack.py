"""Accuracy against eps and transfer between models, drawn of a small table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from robustcore.figures import under_attack
from robustcore.reports.attacks import robust_accuracy as reports


def test_white_box_and_black_box_differ_in_dash_and_marker() -> None:
    rows = [
        (m, "pgd", a, e, 0.5, 0.45, 0.55, 240)
        for m in ("one", "two")
        for a in ("white-box", "on three")
        for e in (0.0, 0.01)
    ]
    table = pd.DataFrame(rows, columns=["model", "attack", "access", "eps", "accuracy", "low", "high", "n"]).assign(
        condition=""
    )
    figure = under_attack.eps_curves(table, footer="")
    assert len(figure.data) == 4
    assert {t.line.dash for t in figure.data} == {"solid", "dash"}
    assert len({t.marker.symbol for t in figure.data}) == 2
    assert [t.name for t in figure.data if t.showlegend] == ["one", "two"]
    assert [t.line.dash for t in figure.data if t.showlegend] == ["solid", "solid"]


def test_many_models_have_colours_and_the_hardest_to_fool_is_on_top() -> None:
    rows = [(f"m{i}", "pgd", "white-box", e, 0.9 - e * (20 - i), 240) for i in range(12) for e in (0.0, 0.01, 0.02)]
    table = pd.DataFrame(rows, columns=["model", "attack", "access", "eps", "accuracy", "n"]).assign(condition="")
    figure = under_attack.budgets(table, footer="")
    assert figure.data[0].z.shape == (12, 2)
    assert figure.layout.yaxis.ticktext[0] == "m11 (90 %)"
    assert figure.layout.xaxis.ticktext == ("eps 2.55/255", "eps 5.1/255")
    assert (figure.data[0].z[:, 0] > figure.data[0].z[:, 1]).all()


def transfers(accuracy: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Curves of PGD at one budget: (judge, crafted on or "") -> accuracy, with what the figure of transfer is made of."""
    rows = [
        (judge, "pgd", f"on {craft}" if craft else "white-box", craft, 0.01, 240, value, 0.0, 1.0, f"{judge}<{craft}")
        for (judge, craft), value in accuracy.items()
    ]
    columns = ["model", "attack", "access", "surrogate", "eps", "n", "accuracy", "low", "high", "condition"]
    return reports.transfers(pd.DataFrame(rows, columns=columns), 0.01)


def test_rows_judge_columns_craft_and_only_models_that_craft_for_others_are_columns() -> None:
    table = transfers({("a", ""): 0.1, ("b", ""): 0.0, ("c", ""): 0.2, ("a", "b"): 0.5, ("c", "b"): 0.7})
    assert list(dict.fromkeys(table["model"])) == ["c", "a", "b"]  # the hardest to fool on top
    assert list(dict.fromkeys(table["name"])) == ["itself", "b"]
    figure = under_attack.transfer(table, footer="")
    (colours,) = (trace for trace in figure.data if trace.type == "heatmap")
    np.testing.assert_array_equal(colours.z, [[20, 70], [10, 50], [0, np.nan]])
    reasons = table.set_index(["model", "name"])["reason"]
    assert reasons["b", "b"]
    assert not reasons["a", "b"]


def reported(figure: go.Figure) -> set[tuple[str, str]]:
    """What clicks on marks of a figure can report."""
    return {
        tuple(each) for trace in figure.data if trace.customdata is not None for each in np.atleast_2d(trace.customdata)
    }


def test_a_click_on_a_mark_reports_the_model_and_the_attack() -> None:
    table = transfers({("a", ""): 0.1, ("a", "b"): 0.5})
    assert reported(under_attack.transfer(table, footer="")) == {("a", "a<"), ("a", "a<b")}
    held = pd.DataFrame({"model": ["a", "b"], "name": "All", "value": [0.5, 0.4], "condition": ["one", "two"]})
    assert reported(under_attack.held(held, footer="")) == {("a", "one"), ("b", "two")}
    near = {"norm": "linf", "eps": [0.0, 0.1], "value": [0.9, 0.2], "low": 0.0, "high": 1.0, "n": 9, "condition": "fmn"}
    figure = under_attack.nearest_curves(pd.DataFrame({"model": "a"} | near), footer="")
    assert reported(figure) == {("a", "fmn")}
    assert any(trace.customdata is not None and "markers" in trace.mode for trace in figure.data)
