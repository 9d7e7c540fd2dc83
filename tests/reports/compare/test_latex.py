"""Tables for a paper."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustcore.reports.compare.latex import escaped, latex

TABLE = pd.DataFrame(
    {
        "model": ["a_1", "b", "a_1", "b"],
        "name": ["fog", "fog", "snow", "snow"],
        "value": [0.5, 0.25, math.nan, 1.0],
        "low": [0.4, math.nan, math.nan, 0.9],
        "high": [0.6, math.nan, math.nan, 1.0],
    }
)


def test_conditions_are_rows_and_models_columns() -> None:
    text = latex(TABLE, caption="50 % & more", number=lambda v: f"{100 * v:.0f}")
    assert r"name & a 1 & b \\" in text
    assert r"fog & 50 {\scriptsize [40, 60]} & 25 \\" in text
    assert r"snow & -- & 100 {\scriptsize [90, 100]} \\" in text
    assert r"\caption{50 \% \& more}" in text
    assert r"\begin{tabular}{lrr}" in text


def test_many_models_are_rows() -> None:
    assert r"a 1 & 0.5 {\scriptsize [0.4, 0.6]} & -- \\" in latex(TABLE, caption="", models_are_rows=True)
    many = pd.concat([TABLE[:1].assign(model=f"m{i}") for i in range(7)])
    assert r"m6 & 0.5" in latex(many, caption="")


@pytest.mark.parametrize("sign", "&%$#_{}")
def test_no_sign_of_a_name_is_a_command(sign: str) -> None:
    assert escaped(f"a{sign}b") == f"a\\{sign}b"
    assert escaped("\\") == r"\textbackslash{}"


def test_any_other_table_is_written_as_it_is() -> None:
    text = latex(pd.DataFrame({"model": ["m"], "x": [0.12345]}), caption="c")
    assert r"model & x \\" in text
    assert r"m & 0.123 \\" in text
