"""APP and residual robustness on figures worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustcore import metrics
from robustcore.metrics import tables


def rows_of(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Rows of (model, condition, accuracy)."""
    frame = pd.DataFrame(rows, columns=["model", "name", "accuracy"])
    kind = frame["name"].where(frame["name"] == "clean", "corruption")
    return frame.assign(dataset="d", split="test", kind=kind, severity=pd.NA, n=100)


def test_app_is_the_share_of_the_clean_accuracy_that_is_left() -> None:
    measured = metrics.app(rows_of(("a", "clean", 0.8), ("a", "fog", 0.6), ("a", "bright", 0.88)))
    assert measured["app"].tolist() == pytest.approx([1.0, 0.75, 1.1])
    assert measured["clean_accuracy"].tolist() == [0.8, 0.8, 0.8]


def test_residual_robustness_is_what_is_lost() -> None:
    measured = metrics.residual(rows_of(("a", "clean", 0.8), ("a", "fog", 0.6)))
    assert measured["residual"].tolist() == pytest.approx([0.0, 0.2])


def test_app_of_a_model_that_is_never_right_is_undefined_with_a_reason() -> None:
    measured = metrics.app(rows_of(("a", "clean", 0.0), ("a", "fog", 0.1)))
    assert measured["app"].isna().all()
    assert set(measured["reason"]) == {"the clean accuracy is 0"}


def test_without_a_clean_row_both_are_undefined_with_a_reason() -> None:
    for metric in (metrics.app, metrics.residual):
        measured = metric(rows_of(("a", "fog", 0.5)))
        assert measured[metric.__name__].isna().all()
        assert measured["reason"].tolist() == ["the clean accuracy is missing"]


def test_a_condition_that_was_not_evaluated_keeps_its_reason() -> None:
    table = rows_of(("a", "clean", 0.8), ("a", "fog", math.nan)).assign(reason=["", "out of memory"])
    assert metrics.app(table)["reason"].tolist() == ["", "out of memory"]


def test_models_whose_models_not_comparable_are_called_not_comparable() -> None:
    near = metrics.app(rows_of(("a", "clean", 0.80), ("b", "clean", 0.83)))
    far = metrics.app(rows_of(("a", "clean", 0.80), ("b", "clean", 0.60)))
    assert near.attrs["notes"] == []
    (difference,) = tables.notes(far)
    assert difference.kind == "models_not_comparable"
    assert (difference["lowest"], difference["low"], difference["highest"], difference["high"]) == (
        "b",
        0.60,
        "a",
        0.80,
    )
    assert far.attrs["notes"] == [difference.text]


def test_the_table_that_was_given_is_left_as_it_is() -> None:
    table = rows_of(("a", "clean", 0.8), ("a", "fog", 0.6))
    before = table.copy()
    metrics.app(table)
    pd.testing.assert_frame_equal(table, before)


def test_rates_relative_to_alexnet_are_those_of_difficulty_1_alone() -> None:
    fixed = {"model": "a", "dataset": "d", "split": "test", "kind": "sequence", "name": "tilt", "accuracy": math.nan}
    params = ["", '{"difficulty": 2}', '{"difficulty": 3}']
    rows = pd.DataFrame([{**fixed, "params": text, "flip_probability": 0.0705} for text in params])
    rates = tables.with_metric(rows.assign(severity=pd.NA, n=100), "flip_rate", "alexnet")
    assert rates["flip_rate"].tolist() == pytest.approx([1, math.nan, math.nan], nan_ok=True)
    assert [bool(reason) for reason in rates["reason"]] == [False, True, True]
