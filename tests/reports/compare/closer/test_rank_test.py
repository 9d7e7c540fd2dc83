"""Mean ranks: the worked example of Demsar 2006, his table of critical values, and what cannot be ranked."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from robustcore.reports.compare.closer import rank_test
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer


def bars(values: np.ndarray, metric: str = "accuracy") -> Bars:
    """A result with a row of values for each condition, a column for each model."""
    rows = [
        {"model": f"m{j}", "name": f"c{i}", "value": value}
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    ]
    table = pd.DataFrame(rows)
    means = table.groupby("model", sort=False)["value"].mean().reset_index()
    return Bars(metric, "", table, means, (), Footer(), tuple(means["model"]))


def test_the_worked_example_of_the_article() -> None:
    """Four classifiers on 14 data sets: from the mean ranks of table 6 the figures of section 3.2.2."""
    chi_square, f, p_value = rank_test.friedman(np.array([3.143, 2.0, 2.893, 1.964]), 14)
    assert chi_square == pytest.approx(9.28, abs=0.01)
    assert f == pytest.approx(3.69, abs=0.01)
    assert 0.01 < p_value < 0.05  # the critical value of F(3, 39) at 0.05 is 2.85
    assert rank_test.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_models_that_are_equal_share_the_mean_of_their_ranks() -> None:
    found = rank_test.mean_ranks(bars(np.array([[0.9, 0.8, 0.8], [0.7, 0.9, 0.7]])))
    assert found.table.set_index("model")["rank"].to_dict() == {"m1": 1.75, "m0": 1.75, "m2": 2.5}


def test_means_that_differ_by_rounding_alone_are_equal() -> None:
    first, second = np.mean([0.1, 0.2, 0.3]), np.mean([0.3, 0.2, 0.1])
    assert first != second
    found = rank_test.mean_ranks(bars(np.array([[first, second], [0.9, 0.9]])))
    assert found.table["rank"].tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("models", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (8, 3.031), (10, 3.164)]
)
def test_the_critical_values_of_table_5a(models: int, q: float) -> None:
    assert rank_test.critical_difference(models, 6) == pytest.approx(
        q * math.sqrt(models * (models + 1) / 36), rel=4e-4
    )


def test_without_ties_the_statistic_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).random((7, 5))
    found = rank_test.mean_ranks(bars(values))
    assert found.chi_square == pytest.approx(stats.friedmanchisquare(*values.T).statistic)


def test_of_errors_the_lowest_is_the_first() -> None:
    values = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    assert list(rank_test.mean_ranks(bars(values)).table["model"]) == ["m2", "m1", "m0"]
    found = rank_test.mean_ranks(bars(values, "ce"))
    assert list(found.table["model"]) == ["m0", "m1", "m2"]
    assert found.f == math.inf
    assert found.p_value == 0


def test_what_cannot_be_ranked_has_a_reason() -> None:
    one = rank_test.mean_ranks(bars(np.array([[0.1, 0.2]])))
    assert one.table.empty
    assert math.isnan(one.critical_difference)
    assert one.notes[0].kind == "too_few_to_rank"
    gap = rank_test.mean_ranks(bars(np.array([[0.1, 0.2], [0.3, math.nan], [0.5, 0.6]])))
    assert set(gap.table["conditions"]) == {2}
    assert "ranked_without" in {note.kind for note in gap.notes}
