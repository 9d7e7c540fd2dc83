"""One model class by class: what each class loses under each condition, and what it is taken for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.store.correctness import Answered
from robustcore.metrics import bootstrap
from robustcore.notes import Note, note
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN, Comparison
from robustcore.reports.provenance import Footer

MOST = 20  # classes whose names can be read next to a matrix
COLUMNS = ["class", "name", "drop", "low", "high", "clean", "accuracy", "n", "reason"]
_ONE_ANSWER = "no image of this class"


@note
def classes_with_the_largest_drop(shown: int, classes: int) -> str:
    return f"Of {classes:,} classes the {shown} that lose most on the mean over the conditions are shown."


@note
def classes_with_most_mistakes(shown: int, classes: int) -> str:
    return f"Of {classes:,} classes the {shown} with the most mistakes are shown; other answers are left out of the matrices."


@note
def conditions_without_single_answers(conditions: tuple[str, ...]) -> str:
    listed = ", ".join(display_name(name, inside=True) for name in conditions)
    return f"Left out, because the answers to single images are not stored: {listed}."


@note
def shifts_are_other_images(shifts: tuple[str, ...]) -> str:
    listed = ", ".join(display_name(name, inside=True) for name in shifts)
    return f"Left out, because their images are others than the clean ones: {listed}."


def drops(comparison: Comparison, model: str, *, answers: Answers | None = None, most: int = MOST) -> pd.DataFrame:
    """The clean accuracy of each class less that under each condition, the mean over its severities, on the same images.

    The interval is the paired bootstrap over the images (`metrics.bootstrap`): of each drawing the images of the class count.

    Args:
        comparison: as gathered.
        model: one of it.
        answers: the answers behind it.
        most: classes that are kept: those with the largest mean drop.

    Returns:
        class (its number), name (the condition's label), drop (-1..1, above 0 is lost), low, high (95 %), clean and accuracy (0..1), n
        (images of the class), reason (why the drop is NaN, or ""); the class that loses most first. Empty where the answers are not stored.
    """
    _check(comparison, model)
    clean = answers.cells.get((model, CLEAN)) if answers is not None else None
    if answers is None or clean is None:
        return pd.DataFrame(columns=COLUMNS)
    conditions = _conditions(comparison, model, answers)
    labels = np.unique(clean.labels[clean.labels >= 0])
    rows = []
    for label, cells in conditions.items():
        n = min(len(clean.labels), *(len(cell.labels) for cell in cells))
        right = np.mean([cell.labels[:n] == cell.classes[:n] for cell in cells], axis=0)
        of_class, before = clean.labels[:n], clean.labels[:n] == clean.classes[:n]
        for each in labels:
            own = of_class == each
            count = int(own.sum())
            values = (float(before[own].mean()), float(right[own].mean())) if count else (math.nan, math.nan)
            rows.append((int(each), label, values[0] - values[1], *values, count, "" if count else _ONE_ANSWER))
    table = pd.DataFrame(rows, columns=["class", "name", "drop", "clean", "accuracy", "n", "reason"])
    means = table.groupby("class")["drop"].mean().sort_values(ascending=False, kind="stable")
    kept = [int(each) for each in means.index[:most]]
    table = table[table["class"].isin(kept)]
    table = table.sort_values("class", key=lambda c: c.map({each: i for i, each in enumerate(kept)}), kind="stable")
    low, high = _intervals(clean, conditions, kept)
    places = list(zip(table["class"], table["name"], strict=True))
    return table.assign(low=[low[p] for p in places], high=[high[p] for p in places])[COLUMNS].reset_index(drop=True)


def _intervals(
    clean: Answered, conditions: dict[str, list[Answered]], kept: Sequence[int]
) -> tuple[dict[tuple[int, str], float], dict[tuple[int, str], float]]:
    """(class, condition) -> the ends of the interval of the drop."""
    weights = bootstrap.weights(len(clean.labels))
    ends: tuple[dict[tuple[int, str], float], dict[tuple[int, str], float]] = ({}, {})
    for label, cells in conditions.items():
        n = min(len(clean.labels), *(len(cell.labels) for cell in cells))
        right = np.mean([cell.labels[:n] == cell.classes[:n] for cell in cells], axis=0)
        lost = (clean.labels[:n] == clean.classes[:n]) - right
        for each in kept:
            own = np.flatnonzero(clean.labels[:n] == each)
            low = high = np.array(math.nan)
            if len(own):
                low, high = bootstrap.interval(bootstrap.accuracies(weights[:, own], lost[own]))
            ends[0][each, label], ends[1][each, label] = float(low), float(high)
    return ends


def confusions(comparison: Comparison, model: str, *, answers: Answers | None = None, most: int = MOST) -> pd.DataFrame:
    """Which class is taken for which under each condition, all severities together, and on the clean images.

    Args:
        comparison, model, answers: as for `drops`.
        most: classes that are kept: those with the most mistakes over all conditions, as right class or as answer.

    Returns:
        name (a condition's label, "clean" first), class, answer (numbers), count, and share (of the answers to images of the class; NaN
        without any); every pair of the kept classes, in their order. Empty where the answers are not stored.
    """
    _check(comparison, model)
    columns = ["name", "class", "answer", "count", "share"]
    clean = answers.cells.get((model, CLEAN)) if answers is not None else None
    if answers is None or clean is None:
        return pd.DataFrame(columns=columns)
    panels = {"clean": [clean], **_conditions(comparison, model, answers)}
    k = next((len(s.classes) for s in comparison.subjects if s.name == model), comparison.classes)
    matrices = {name: sum(_matrix(cell, k) for cell in cells) for name, cells in panels.items()}
    total = np.asarray(sum(matrices.values()))
    wrong = total - np.diag(np.diag(total))
    mistakes = wrong.sum(axis=0) + wrong.sum(axis=1)
    kept = np.arange(k) if k <= most else np.sort(np.argsort(-mistakes, kind="stable")[:most])
    rows = []
    for name, matrix in matrices.items():
        counts = np.asarray(matrix)
        totals = counts.sum(axis=1)
        rows += [
            (name, int(i), int(j), int(counts[i, j]), counts[i, j] / totals[i] if totals[i] else math.nan)
            for i in kept
            for j in kept
        ]
    return pd.DataFrame(rows, columns=columns)


def _matrix(cell: Answered, classes: int) -> npt.NDArray[np.int64]:
    labelled = cell.labels >= 0
    places = cell.labels[labelled].astype(np.int64) * classes + cell.classes[labelled]
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def _conditions(comparison: Comparison, model: str, answers: Answers) -> dict[str, list[Answered]]:
    """Label -> the stored answers at each severity; a condition of which one is missing is left out."""
    rows = comparison.corrupted[(comparison.corrupted["model"] == model) & (comparison.corrupted["n"] > 0)]
    rows = rows[rows["kind"] != "shift"]  # its images are others than the clean ones
    found = {}
    for label, own in rows.groupby("label", sort=False):
        cells = [answers.cells.get((model, condition)) for condition in own["condition"]]
        stored = [cell for cell in cells if cell is not None]
        if len(stored) == len(cells):
            found[str(label)] = stored
    return found


def left_out(comparison: Comparison, model: str, table: pd.DataFrame) -> tuple[Note, ...]:
    """The conditions that a model has results under and that are not in its table of `drops` or `confusions`, and why."""
    rows = comparison.corrupted[(comparison.corrupted["model"] == model) & (comparison.corrupted["n"] > 0)]
    absent = rows[~rows["label"].isin(table["name"])]
    is_shift = absent["kind"] == "shift"
    shifts, others = (tuple(map(str, dict.fromkeys(absent.loc[which, "label"]))) for which in (is_shift, ~is_shift))
    return (
        *((conditions_without_single_answers(others),) if others else ()),
        *((shifts_are_other_images(shifts),) if shifts else ()),
    )


def _check(comparison: Comparison, model: str) -> None:
    if model not in comparison.models:
        raise InvalidArgumentError(
            f"The model {model!r} has no results here; it is one of {', '.join(comparison.models)}."
        )


def drop_footer(comparison: Comparison, model: str) -> Footer:
    """The footer of a figure of `drops`."""
    return comparison.only([model]).provenance.footer(
        formula="Drop = clean accuracy of the class less its accuracy under the condition, the mean over the severities, same images",
        interval=f"Intervals: 95 %, paired bootstrap over the images of the class ({bootstrap.DRAWS:,} drawings)",
    )


def confusion_footer(comparison: Comparison, model: str) -> Footer:
    """The footer of a figure of `confusions`."""
    return comparison.only([model]).provenance.footer(
        formula="Share = answers that name the class of the column / all answers to images of the class of the row, all severities together"
    )
