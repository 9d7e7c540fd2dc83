"""Robustness by model: from a table of evaluations worked by hand, and from the published accuracies."""

from __future__ import annotations

import pandas as pd
import pytest

from robustcore import published
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import benchmarks, correlation, population


def evaluated() -> pd.DataFrame:
    rows = [
        ("a", "clean", "clean", None, 0.9), ("a", "corruption", "fog", 1, 0.8), ("a", "corruption", "fog", 3, 0.6),
        ("a", "corruption", "snow", 3, 0.5), ("a", "shift", "sketch", None, 0.4),
        ("b", "clean", "clean", None, 0.8), ("b", "corruption", "fog", 1, 0.7), ("b", "corruption", "fog", 3, 0.7),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["model", "kind", "name", "severity", "accuracy"])
    return table.assign(dataset="d", split="test", n=100, severity=table["severity"].astype("Int64"))


def test_the_mean_over_severities_is_taken_from_the_clean_accuracy() -> None:
    found = population.residuals(evaluated())
    assert found.loc["a"].to_dict() == pytest.approx({"fog": 0.2, "snow": 0.4})
    assert found.loc["b", "fog"] == pytest.approx(0.1)
    assert found["snow"].isna().tolist() == [False, True]
    assert population.residuals(evaluated(), "shift").to_dict() == {"sketch": {"a": pytest.approx(0.5)}}


def test_two_figures_for_one_condition_are_refused() -> None:
    table = evaluated()
    again = table[table["name"].isin(["clean", "snow"])].assign(dataset="e")
    with pytest.raises(InvalidArgumentError, match="two figures of a for snow"):
        population.residuals(pd.concat([table, again], ignore_index=True))


def test_published_shifts_go_with_one_another_over_the_networks() -> None:
    shifts = published.natural_shifts()
    found = population.published(shifts)
    row = shifts.iloc[0]
    assert found.iloc[0]["ImageNet-A"] == pytest.approx((row["a_clean"] - row["a"]) / 100)
    group = benchmarks.of_names([["ImageNet-Sketch"]], {"ImageNet-Sketch": 1})
    told = correlation.predictiveness(group, found, found[["ImageNet-R", "ImageNet-Sketch"]])
    assert told.loc["ImageNet-Sketch", "r"] == pytest.approx(1)
    assert 0.5 < told.loc["ImageNet-R", "r"] < 1
    assert told.loc["ImageNet-R", "models"] > 1000
