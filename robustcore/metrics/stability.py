"""Flip rates and normalised top-5 distances: a model's stability over perturbation sequences, relative to a reference.

Source: Hendrycks & Dietterich 2019, section 4.2. AlexNet's values are in `metrics.alexnet`.
"""

from __future__ import annotations

import pandas as pd

from robustcore.metrics._base import registry


def normalised(table: pd.DataFrame, value: str, reference: pd.Series[float], *, rate: str) -> pd.DataFrame:
    """A model's values over the reference's, for each sequence: flip rates, or top-5 distances T5D.

    Args:
        table: one row for each model and sequence, with columns "model", "name" and `value`.
        value: the column to normalise, "flip_probability" or "top5_distance".
        reference: the reference model's values, indexed by sequence name.
        rate: the metric, "flip_rate" or "t5d"; also the name of the new column.

    Returns:
        The table with column `rate` and column `rate + "_reason"`: empty, or why the value is NaN.
    """
    metric = registry[rate]
    base = table["name"].map(reference).astype(float)
    reason = pd.Series("", index=table.index, dtype=object)
    reason[base.isna()] = "the reference has no value for this sequence"
    reason[base == 0] = metric.undefined.format(reference="the reference", here="on this sequence")
    result = table.copy()
    result[rate] = metric(table[value], base)
    result[f"{rate}_reason"] = reason
    return result


def mean_rate(table: pd.DataFrame, rate: str, sequences: list[str]) -> pd.Series[float]:
    """mFR or mT5D for each model: the mean of `rate` over `sequences`; NaN where one of them is missing or undefined."""
    wide = table.pivot_table(index="model", columns="name", values=rate, dropna=False).reindex(columns=sequences)
    means: pd.Series[float] = wide.mean(axis=1, skipna=False)
    return means
