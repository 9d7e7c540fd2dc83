"""The models that correlations are taken over: their robustness, one row a model, from tables of evaluations or published ones."""

from __future__ import annotations

import pandas as pd

from robustcore import metrics
from robustcore.errors import InvalidArgumentError

# Set -> (clean accuracy on its classes, accuracy on it), columns of `published.natural_shifts`.
PUBLISHED = {
    "ImageNet-V2": ("imagenet", "v2"),
    "ImageNet-Sketch": ("imagenet", "sketch"),
    "ImageNet-A": ("a_clean", "a"),
    "ImageNet-R": ("r_clean", "r"),
}


def residuals(table: pd.DataFrame, kind: str = "corruption") -> pd.DataFrame:
    """Models x conditions: residual robustness, clean accuracy less accuracy, lower is better; the mean over severities.

    Args:
        table: of `robustcore.evaluate`, with the clean rows in it; one dataset, no condition in two forms (storage, strength).
        kind: "corruption" for the synthetic side of algorithm 3, "shift" for the natural one, "attack".

    Returns:
        One row for each model, NaN where something is missing.

    Raises:
        InvalidArgumentError: a model with two figures for one condition.
    """
    found = metrics.residual(metrics.mean_over_severities(table[table["kind"].isin(["clean", kind])]))
    found = found[found["kind"] == kind]
    twice = found[found.duplicated(["model", "name"])]
    if len(twice):
        row = twice.iloc[0]
        raise InvalidArgumentError(
            f"The table has two figures of {row['model']} for {row['name']} (datasets, storages or strengths); keep one."
        )
    wide = found.pivot(index="model", columns="name", values="residual")
    return wide.rename_axis(index=None, columns=None).astype(float)


def published(shifts: pd.DataFrame) -> pd.DataFrame:
    """Networks x natural sets of ImageNet: residual robustness 0 .. 1 from `robustcore.published.natural_shifts`.

    ImageNet-A and ImageNet-R have 200 classes: the clean accuracy is that on the same classes.
    """
    named = shifts.set_index("model")
    columns = {name: (named[clean] - named[shifted]) / 100 for name, (clean, shifted) in PUBLISHED.items()}
    return pd.DataFrame(columns).rename_axis(index=None)
