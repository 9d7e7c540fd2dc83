"""Further metrics of an evaluation's result, as columns: those of its table, and those of the stored answers to single images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store, api, tables
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.correctness import answers
from robustcore.metrics import Metric
from robustcore.metrics.tables import held_by_tables, with_text_keys


def check(metric: Metric) -> None:
    """Raise one sentence for a metric that an evaluation does not keep the data of."""
    if not held_by_tables(metric) and metric.input != "answers":
        possible = [each.name for each in metrics.registry if held_by_tables(each) or each.input == "answers"]
        raise InvalidArgumentError(
            f"{metric.name} is computed from {metric.input}, which an evaluation does not keep; choose among {', '.join(possible)}."
        )


def add(table: pd.DataFrame, names: Sequence[str], reference: str, request: EvaluationRequest) -> pd.DataFrame:
    """The result of an evaluation with a column for each metric, and one that says why a value is NaN.

    Args:
        table: as evaluated.
        names: of metrics.
        reference: a model of the table, "alexnet" for the published figures, or "".
        request: what was evaluated, for metrics of the answers to single images.
    """
    of_answers = [name for name in names if metrics.get(name).input == "answers"]
    result = metrics.with_metrics(table, [name for name in names if name not in of_answers], reference)
    if of_answers:
        cells = api.prepare(request).cells
        with Store() as store:
            result = _with_answers(result, of_answers, cells, store)
    return result[[*table.columns, *(column for name in names for column in (name, f"{name}_reason"))]]


def by_condition(table: pd.DataFrame, names: Sequence[str], reference: str, request: EvaluationRequest) -> pd.DataFrame:
    """The same for each model and condition, over its severities: the mean, or what the metric's definition says."""
    of_answers = [name for name in names if metrics.get(name).input == "answers"]
    result = metrics.by_condition(table, [name for name in names if name not in of_answers], reference)
    if of_answers:
        keys = [key for key in (*metrics.accuracies.MODEL, *metrics.accuracies.CONDITION) if key in table]
        rows = with_text_keys(add(table, of_answers, reference, request))
        groups = rows.groupby(keys, sort=False)
        for name in of_answers:
            means = groups[name].mean(skipna=False)
            reasons = groups[f"{name}_reason"].max()  # "" unless one of them has a reason
            result = result.merge(means.to_frame().join(reasons).reset_index(), on=keys, how="left")
    return result


def _with_answers(table: pd.DataFrame, names: Sequence[str], cells: Sequence[Cell], store: Store) -> pd.DataFrame:
    """The table, whose rows are those of the cells, with metrics of the stored answers."""
    same = tables.table(cells, store)[["model", "condition_fingerprint"]]
    if not same.reset_index(drop=True).equals(table[["model", "condition_fingerprint"]].reset_index(drop=True)):
        raise InvalidArgumentError("The table is not that of the request: give the one that the evaluation returned.")
    stored = answers(cells, store)
    clean = {cell.model: stored.get(cell.key) for cell in cells if cell.condition.kind == "clean"}
    result = table.copy()
    for name in names:
        values, reasons = [], []
        for cell in cells:
            here, before = stored.get(cell.key), clean.get(cell.model)
            if cell.condition.kind == "shift":
                why = "its images are not the clean ones"
            elif here is None or before is None or len(here.classes) != len(before.classes):
                why = "answers image by image are not stored"
            else:
                why = ""
                value = float(metrics.get(name)(answer=here.classes, clean_answer=before.classes))
            values.append(math.nan if why else value)
            reasons.append(why)
        result[name], result[f"{name}_reason"] = values, reasons
    return result
