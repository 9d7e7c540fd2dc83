"""Accuracy's interval, the clean accuracy beside it, means over severities; figures by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustcore import metrics
from robustcore.errors import InvalidArgumentError


def rows(model: str, clean: float, **errors: float) -> list[dict[str, object]]:
    """A model's clean accuracy, and accuracies named like fog_3."""
    fixed = {"model": model, "dataset": "d", "split": "test", "n": 100, "reason": ""}
    measured: list[dict[str, object]] = [
        fixed | {"kind": "clean", "name": "clean", "severity": None, "accuracy": clean}
    ]
    for key, accuracy in errors.items():
        name, severity = key.rsplit("_", 1)
        measured.append(fixed | {"kind": "corruption", "name": name, "severity": int(severity), "accuracy": accuracy})
    return measured


def table(*parts: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame([row for part in parts for row in part]).astype({"severity": "Int64"})


def test_wilson_interval_by_hand() -> None:
    # p = 0.8, n = 100, z = 1.96: centre (0.8 + 1.92073 / 100) / 1.0384146 = 0.788902; half-width 0.0777887.
    measured = metrics.accuracy(table(rows("a", 0.8)))
    assert measured["low"].iloc[0] == pytest.approx(0.711171, abs=2e-5)
    assert measured["high"].iloc[0] == pytest.approx(0.866633, abs=2e-5)


def test_the_interval_stays_within_0_and_1_and_is_nan_without_images() -> None:
    measured = metrics.accuracy(table(rows("a", 1.0), rows("b", 0.0)).assign(n=[50, 0]))
    assert measured["high"].iloc[0] == 1.0
    assert measured["low"].iloc[0] == pytest.approx(50 / (50 + 1.959964**2))
    assert math.isnan(measured["low"].iloc[1])


def test_the_clean_accuracy_is_that_of_the_same_model() -> None:
    measured = metrics.with_clean(table(rows("a", 0.9, fog_1=0.5), rows("b", 0.6, fog_1=0.5)))
    assert measured["clean_accuracy"].tolist() == [0.9, 0.9, 0.6, 0.6]


def test_two_clean_accuracies_of_one_model_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="several clean accuracies of a"):
        metrics.with_clean(table(rows("a", 0.9), rows("a", 0.8)))


def test_mean_over_severities_is_undefined_where_one_of_them_is() -> None:
    whole = table(rows("a", 0.9, fog_1=0.6, fog_3=0.4, snow_1=0.5, snow_3=math.nan))
    whole.loc[whole["accuracy"].isna(), "reason"] = "not evaluated"
    measured = metrics.mean_over_severities(whole).set_index("name")
    assert measured.loc["clean", "accuracy"] == 0.9
    assert measured.loc["fog", "accuracy"] == pytest.approx(0.5)
    assert measured.loc["fog", "severities"] == "1 3"
    assert math.isnan(measured.loc["snow", "accuracy"])
    assert measured.loc["snow", "reason"] == "severity 3: not evaluated"


def test_a_table_without_the_columns_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgumentError, match="no column 'kind'"):
        metrics.app(pd.DataFrame({"model": ["a"], "dataset": ["d"], "name": ["x"], "accuracy": [1.0]}))
