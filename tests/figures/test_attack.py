"""The trajectory and the sweep of one attack, drawn of a small table."""

from __future__ import annotations

import pandas as pd
import pytest

from robustcore.figures import attack


def test_the_trajectory_names_the_true_class_and_the_target_first() -> None:
    rows = [(q, 1.0 * q, c, p) for q in (1, 2) for c, p in (("fish", 0.2 * q), ("star", 0.7 / q), ("ring", 0.1))]
    table = pd.DataFrame(rows, columns=["query", "loss", "class", "probability"])
    figure = attack.trajectory(table, right="star", wanted="ring", chosen=2, footer="from here", alt="words")
    assert [t.name for t in figure.data] == ["star (true)", "ring (target)", "fish", "loss (right axis)"]
    assert list(figure.data[0].y) == pytest.approx([70, 35])
    assert figure.layout.meta["footer"] == "from here"


def test_the_sweep_marks_where_the_goal_is_reached() -> None:
    table = pd.DataFrame(
        {"shown": [0.0, 4.0], "probability": [0.9, 0.1], "success": [False, True], "answer": ["star", "fish"]}
    )
    figure = attack.eps_sweep(table, right="star", chosen=4.0, unit="n/255", footer="", alt="")
    drawn = {t.name: list(t.x) for t in figure.data if t.name}
    assert drawn == {"goal not reached": [0.0], "goal reached": [4.0]}
