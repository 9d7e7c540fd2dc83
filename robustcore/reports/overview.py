"""Overview: how each evaluated model holds up, in one row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import metrics
from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store
from robustcore.reports import compare
from robustcore.reports.compare import Comparison, Models
from robustcore.reports.provenance import Provenance

COLUMNS = [
    "model", "clean", "clean_low", "clean_high", "mean", "conditions", "weakest", "weakest_name", "weakest_severity",
    "at_severity", "worst", "worst_name", "worst_severity", "n", "shipped", "updated",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Overview:
    """One row for each model.

    Attributes:
        table: model; clean with its 95 % interval (clean_low, clean_high); mean, over severities and then over the
            `conditions` (their number); weakest, the lowest mean over severities, and of which corruption (weakest_name);
            weakest_severity, the severity with the lowest mean over the corruptions, and that mean (at_severity); worst,
            the lowest single accuracy, with worst_name and worst_severity; n images; shipped, whether all of it comes with
            the package; updated. Accuracies in 0..1, NaN where nothing is stored.
        notes: sentences that belong beside it.
        provenance: where it comes from.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance


def gather(
    models: Models,
    dataset: Dataset,
    suite_names: Sequence[str] = ("imagenet-c",),
    *,
    store: Store | Path | str | None = None,
) -> Overview:
    """What is stored of the models under the suites; each on all of its own images. Computes nothing."""
    found = [compare.gather([model], dataset, suite_names, store=store) for model in models]
    table = pd.DataFrame([_row(comparison) for comparison in found], columns=COLUMNS)
    rows = pd.concat([comparison.rows for comparison in found])
    notes = []
    if table["conditions"].nunique() > 1:
        notes.append(
            "The models were evaluated under different numbers of corruptions, so that their means are over different "
            "things; Compare sets them side by side."
        )
    if table["n"].nunique() > 1:
        notes.append("The models were evaluated on different numbers of images; Compare takes those that they share.")
    provenance = Provenance.of(rows, suites=tuple(suite_names), storage="memory", seed=0)
    return Overview(table, tuple(notes), provenance)


def _row(comparison: Comparison) -> dict[str, Any]:
    clean = metrics.accuracy(comparison.clean).iloc[0]
    rows = comparison.corrupted[comparison.corrupted["accuracy"].notna()]
    known = comparison.rows[comparison.rows["n"] > 0]
    row: dict[str, Any] = {
        "model": clean["model"], "clean": clean["accuracy"], "clean_low": clean["low"], "clean_high": clean["high"],
        "mean": math.nan, "conditions": 0, "weakest": math.nan, "weakest_name": "", "weakest_severity": pd.NA,
        "at_severity": math.nan, "worst": math.nan, "worst_name": "", "worst_severity": pd.NA,
        "n": int(known["n"].max()) if len(known) else 0, "shipped": bool(known["shipped"].all()) if len(known) else False,
        "updated": max((str(u) for u in known["updated"]), default=""),
    }  # fmt: skip
    if rows.empty:
        return row
    means = rows.groupby("label", sort=False)["accuracy"].mean()
    worst = rows.sort_values("accuracy", kind="stable").iloc[0]
    row |= {
        "mean": means.mean(), "conditions": len(means), "weakest": means.min(), "weakest_name": means.idxmin(),
        "worst": worst["accuracy"], "worst_name": worst["label"], "worst_severity": worst["severity"],
    }  # fmt: skip
    by_severity = rows[rows["severity"].notna()].groupby("severity")["accuracy"].mean()
    if len(by_severity):
        row |= {"weakest_severity": by_severity.idxmin(), "at_severity": by_severity.min()}
    return row
