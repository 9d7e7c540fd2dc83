"""Further metrics of an evaluation's result, as columns: those of its table, and those of what is stored of single images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustcore import attacks, metrics
from robustcore.detection import scores
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, api, operations, tables
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.correctness import answers
from robustcore.metrics import Metric
from robustcore.metrics.tables import held_by_tables, with_text_keys
from robustcore.notes import note
from robustcore.reports.attacks.union import budget_of

# Inputs that are computed from what is stored of single images, cell by cell.
_OF_IMAGES = ("answers", "confidences", "scores", "distances")
_NOT_CLEAN = "its images are not the clean ones"
_NOT_STORED = "how sure the model was of each answer is not stored"


@note
def anomaly_score_is_softmax(metric: str) -> str:
    return f"{metric}: the anomaly score is the maximum softmax, clean images against those of unknown classes."


def check(metric: Metric, conditions: Sequence[Condition]) -> None:
    """Raise one sentence for a metric that an evaluation under these conditions does not keep the data of."""
    if not held_by_tables(metric) and metric.input not in _OF_IMAGES:
        possible = [each.name for each in metrics.registry if held_by_tables(each) or each.input in _OF_IMAGES]
        raise InvalidArgumentError(
            f"{metric.name} is computed from {metric.input}, which an evaluation does not keep; choose among {', '.join(possible)}."
        )
    if metric.input == "scores" and not any(map(_unlabelled, conditions)):
        raise InvalidArgumentError(
            f"{metric.name} is computed from scores of images of unknown classes, and none of these conditions has some; add "
            "--suite scenes-shifts, whose scenes/unknown has."
        )


def add(table: pd.DataFrame, names: Sequence[str], reference: str, request: EvaluationRequest) -> pd.DataFrame:
    """The result of an evaluation with a column for each metric, and one that says why a value is NaN.

    Args:
        table: as evaluated.
        names: of metrics.
        reference: a model of the table, "alexnet" for the published figures, or "".
        request: what was evaluated, for metrics of single images.
    """
    of_images = [name for name in names if metrics.get(name).input in _OF_IMAGES]
    result = metrics.with_metrics(table, [name for name in names if name not in of_images], reference)
    _leave_out_unknown(result, names)
    if of_images:
        cells = api.prepare(request).cells
        with Store() as store:
            result = _with_images(result, of_images, cells, store)
    return result[[*table.columns, *(column for name in names for column in (name, f"{name}_reason"))]]


def by_condition(table: pd.DataFrame, names: Sequence[str], reference: str, request: EvaluationRequest) -> pd.DataFrame:
    """The same for each model and condition, over its severities: the mean, or what the metric's definition says."""
    of_images = [name for name in names if metrics.get(name).input in _OF_IMAGES]
    result = metrics.by_condition(table, [name for name in names if name not in of_images], reference)
    _leave_out_unknown(result, names)
    if of_images:
        keys = [key for key in (*metrics.accuracies.MODEL, *metrics.accuracies.CONDITION) if key in table]
        added = add(table, of_images, reference, request)
        groups = with_text_keys(added).groupby(keys, sort=False)
        for name in of_images:
            means = groups[name].mean(skipna=False)
            reasons = groups[f"{name}_reason"].max()  # "" unless one of them has a reason
            result = result.merge(means.to_frame().join(reasons).reset_index(), on=keys, how="left")
        result.attrs["notes"] = list(dict.fromkeys([*result.attrs.get("notes", ()), *added.attrs.get("notes", ())]))
    return result


