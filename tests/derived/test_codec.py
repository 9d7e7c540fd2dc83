"""Values as JSON and back, and that no file brings code."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustcore import derived
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Subject
from robustcore.reports.claims import contrasts

TABLE = pd.DataFrame(
    {
        "model": ["m", None],
        "value": [0.1 + 0.2, math.nan],
        "bound": [math.inf, -math.inf],
        "n": [2400, 3],
        "ok": [True, False],
        "severity": pd.array([1, None], dtype="Int64"),
        "text": pd.array(["a", None], dtype="string"),
        "pair": [("a", "b"), contrasts.nothing_stored(("m",))],
    }
)


def through_json(value: Any) -> Any:
    return derived.decode(json.loads(json.dumps(derived.encode(value), allow_nan=False)))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2.5, "text", True, -math.inf],
        ("a", ("b", 2), ()),
        {"is": "tuple", "of": [1]},
        {1: "one", ("a", 2): [None]},
        contrasts.not_all_images_stored(("m",), ("fog", "snow")),
        contrasts.Estimate(0.1, -0.2, 0.3),
        Subject("m", "f", ("cat", "dog")),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)


def test_arrays_come_back_bit_by_bit() -> None:
    for dtype in (np.float64, np.float32, np.int64, np.uint8, bool):
        array = np.arange(12).reshape(3, 4)[:, ::2].astype(dtype)
        back = through_json(array)
        assert back.dtype == array.dtype
        assert (back == array).all()
    assert np.isnan(through_json(np.array([np.nan]))).all()
    assert isinstance(through_json(np.float64(0.5)), float)


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.set_index("model"),
        TABLE[["value", "n"]].set_axis([5, 9]),
        TABLE[:0],
        TABLE[["n"]].T,
        pd.DataFrame(),
    ],
    ids=["plain", "named index", "numbers", "empty", "transposed", "nothing"],
)
def test_tables_come_back_with_their_types(table: pd.DataFrame) -> None:
    back = through_json(table)
    pd.testing.assert_frame_equal(back, table)
    assert list(back.dtypes) == list(table.dtypes)


def test_a_series_comes_back() -> None:
    series = pd.Series([1, 2], index=["a", "b"], name="labels")
    pd.testing.assert_series_equal(through_json(series), series)


@pytest.mark.parametrize(
    "value",
    [
        {"is": "os:system", "of": {"command": "true"}},
        {"is": "robustcore.paths:cache", "of": {}},
        {"is": "robustcore.notes:Note", "of": {"what": 1}},
        {"is": "table", "of": []},
        {"of": 1},
    ],
    ids=repr,
)
def test_a_file_names_nothing_but_dataclasses_of_robustcore(value: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        derived.decode(value)


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="object"):
        derived.encode([object()])
