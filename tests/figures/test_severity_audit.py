"""Accuracy against distance in the severity audit, drawn of a small table."""

from __future__ import annotations

import pandas as pd

from robustcore.figures import severity_audit


def test_the_chosen_corruption_is_drawn_last_and_steps_out_of_order_are_marked() -> None:
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
