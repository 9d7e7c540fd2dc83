"""Means over the sequences of a suite: mFR and mT5D (Hendrycks & Dietterich 2019, section 4.2)."""

from __future__ import annotations

import pandas as pd


def mean_rate(table: pd.DataFrame, rate: str, sequences: list[str]) -> pd.Series[float]:
    """mFR or mT5D for each model: the mean of `rate` over `sequences`; NaN where one of them is missing or undefined."""
    wide = table.pivot_table(index="model", columns="name", values=rate, dropna=False).reindex(columns=sequences)
    means: pd.Series[float] = wide.mean(axis=1, skipna=False)
    return means
