"""The published accuracies on natural shifts, one row a network."""

from __future__ import annotations

import functools

import pandas as pd

from robustcore.published._files import figures, read

COLUMNS = ["imagenet", "real", "v2", "sketch", "a_clean", "a", "r_clean", "r"]


def natural_shifts() -> pd.DataFrame:
    """The networks of timm on ImageNet and its natural shifts: the population for trend lines.

    Returns:
        model, image_side (pixels), million_parameters, and top-1 accuracies in percent: imagenet, real (ImageNet with
        reassessed labels), v2 (matched frequency), sketch, a_clean and r_clean (ImageNet on the 200 classes of ImageNet-A
        and of ImageNet-R), a, r. NaN where the project gives no figure.
    """
    return _natural_shifts().copy()


@functools.cache
def _natural_shifts() -> pd.DataFrame:
    rows = figures("timm")
    wide = rows.pivot(index="model", columns="column", values="value")[COLUMNS].rename_axis(columns=None)
    facts = read("models.csv")
    facts = facts[facts["document"] == "timm"].set_index("model")
    side = pd.to_numeric(facts["image_side"]).rename("image_side")
    size = pd.to_numeric(facts["million_parameters"]).rename("million_parameters")
    return pd.concat([side, size, wide.loc[facts.index]], axis=1).rename_axis("model").reset_index()
