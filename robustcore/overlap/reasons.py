"""Why an overlap is undefined, and what limits the figures of a table of overlaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.notes import Note, note
from robustcore.overlap.accuracies import CLEAN, STANDARD, Accuracies, Array

# Larger differences in clean accuracy fake overlap: an undertrained model seems to preserve more of its clean accuracy.
COMPARABLE = 0.03


class Reasons:
    """Why overlaps are undefined."""

    def __init__(
        self, table: Accuracies, self_gains: Array, limits: Array, rows: list[int], columns: list[int]
    ) -> None:
        self._table, self._mean = table, table.mean
        self._rows, self._columns = [i + 1 for i in rows], [j + 1 for j in columns]
        self._own = [self._of_one(k, self_gains[k], limits[k]) for k in range(len(rows))]

    def of_all(self, defined: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
        """(K, K) notes, None where an overlap is defined."""
        reasons = np.full(defined.shape, None, dtype=object)
        for i, j in zip(*np.nonzero(~defined), strict=True):
            reasons[i, j] = self._of(int(i), int(j))
        return reasons

    def _of(self, i: int, j: int) -> Note | None:
        return (
            self._own[i]
            or self._own[j]
            or self._missing(self._rows[i], self._columns[j])
            or self._missing(self._rows[j], self._columns[i])
        )

    def _of_one(self, k: int, self_gain: float, limit: float) -> Note | None:
        row, column = self._rows[k], self._columns[k]
        missing = self._missing(0, column) or self._missing(row, column)
        if missing or self_gain > limit:
            return missing
        return training_does_not_help(self._table.tested[column], float(self_gain), float(limit))

    def _missing(self, row: int, column: int) -> Note | None:
        trained = self._table.trained[row]
        trained_on = None if trained == STANDARD else trained
        if np.isnan(self._mean[row, 0]):
            return clean_accuracy_missing(trained_on)
        if self._mean[row, 0] == 0:
            return never_right_on_clean_images(trained_on)
        if np.isnan(self._mean[row, column]):
            return accuracy_missing(trained_on, self._table.tested[column])
        return None


def limits_of(table: Accuracies, clean: pd.Series) -> list[Note]:
    """What limits the figures of a table, by its clean accuracies, numbers of images and seeds."""
    notes = []
    finite = clean.dropna()
    if len(finite) > 1 and finite.max() - finite.min() > COMPARABLE:
        ends = (str(finite.idxmin()), float(finite.min()), str(finite.idxmax()), float(finite.max()))
        notes.append(clean_accuracies_differ(*ends))
    over_images, over_seeds = (np.isfinite(v).any() for v in table.variance())
    if not over_images and not over_seeds:
        notes.append(no_intervals())
    elif not over_seeds:
        notes.append(one_training_seed())
    elif not over_images:
        notes.append(number_of_images_unknown())
    if untested := tuple(name for name in table.trained[1:] if name not in table.tested):
        notes.append(not_tested_on(untested))
    if untrained := tuple(name for name in table.tested[1:] if name not in table.trained and name != CLEAN):
        notes.append(not_trained_on(untrained))
    return notes


# Why an overlap is undefined, each as the second half of a sentence. `trained_on` is None for the standard model.


@note
def training_does_not_help(corruption: str, gain: float, needed: float) -> str:
    return f"training on {corruption} gains only {gain:.3f} on {corruption}; it must gain more than {needed:.3f}"


@note
def clean_accuracy_missing(trained_on: str | None) -> str:
    return f"the clean accuracy of {_model(trained_on)} is missing"


@note
def never_right_on_clean_images(trained_on: str | None) -> str:
    return f"{_model(trained_on)} is never right on clean images"


@note
def accuracy_missing(trained_on: str | None, tested_on: str) -> str:
    return f"the accuracy of {_model(trained_on)} on {tested_on} is missing"


def _model(trained_on: str | None) -> str:
    return "the standard model" if trained_on is None else f"the model trained on {trained_on}"


# What limits the figures.


@note
def clean_accuracies_differ(lowest: str, low: float, highest: str, high: float) -> str:
    return (
        f"The clean accuracies differ by {100 * (high - low):.1f} points ({lowest} {low:.1%}, {highest} {high:.1%}). "
        "An undertrained model looks robust to corruptions it was not trained on."
    )


@note
def no_intervals() -> str:
    return "No intervals: the number of images is unknown and there is only one training seed."


@note
def one_training_seed() -> str:
    return "One training seed: standard errors and intervals cover the choice of images only and are too narrow."


@note
def number_of_images_unknown() -> str:
    return (
        "The number of images is unknown: standard errors and intervals cover training seeds only and are too narrow."
    )


@note
def not_tested_on(trained_on: tuple[str, ...]) -> str:
    return f"Trained on but not tested on: {', '.join(trained_on)}."


@note
def not_trained_on(tested_on: tuple[str, ...]) -> str:
    return f"Tested on but not trained on: {', '.join(tested_on)}."
