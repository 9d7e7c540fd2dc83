"""Flip rates and normalised top-5 distances: a model's stability over perturbation sequences, relative to a reference.

Source: Hendrycks & Dietterich 2019, section 4.2; AlexNet's values from appendix E.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# Flip probabilities of AlexNet at 224 px, difficulty 1: Hendrycks & Dietterich 2019, appendix E.
ALEXNET_FLIP_PROBABILITY = {
    "gaussian_noise": 0.2365,
    "shot_noise": 0.3006,
    "motion_blur": 0.0930,
    "zoom_blur": 0.0594,
    "snow": 0.1193,
    "brightness": 0.0489,
    "translate": 0.1101,
    "rotate": 0.1310,
    "tilt": 0.0705,
    "scale": 0.2353,
    "speckle_noise": 0.1865,
    "gaussian_blur": 0.0278,
    "spatter": 0.0505,
    "shear": 0.1066,
}

# Unnormalised top-5 distances of AlexNet, the same place.
ALEXNET_TOP5_DISTANCE = {
    "gaussian_noise": 4.77,
    "shot_noise": 5.76,
    "motion_blur": 1.93,
    "zoom_blur": 1.34,
    "snow": 2.42,
    "brightness": 1.19,
    "translate": 2.63,
    "rotate": 2.95,
    "tilt": 1.75,
    "scale": 4.48,
    "speckle_noise": 3.89,
    "gaussian_blur": 0.70,
    "spatter": 1.26,
    "shear": 2.48,
}


def normalised(table: pd.DataFrame, value: str, reference: pd.Series[float], *, rate: str) -> pd.DataFrame:
    """A model's values over the reference's, for each sequence: flip rates, or top-5 distances T5D.

    Args:
        table: one row for each model and sequence, with columns "model", "name" and `value`.
        value: the column to normalise, "flip_probability" or "top5_distance".
        reference: the reference model's values, indexed by sequence name.
        rate: the name of the new column, "flip_rate" or "t5d".

    Returns:
        The table with column `rate` and column `rate + "_reason"`: empty, or why the value is NaN.
    """
    result = table.copy()
    base = result["name"].map(reference)
    result[rate] = np.where(base > 0, result[value] / base.where(base > 0), np.nan)
    reason = pd.Series("", index=result.index, dtype=object)
    reason[base.isna()] = "the reference has no value for this sequence"
    reason[base == 0] = "the reference never changes its prediction on this sequence"
    result[f"{rate}_reason"] = reason
    return result


def mean_rate(table: pd.DataFrame, rate: str, sequences: list[str]) -> pd.Series[float]:
    """mFR or mT5D for each model: the mean of `rate` over `sequences`; NaN where one of them is missing or undefined."""
    wide = table.pivot_table(index="model", columns="name", values=rate, dropna=False).reindex(columns=sequences)
    means: pd.Series[float] = wide.mean(axis=1, skipna=False)
    return means