def _leave_out_unknown(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Take the change of confidence from rows of unknown images, in place: they are not the clean images changed."""
    rows = table["kind"] == "unknown"
    for name in names:
        if metrics.get(name).input == "mean_confidences":
            table.loc[rows, name] = np.nan
            table.loc[rows, f"{name}_reason"] = _NOT_CLEAN


def _with_images(table: pd.DataFrame, names: Sequence[str], cells: Sequence[Cell], store: Store) -> pd.DataFrame:
    """The table, whose rows are those of the cells, with metrics of what is stored of single images."""
    same = tables.table(cells, store)[["model", "condition_fingerprint"]]
    if not same.reset_index(drop=True).equals(table[["model", "condition_fingerprint"]].reset_index(drop=True)):
        raise InvalidArgumentError("The table is not that of the request: give the one that the evaluation returned.")
    result = table.copy()
    for name in names:
        values, reasons = zip(*of_cells(metrics.get(name), cells, store), strict=True)
        result[name], result[f"{name}_reason"] = list(values), list(reasons)
        if metrics.get(name).input == "scores":
            notes = [*result.attrs.get("notes", ()), anomaly_score_is_softmax(name).text]
            result.attrs["notes"] = list(dict.fromkeys(notes))
    return result


def of_cells(metric: Metric, cells: Sequence[Cell], store: Store) -> list[tuple[float, str]]:
    """A metric of single images for each cell: the value, and why it is NaN ("" where it is not).

    Args:
        metric: of answers, confidences, mean confidences or scores.
        cells: each model's clean one among them.
        store: what they are stored in.
    """
    images = _Images(cells, store)
    values = []
    for cell in cells:
        arrays = images.arrays(metric.input, cell)
        if isinstance(arrays, str):
            values.append((math.nan, arrays))
            continue
        value = float(metric(**arrays))
        values.append((value, metric.undefined.format(reference="", here="here") if math.isnan(value) else ""))
    return values


class _Images:
    """The arrays of single images that metrics are computed from, or why there are none."""

    def __init__(self, cells: Sequence[Cell], store: Store) -> None:
        self._store = store
        self._answers = answers(cells, store)
        self._clean = {cell.model: cell for cell in cells if cell.condition.kind == "clean"}

    def arrays(self, kind: str, cell: Cell) -> Mapping[str, np.ndarray] | str:
        """Those of one cell, for a metric of that input."""
        of_kind = {
            "answers": self._of_answers,
            "confidences": self._of_confidences,
            "mean_confidences": self._of_mean_confidences,
            "scores": self._of_scores,
            "distances": self._of_distances,
        }
        return of_kind[kind](cell)

    def _of_answers(self, cell: Cell) -> Mapping[str, np.ndarray] | str:
        here, before = self._answers.get(cell.key), self._answers.get(self._clean[cell.model].key)
        if cell.condition.kind in ("shift", "unknown"):
            return _NOT_CLEAN
        if here is None or before is None or len(here.classes) != len(before.classes):
            return "answers image by image are not stored"
        return {"answer": here.classes, "clean_answer": before.classes}

    def _of_confidences(self, cell: Cell) -> Mapping[str, np.ndarray] | str:
        if why := _unlabelled(cell.condition):
            return why
        if cell.condition.kind == "sequence":
            return "an image of a sequence has an answer for each of its frames"
        stored = self._store.predictions(cell)
        if stored is None or stored.confidence is None:
            return _NOT_STORED
        labelled = stored.labels >= 0
        return {"confidence": stored.confidence[labelled], "right": stored.correct[labelled]}

    def _of_mean_confidences(self, cell: Cell) -> Mapping[str, np.ndarray] | str:
        stored = [self._store.predictions(each) for each in (cell, self._clean[cell.model])]
        means = [each.confidence.mean() for each in stored if each is not None and each.confidence is not None]
        if len(means) < len(stored):
            return _NOT_STORED
        return {"mean_confidence": means[0], "clean_mean_confidence": means[1]}

    def _of_scores(self, cell: Cell) -> Mapping[str, np.ndarray] | str:
        if not _unlabelled(cell.condition):
            return "its images are of the model's classes"
        clean, unknown = self._scores(self._clean[cell.model]), self._scores(cell)
        return _NOT_STORED if clean is None or unknown is None else {"known": clean, "unknown": unknown}

    def _of_distances(self, cell: Cell) -> Mapping[str, np.ndarray] | str:
        condition = cell.condition
        if condition.kind != "attack" or not attacks.resolve(condition.name)[0].nearest:
            return "it is no attack that looks for the nearest image"
        stored = self._store.predictions(cell)
        norm, eps = budget_of(condition, 1) or ("", None)
        if stored is None or norm not in stored.values or "success" not in stored.values:
            return "how far each image was changed is not stored"
        if eps is not None:
            return "a budget ends it before the nearest image is found"
        change = np.where(stored.values["success"] > 0, stored.values[norm], np.inf)
        return "half of the images cannot be changed so" if np.isinf(np.median(change)) else {"change": change}

    def _scores(self, cell: Cell) -> np.ndarray | None:
        stored = self._store.predictions(cell)
        return None if stored is None else scores.from_stored(scores.get("msp"), stored)


def _unlabelled(condition: Condition) -> str:
    """Why no answer to its images is right, or ""."""
    return operations.of(condition).unlabelled(condition)
