"""A training's history: one line, or two where validation accuracies were measured."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustcore.figures.training.history import training_history


@pytest.mark.parametrize(("validation", "lines"), [([math.nan, math.nan], 1), ([0.5, 0.7], 2)])
def test_validation_is_a_line_of_its_own(validation: list[float], lines: int) -> None:
    table = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, 0.5], "accuracy": [0.6, 0.8], "validation": validation})
    figure = training_history(table, footer="", alt="")
    assert len(figure.data) == lines
    assert list(figure.data[0].y) == [60, 80]
    if lines == 2:
        assert list(figure.data[1].y) == [50, 70]
