"""A table of a comparison for a paper: LaTeX with booktabs, with the intervals next to the values."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd

WIDE = 6  # models up to this number are columns
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: f"\\{sign}" for sign in "&%$#_{}"
}


def escaped(text: str) -> str:
    """A text in which LaTeX sees letters only."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def latex(
    table: pd.DataFrame,
    *,
    caption: str,
    number: Callable[[float], str] = lambda v: f"{v:.3g}",
    models_are_rows: bool = False,
) -> str:
    r"""A `table` environment, for a preamble with \usepackage{booktabs}.

    Args:
        table: with model, name and value (and low, high): conditions are rows and models columns, or the other way round with
            more than six models. Any other table is written as it is.
        caption: title and footer.
        number: how a value is written.
        models_are_rows: whatever their number.
    """
    if {"model", "name", "value"} <= set(table.columns) and not table.duplicated(["model", "name"]).any():
        cells = pd.Series([_cell(row, number) for row in table.to_dict("records")], index=table.index, dtype=object)
        wide = table.assign(cell=cells).pivot(index="name", columns="model", values="cell")
        wide = wide.loc[list(dict.fromkeys(table["name"])), list(dict.fromkeys(table["model"]))]
        frame = (wide.T if models_are_rows or wide.shape[1] > WIDE else wide).rename_axis(None, axis=1).reset_index()
    else:
        frame = table.map(lambda v: number(v) if isinstance(v, float) else v)
    frame = frame.reset_index(drop=True).map(_text).rename(columns=lambda name: escaped(str(name).replace("_", " ")))
    return frame.style.hide(axis="index").to_latex(
        hrules=True,
        position_float="centering",
        column_format=f"l{'r' * (frame.shape[1] - 1)}",
        caption=escaped(caption),
    )


def _cell(row: Mapping[Hashable, Any], number: Callable[[float], str]) -> str:
    if math.isnan(row["value"]):
        return "--"
    text = number(row["value"])
    if pd.notna(row.get("low", math.nan)):
        text += rf" {{\scriptsize [{number(row['low'])}, {number(row['high'])}]}}"
    return text


def _text(value: Any) -> str:
    if isinstance(value, str) and r"\scriptsize" in value:
        return value
    return "--" if pd.isna(value) else escaped(str(value).replace("_", " "))
