"""CSV files for spreadsheets: texts that look like formulas are quoted."""

from __future__ import annotations

import pandas as pd
import pytest

from robustcore import spreadsheets


@pytest.mark.parametrize("text", ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_compute_is_quoted(text: str) -> None:
    table = pd.DataFrame({"model": [text, "resnet"], text: [-1.5, 2.0]})
    assert spreadsheets.csv(table) == pd.DataFrame({"model": [f"'{text}", "resnet"], f"'{text}": [-1.5, 2.0]}).to_csv(
        index=False
    )


def test_other_cells_are_written_as_pandas_writes_them() -> None:
    table = pd.DataFrame(
        {
            "name": ["a-b", None, "1"],
            "mixed": [-1, "x", float("nan")],
            "flag": [True, False, True],
            "kind": pd.Categorical(["a", "b", "a"]),
            "n": pd.array([-1, None, 3], dtype="Int64"),
        }
    )
    assert spreadsheets.csv(table) == table.to_csv(index=False)
    assert spreadsheets.csv(table.iloc[:0]) == table.iloc[:0].to_csv(index=False)
