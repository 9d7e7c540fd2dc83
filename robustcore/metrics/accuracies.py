"""Accuracy: its interval, the clean accuracy of the same model, and its mean over severities.

Tables are the tidy ones of `robustcore.evaluate`: one row for each model and condition, columns model, dataset, split,
kind, name, severity, n, accuracy and others. A number that is undefined is NaN, with a sentence under `reason`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError

MODEL = ("model", "dataset", "split")
_NEEDED = ("model", "dataset", "kind", "name", "accuracy")
# What tells conditions apart, but for the severity.
CONDITION = ("kind", "name", "strength", "variant", "storage", "params")


def judged(table: pd.DataFrame) -> pd.Series:
    """The images that each row's accuracy is over: n, or of these the ones that have a label, where the table tells their share
    (`labelled`, as `robustcore.evaluate` gives it for data without all labels)."""
    if "labelled" not in table:
        return table["n"]
    return (table["n"] * table["labelled"].astype(float).fillna(1)).round().astype(int)


def accuracy(table: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """The table with columns `low` and `high`: Wilson's interval of the accuracy over the images with a label (`judged`).

    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), with p the accuracy and z the normal quantile (Wilson 1927). It
    stays within 0 .. 1, at p = 0 and p = 1 too.

    Args:
        table: tidy, with n.
        confidence: of the interval, between 0 and 1.
    """
    check(table, "n")
    confidence = arguments.share(confidence, "confidence")
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    p = table["accuracy"].to_numpy(float)
    n = judged(table).to_numpy(float)
    n = np.where(n > 0, n, np.nan)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return table.assign(low=np.clip(centre - half, 0, 1), high=np.clip(centre + half, 0, 1))


def with_clean(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `clean_accuracy`: that of the row's model on the row's dataset, NaN where it is missing; and
    with `clean_confidence` where it has confidences."""
    check(table)
    keys = [key for key in MODEL if key in table]
    held = {column: f"clean_{column}" for column in ("accuracy", "confidence") if column in table}
    clean = table.loc[table["kind"] == "clean", [*keys, *held]].drop_duplicates()
    twice = clean.duplicated(keys)
    if twice.any():
        raise InvalidArgumentError(
            f"The table has several clean accuracies of {clean.loc[twice, 'model'].iloc[0]}; keep the rows of one evaluation."
        )
    clean = clean.rename(columns=held)
    merged = table.drop(columns=list(held.values()), errors="ignore").merge(
        clean, on=keys, how="left", validate="many_to_one"
    )
    return merged.set_axis(table.index)


def mean_over_severities(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each model and condition: the mean accuracy over its severities; clean rows stay as they are.

    Columns: model, dataset, split, kind, name, strength, variant, storage, params (those that the table has), severities
    (a text such as "1 2 3 4 5"), n (the least, of images with a label), accuracy, reason. The mean over severities of which one is undefined is
    undefined.
    """
    check(table)
    keys = [key for key in (*MODEL, *CONDITION) if key in table]
    if "n" in table:
        table = table.assign(n=judged(table))
    # One pass: a grouped frame costs a millisecond for each group.
    groups: dict[tuple[Any, ...], list[dict[Hashable, Any]]] = {}
    plain = table[keys].astype(object).where(table[keys].notna(), None)
    for place, row in zip(plain.itertuples(index=False, name=None), table.to_dict("records"), strict=True):
        groups.setdefault(place, []).append(row)
    rows = []
    for place, group in groups.items():
        missing = [row for row in group if math.isnan(row["accuracy"])]
        reason = ""
        if missing:
            why = missing[0].get("reason") or "undefined"
            severity = missing[0].get("severity")
            reason = why if pd.isna(severity) else f"severity {severity}: {why}"
        severities = [str(row["severity"]) for row in group if pd.notna(row.get("severity"))]
        rows.append(
            dict(zip(keys, place, strict=True))
            | {
                "severities": " ".join(severities),
                "n": min(int(row.get("n", 0)) for row in group),
                "accuracy": math.nan if missing else math.fsum(row["accuracy"] for row in group) / len(group),
                "reason": reason,
            }
        )
    return pd.DataFrame(rows, columns=[*keys, "severities", "n", "accuracy", "reason"])


def check(table: pd.DataFrame, *further: str) -> None:
    """Raise one sentence for a table that lacks a column."""
    missing = [name for name in (*_NEEDED, *further) if name not in arguments.table(table)]
    if missing:
        raise InvalidArgumentError(
            f"The table has no column {missing[0]!r}; a table of robustcore.evaluate has {', '.join((*_NEEDED, *further))}."
        )


def reasons(table: pd.DataFrame, undefined: Sequence[tuple[pd.Series, str | pd.Series]]) -> pd.Series:
    """The table's reasons, and for rows that have none the first of those that apply.

    Args:
        table: with or without a column `reason`.
        undefined: (rows, reason) pairs.
    """
    why = pd.Series("", index=table.index, dtype=object)
    if "reason" in table:
        why = table["reason"].fillna("").astype(object)
    for rows, reason in undefined:
        why = why.mask(rows & (why == ""), reason)
    return why
