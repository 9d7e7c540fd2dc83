"""Released corruptions against the same corruptions made here: the same models on the same images, storage by storage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore.evaluation.condition import RELEASED
from robustcore.notes import Note, note
from robustcore.reports.compare.comparison import Comparison

KEYS = ["model", "name", "severity"]
COLUMNS = ["model", "label", "family", "storage", "severities", "n", "released", "made", "difference"]


@note
def mean_difference_of_storages(
    storage: str, model: str, conditions: int, difference: float, largest: str, most: float
) -> str:
    """`difference` is the mean over the conditions of made here less released; `largest` differs most, by `most`."""
    how = {"memory": "as computed", "jpeg85": "through a second JPEG"}[storage]
    return (
        f"{model}: made here {how}, the accuracy over {conditions} corruption{'s' if conditions != 1 else ''} is "
        f"{100 * difference:+.1f} points off that on the released files; most under {largest.replace('_', ' ')} "
        f"({100 * most:+.1f})."
    )


def beside(released: Comparison, made: Sequence[Comparison]) -> pd.DataFrame:
    """The accuracy of each model under each corruption on the released files and on images that are made here.

    Args:
        released: a comparison of the storage "released".
        made: of the same models and suites through other storages, gathered on as many images: rows on another number are
            left out.

    Returns:
        model, label, family, storage (of the images made here), severities (how many both have), n (images),
        released and made (accuracy 0..1, the mean over those severities), difference (made less released). A corruption
        that only one of the two has is left out.
    """
    ours = _scored(released)
    ours = ours[ours["storage"] == RELEASED]
    tables = [_pairs(ours, _scored(other)) for other in made]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def notes(table: pd.DataFrame) -> list[Note]:
    """Of each model and storage the mean difference, and the corruption that differs most."""
    said = []
    for (model, storage), rows in table.groupby(["model", "storage"], sort=False):
        differences = rows["difference"].to_numpy(float)
        largest = int(np.abs(differences).argmax())
        said.append(
            mean_difference_of_storages(
                str(storage),
                str(model),
                len(rows),
                float(differences.mean()),
                str(rows["label"].iloc[largest]),
                float(differences[largest]),
            )
        )
    return said


def _scored(comparison: Comparison) -> pd.DataFrame:
    rows = comparison.corrupted
    return rows[(rows["kind"] == "corruption") & rows["severity"].notna() & (rows["n"] > 0) & rows["accuracy"].notna()]


def _pairs(released: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    both = released.merge(made, on=[*KEYS, "n"], suffixes=("", "_made"))
    means = both.groupby(["model", "label", "family", "storage_made"], sort=False).agg(
        severities=("severity", "size"),
        n=("n", "min"),
        released=("accuracy", "mean"),
        made=("accuracy_made", "mean"),
    )
    table = means.reset_index().rename(columns={"storage_made": "storage"})
    return table.assign(difference=table["made"] - table["released"])[COLUMNS]
