"""Effective robustness: a line that is known by construction, and what stands beyond it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from robustcore import published
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import effective
from robustcore.reports.compare import effective as report
from robustcore.reports.compare import published_models

CLEAN = np.array([0.6, 0.7, 0.8, 0.9])


def shifted(clean: np.ndarray) -> np.ndarray:
    """On the line logit(y) = 1.2 logit(x) - 0.5."""
    odds = np.exp(1.2 * np.log(clean / (1 - clean)) - 0.5)
    return odds / (1 + odds)


def test_a_line_is_found_again() -> None:
    line = effective.trend(CLEAN, shifted(CLEAN))
    assert (line.slope, line.intercept, line.r2, line.models) == pytest.approx((1.2, -0.5, 1.0, 4))
    assert effective.effective(line, CLEAN, shifted(CLEAN)) == pytest.approx(np.zeros(4))
    assert effective.effective(line, [0.5], [0.5])[0] == pytest.approx(0.5 - 1 / (1 + np.exp(0.5)))


def test_the_slope_is_that_of_least_squares_by_hand() -> None:
    """Three models at logits (0, 0), (1, 1), (2, 1): slope 1/2, intercept 1/6."""
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])
    line = effective.trend(1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-y)))
    assert (line.slope, line.intercept, line.r2) == pytest.approx((0.5, 1 / 6, 0.75))


def test_models_without_a_place_are_left_out_and_undefined() -> None:
    clean, under = np.append(CLEAN, [1.0, 0.8]), np.append(shifted(CLEAN), [0.9, np.nan])
    measured = report.over(pd.DataFrame({"model": list("abcdef"), "clean": clean, "shifted": under}))
    assert measured.line.models == 4
    assert measured.table.set_index("model")["effective"].isna().to_dict() == dict.fromkeys(
        "abcd", False
    ) | dict.fromkeys("ef", True)
    assert measured.notes[0].kind == "left_out_of_fit"
    assert measured.notes[0]["models"] == 2


def test_too_few_models_are_a_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="3 models or more"):
        effective.trend([0.5, 0.6], [0.4, 0.5])
    with pytest.raises(InvalidArgumentError, match="no column 'shifted'"):
        report.over(pd.DataFrame({"model": ["a"], "clean": [0.5]}))


def test_models_of_ones_own_are_compared_with_the_published_line() -> None:
    """On ImageNet-V2, as an evaluation of the natural shifts would store it."""
    measured = published_models.gather(["published/imagenet/Standard_R50"], "imagenet", severities=(1,))
    rows = measured.rows[:2].assign(model="mine", accuracy=[0.76, 0.63])
    rows.loc[rows["kind"] != "clean", ["kind", "name"]] = ["shift", "imagenet-v2"]
    own = report.own(dataclasses.replace(measured, rows=rows), "v2")
    assert own.to_dict("records") == [{"model": "mine", "clean": 0.76, "shifted": 0.63}]
    population = report.over(report.natural_shift("v2"))
    beyond = report.others(population, own)["effective"].item()
    assert beyond == pytest.approx(0.63 - population.line.expected(0.76))
    assert report.own(measured, "v2").empty


def test_the_published_population_is_on_a_line() -> None:
    shifts = published.natural_shifts()
    measured = report.over(shifts.assign(clean=shifts["imagenet"] / 100, shifted=shifts["v2"] / 100))
    assert len(measured.table) == 1266
    assert measured.line.r2 > 0.95
    assert abs(measured.table["effective"].mean()) < 0.01
    assert "1,266 models" in measured.formula
