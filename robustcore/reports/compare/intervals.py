"""Intervals of whatever a comparison shows: the paired bootstrap over its images.

Each drawing of images gives every model an accuracy under every condition, and the clean one on the same images; a measure
of the drawing is computed from those, the model and the reference side by side. Models that were scored on fewer images
take part with those of a drawing that they have.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.metrics import bootstrap
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN, Comparison
from robustcore.reports.compare.references import ALEXNET, Fixed, fixed_alexnet

Array = npt.NDArray[np.float64]
SENTENCE = f"Intervals: 95 %, paired bootstrap over the images ({bootstrap.DRAWS:,} drawings, the same for all models and conditions)"


@lru_cache(maxsize=4)
def _weights(images: int) -> npt.NDArray[np.float32]:
    drawn = bootstrap.weights(images)
    drawn.flags.writeable = False
    return drawn


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Accuracies in every drawing.

    Attributes:
        models, labels: the axes; labels are the conditions'.
        accuracy: (draws, models, labels), the mean over the severities; NaN where answers are missing.
        clean: (draws, models, labels), on the images of the condition.
    """

    models: tuple[str, ...]
    labels: tuple[str, ...]
    accuracy: Array
    clean: Array


def draw(comparison: Comparison, answers: Answers, models: Sequence[str] = ()) -> Drawn:
    """The accuracies of the models under the comparison's conditions, in every drawing of its images."""
    rows = comparison.corrupted
    labels = tuple(dict.fromkeys(rows["label"]))
    wanted = tuple(models) or tuple(comparison.models)
    shape = (bootstrap.DRAWS, len(wanted), len(labels))
    accuracy, clean = np.full(shape, np.nan), np.full(shape, np.nan)
    for shared in sorted(set(rows["shared"])):
        group = rows[rows["model"].isin(wanted) & (rows["shared"] == shared)]
        here = [labels.index(label) for label in dict.fromkeys(group["label"])]
        columns: list[tuple[npt.NDArray[np.float32], tuple[Array, int, list[int]]]] = []
        for model, own in group.groupby("model", sort=False):
            i = wanted.index(str(model))
            if (right := _right(answers, str(model), [CLEAN], int(shared))) is not None:
                columns.append((right, (clean, i, here)))
            for label, part in own.groupby("label", sort=False):
                known = list(part["condition"]) if (part["n"] > 0).all() else []
                if known and (right := _right(answers, str(model), known, int(shared))) is not None:
                    columns.append((right, (accuracy, i, [labels.index(str(label))])))
        if columns:
            drawn = bootstrap.accuracies(_weights(answers.images), np.stack([right for right, _ in columns], axis=1))
            for column, (_, (target, i, places)) in enumerate(columns):
                target[:, i, places] = drawn[:, column, None]
    return Drawn(wanted, labels, accuracy, clean)


def drawn_with(
    comparison: Comparison, answers: Answers, models: Sequence[str], reference: str
) -> tuple[Drawn, str | Fixed]:
    """The drawing of the models and of the reference, if there is one, and the reference as `values` takes it."""
    if reference == ALEXNET and reference not in comparison.models:
        return draw(comparison, answers, models), fixed_alexnet(comparison)
    further = [reference] if reference and reference not in models else []
    return draw(comparison, answers, [*models, *further]), reference


def _right(answers: Answers, model: str, conditions: list[str], images: int) -> npt.NDArray[np.float32] | None:
    right = answers.right(model, conditions)
    return right[:images] if right is not None and len(right) >= images else None


# Of each measure, what a drawing gives: accuracy and clean accuracy of the models, and of the reference, to its value.
# A denominator that is not positive leaves it undefined there.
VALUES: Mapping[str, Callable[[Array, Array, Array, Array], Array]] = {
    "accuracy": lambda own, clean, reference, reference_clean: own,
    "app": lambda own, clean, reference, reference_clean: _over(own, clean),
    "residual": lambda own, clean, reference, reference_clean: clean - own,
    "ce": lambda own, clean, reference, reference_clean: 100 * _over(1 - own, 1 - reference),
    "relative_ce": lambda own, clean, reference, reference_clean: 100 * _over(clean - own, reference_clean - reference),
}


def _over(above: Array, below: Array) -> Array:
    shape = np.broadcast(above, below).shape
    divided: Array = np.divide(above, below, out=np.full(shape, np.nan), where=below > 1e-12)
    return divided


def values(drawn: Drawn, measure: str, reference: str | Fixed = "") -> Array:
    """(draws, models, labels) a measure in every drawing.

    Args:
        drawn: the accuracies, the reference's among them unless it is fixed.
        measure: a key of `VALUES`.
        reference: a model of the drawing, or fixed figures, for the measures that need one.
    """
    if isinstance(reference, Fixed):
        line = np.array([reference.accuracy.get(label, math.nan) for label in drawn.labels])
        above, at_clean = line[None, None], np.full((1, 1, 1), reference.clean)
    elif reference in drawn.models:
        i = drawn.models.index(reference)
        above, at_clean = drawn.accuracy[:, i : i + 1], drawn.clean[:, i : i + 1]
    else:
        above = at_clean = np.full((1, 1, 1), math.nan)
    return VALUES[measure](drawn.accuracy, drawn.clean, above, at_clean)


def fill(table: pd.DataFrame, drawn: Drawn, found: Array) -> pd.DataFrame:
    """The table (model, name, value, low, high) with the interval of every value that lacks one."""
    low, high = bootstrap.interval(found)
    i = [drawn.models.index(model) if model in drawn.models else -1 for model in table["model"]]
    j = [drawn.labels.index(name) for name in table["name"]]
    lacking = table["low"].isna() & table["value"].notna() & (np.array(i) >= 0)
    return table.assign(
        low=table["low"].where(~lacking, low[i, j]).astype(float),
        high=table["high"].where(~lacking, high[i, j]).astype(float),
    )


def of_means(means: pd.DataFrame, drawn: Drawn, found: Array) -> pd.DataFrame:
    """The table of means (model, value) with the interval of each mean over the conditions: low and high."""
    low, high = bootstrap.interval(found.mean(axis=2)) if found.shape[2] else (np.full(len(drawn.models), np.nan),) * 2
    ends = {model: (low[i], high[i]) for i, model in enumerate(drawn.models)}
    none = (math.nan, math.nan)
    known = means["value"].notna()
    columns = [[ends.get(model, none)[k] for model in means["model"]] for k in (0, 1)]
    return means.assign(
        low=pd.Series(columns[0], index=means.index, dtype=float).where(known),
        high=pd.Series(columns[1], index=means.index, dtype=float).where(known),
    )
