"""Ranges: clean, mean and weakest on one line for each model."""

from __future__ import annotations

import math

import pandas as pd

from robustcore.figures import ranges


def test_marks_stand_where_the_table_says() -> None:
    table = pd.DataFrame(
        {"model": ["a", "b"], "clean": [0.9, 0.8], "mean": [0.6, 0.5], "weakest": [0.2, 0.3],
         "weakest_name": ["gaussian_noise", "fog"]}
    )  # fmt: skip
    figure = ranges.accuracy_ranges(table, footer="f", alt="a")
    marks = {t.name: list(t.x) for t in figure.data if t.name}
    assert marks == {"clean": [90, 80], "mean": [60, 50], "weakest": [20, 30]}
    assert "gaussian noise" in [a.text for a in figure.layout.annotations]


def test_a_model_that_was_only_evaluated_clean_has_a_name_and_one_mark() -> None:
    table = pd.DataFrame(
        {"model": ["a"], "clean": [0.9], "mean": [math.nan], "weakest": [math.nan], "weakest_name": [""]}
    )
    figure = ranges.accuracy_ranges(table, footer="f", alt="a")
    assert [a.text for a in figure.layout.annotations] == ["<b>a</b>"]
