"""Metrics of single images on Compare: those of answers, confidences and anomaly scores, from what is stored of each image."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pandas as pd

from robustcore import metrics
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, operations, plan
from robustcore.evaluation import tables as evaluation_tables
from robustcore.evaluation.condition import RELEASED
from robustcore.metrics import Metric
from robustcore.reports import metric_columns
from robustcore.reports.compare.comparison import CLEAN, Comparison, cell_of, conditions
from robustcore.reports.provenance import Provenance

INPUTS = ("answers", "confidences", "mean_confidences", "scores")
_PUBLISHED = "of published models no answers to single images are known"


def is_of_images(metric: Metric) -> bool:
    """Whether `measured` computes it."""
    return metric.input in INPUTS


def refused(comparison: Comparison, metric: str) -> str:
    """Why a metric cannot be computed of a comparison, or ""."""
    if metrics.get(metric).input == "scores" and not _of_unknown_classes(comparison):
        return (
            f"{metrics.get(metric).title} compares images of unknown classes with clean ones, and none of these suites has some; "
            "choose natural shifts, among which are unknown shapes."
        )
    return "" if comparison.subjects else f"{metrics.get(metric).title} cannot be computed: {_PUBLISHED}."


def measured(
    comparison: Comparison, dataset: Dataset, metric: str, *, store: Store | Path | str | None = None
) -> Comparison:
    """The comparison with a metric of single images, as `measures.bars` reads it.

    Its rows have two columns more: the metric's name (NaN where it is undefined) and `<name>_reason` (why, else ""). For a metric of
    anomaly scores the conditions are those of unknown classes, which a comparison of accuracies leaves out.

    Args:
        comparison: as gathered.
        dataset: what it was gathered on.
        metric: the name of one whose input is among `INPUTS`.
        store: as in `evaluate`.

    Raises:
        InvalidArgumentError: a metric of something else, or of scores where no condition has unknown classes.
    """
    definition = metrics.get(metric)
    if not is_of_images(definition):
        raise InvalidArgumentError(
            f"{metric} is computed from {definition.input}; here it is one of {', '.join(INPUTS)}."
        )
    if why := refused(comparison, metric):
        raise InvalidArgumentError(why)
    results = store if isinstance(store, Store) else Store(store)
    if definition.input == "scores":
        comparison = _with_unknown_classes(comparison, dataset, results)
    values = {
        place: value
        for _, rows in comparison.rows.groupby("shared", sort=False)
        for place, value in _values(comparison, rows, dataset, definition, results).items()
    }
    places = zip(comparison.rows["model"], comparison.rows["condition"], comparison.rows["shared"], strict=True)
    numbers, reasons = zip(*(values[place] for place in places), strict=True)
    rows = comparison.rows.assign(**{metric: list(numbers), f"{metric}_reason": list(reasons)})
    return with_rows(comparison, rows, metric)


def with_rows(comparison: Comparison, rows: pd.DataFrame, metric: str) -> Comparison:
    """The comparison with the rows that a metric was measured of: its notes and its provenance are theirs."""
    origin = comparison.provenance
    notes = comparison.notes
    if metrics.get(metric).input == "scores":  # its other notes are about conditions that this metric is not of
        notes = (metric_columns.anomaly_score_is_softmax(metric),)
    provenance = Provenance.of(rows, suites=origin.suites, storage=origin.storage, seed=origin.seed)
    return dataclasses.replace(comparison, rows=rows, notes=notes, provenance=provenance)


def _values(
    comparison: Comparison, rows: pd.DataFrame, dataset: Dataset, metric: Metric, store: Store
) -> dict[tuple[str, str, int], tuple[float, str]]:
    """(model, canonical condition, shared) -> the value and why it is undefined, of rows on one number of images."""
    shared = int(rows["shared"].iloc[0])
    records = rows.to_dict("records")
    values: dict[tuple[str, str, int], tuple[float, str]] = {
        (row["model"], row["condition"], shared): (math.nan, row["reason"] or _PUBLISHED) for row in records
    }
    wanted = {(row["model"], row["condition"]) for row in records if row["n"] > 0}
    released = [cell_of(row, comparison.subjects) for row in records if row["storage"] == RELEASED and row["n"] > 0]
    own = rows["model"].isin({subject.name for subject in comparison.subjects})  # others are published
    own &= rows["storage"] != RELEASED
    named = dict.fromkeys([CLEAN, *rows.loc[own, "condition"]])
    planned = plan.make(
        comparison.subjects,
        dataset,
        [Condition.from_dict(json.loads(condition)) for condition in named],
        limit=shared or None,
        seed=comparison.provenance.seed,
    )
    cells = [c for c in planned if c.condition.kind == "clean" or (c.model.name, c.condition.canonical()) in wanted]
    cells += [cell for cell in released if cell.condition.kind != "clean"]
    for cell, value in zip(cells, metric_columns.of_cells(metric, cells, store), strict=True):
        values[cell.model.name, cell.condition.canonical(), shared] = value
    return values


def _of_unknown_classes(comparison: Comparison) -> list[Condition]:
    """The conditions of the comparison's suites whose images are of other classes than the model's."""
    origin = comparison.provenance
    if not comparison.subjects:
        return []
    wanted = conditions(origin.suites, origin.storage)
    return [condition for condition in wanted if operations.of(condition).unlabelled(condition)]


def _with_unknown_classes(comparison: Comparison, dataset: Dataset, store: Store) -> Comparison:
    """The comparison under the conditions of unknown classes instead of its own."""
    origin = comparison.provenance
    wanted = [Condition.clean(), *_of_unknown_classes(comparison)]
    cells = plan.make(comparison.subjects, dataset, wanted, seed=origin.seed)
    rows = evaluation_tables.table(cells, store)
    rows["condition"] = [cell.condition.canonical() for cell in cells]
    rows["label"] = [name.rpartition("/")[2] for name in rows["name"]]
    rows["family"] = rows["kind"]
    return dataclasses.replace(comparison, rows=rows.assign(shared=max(cell.size for cell in cells)))
