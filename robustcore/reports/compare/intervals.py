"""Intervals of all values of a comparison: the paired bootstrap over its images.

Each drawing of images gives every model an accuracy under every condition, and the clean one on the same images; a metric of
the drawing is computed from those, of the model and of the reference together. Models that were scored on fewer images take
part with those of a drawing that they have.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.metrics import Metric, accuracies, bootstrap
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN, Comparison
from robustcore.reports.compare.references import ALEXNET, PublishedReference, published_alexnet

Array = npt.NDArray[np.float64]
SENTENCE = f"Intervals: 95 %, paired bootstrap over the images ({bootstrap.DRAWS:,} drawings, the same for all models and conditions)"


@lru_cache(maxsize=4)
def _weights(images: int) -> npt.NDArray[np.float32]:
    weights = bootstrap.weights(images)
    weights.flags.writeable = False
    return weights


@dataclasses.dataclass(frozen=True)
class Resampled:
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


def resample(comparison: Comparison, answers: Answers, models: Sequence[str] = ()) -> Resampled:
    """The accuracies of the models under the comparison's conditions, in every drawing of its images."""
    rows = comparison.corrupted
    labels = tuple(dict.fromkeys(rows["label"]))
    wanted = tuple(models) or tuple(comparison.models)
    shape = (bootstrap.DRAWS, len(wanted), len(labels))
    accuracy, clean = np.full(shape, np.nan), np.full(shape, np.nan)
    for shared in sorted(set(rows["shared"])):
        group = rows[rows["model"].isin(wanted) & (rows["shared"] == shared)]
        here = [labels.index(label) for label in dict.fromkeys(group["label"])]
        whole = group[group["n"] == shared]
        images = int(accuracies.judged(whole).min()) if len(whole) else int(shared)  # of them those that have a label
        columns: list[tuple[npt.NDArray[np.float32], tuple[Array, int, list[int]]]] = []
        for model, own in group.groupby("model", sort=False):
            i = wanted.index(str(model))
            if (right := _right(answers, str(model), [CLEAN], images)) is not None:
                columns.append((right, (clean, i, here)))
            for label, part in own.groupby("label", sort=False):
                scored = list(part["condition"]) if (part["n"] > 0).all() else []
                if scored and (right := _right(answers, str(model), scored, images)) is not None:
                    columns.append((right, (accuracy, i, [labels.index(str(label))])))
        if columns:
            means = bootstrap.accuracies(_weights(answers.images), np.stack([right for right, _ in columns], axis=1))
            for column, (_, (target, i, places)) in enumerate(columns):
                target[:, i, places] = means[:, column, None]
    return Resampled(wanted, labels, accuracy, clean)


def resample_with_reference(
    comparison: Comparison, answers: Answers, models: Sequence[str], reference: str
) -> tuple[Resampled, str | PublishedReference]:
    """The accuracies of the models and of the reference, if there is one, and the reference as `values` takes it."""
    if reference == ALEXNET and reference not in comparison.models:
        return resample(comparison, answers, models), published_alexnet(comparison)
    further = [reference] if reference and reference not in models else []
    return resample(comparison, answers, [*models, *further]), reference


def _right(answers: Answers, model: str, conditions: list[str], images: int) -> npt.NDArray[np.float32] | None:
    right = answers.right(model, conditions)
    return right[:images] if right is not None and len(right) >= images else None


def values(sample: Resampled, metric: Metric, reference: str | PublishedReference = "") -> Array:
    """(draws, models, labels) a metric in every drawing.

    Args:
        sample: the accuracies, the reference's among them unless it is published.
        metric: one of accuracies.
        reference: a model of the sample, or published figures, for the metrics that need one.
    """
    if isinstance(reference, PublishedReference):
        line = np.array([reference.accuracy.get(label, math.nan) for label in sample.labels])
        theirs, at_clean = line[None, None], np.full((1, 1, 1), reference.clean)
    elif reference in sample.models:
        i = sample.models.index(reference)
        theirs, at_clean = sample.accuracy[:, i : i + 1], sample.clean[:, i : i + 1]
    else:
        theirs = at_clean = np.full((1, 1, 1), math.nan)
    return metric(accuracy=sample.accuracy, clean=sample.clean, reference=theirs, reference_clean=at_clean)


def fill(table: pd.DataFrame, sample: Resampled, statistic: Array) -> pd.DataFrame:
    """The table (model, name, value, low, high) with the interval of every value that lacks one.

    `statistic`, here and below, is (draws, models, labels), the value in every drawing.
    """
    low, high = bootstrap.interval(statistic)
    i = [sample.models.index(model) if model in sample.models else -1 for model in table["model"]]
    j = [sample.labels.index(name) for name in table["name"]]
    lacking = table["low"].isna() & table["value"].notna() & (np.array(i) >= 0)
    return table.assign(
        low=table["low"].where(~lacking, low[i, j]).astype(float),
        high=table["high"].where(~lacking, high[i, j]).astype(float),
    )


def of_means(means: pd.DataFrame, sample: Resampled, statistic: Array) -> pd.DataFrame:
    """The table of means (model, value) with the interval of each mean over the conditions: low and high."""
    nothing = np.full(len(sample.models), np.nan)
    low, high = bootstrap.interval(statistic.mean(axis=2)) if statistic.shape[2] else (nothing, nothing)
    ends = {model: (low[i], high[i]) for i, model in enumerate(sample.models)}
    none = (math.nan, math.nan)
    defined = means["value"].notna()
    columns = [[ends.get(model, none)[k] for model in means["model"]] for k in (0, 1)]
    return means.assign(
        low=pd.Series(columns[0], index=means.index, dtype=float).where(defined),
        high=pd.Series(columns[1], index=means.index, dtype=float).where(defined),
    )
