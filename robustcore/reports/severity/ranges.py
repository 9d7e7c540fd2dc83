"""What a calibration says about the range to draw strengths from, and the table of ranges that ships."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from robustcore import corruptions
from robustcore.datasets._base import Dataset
from robustcore.evaluation.provenance import versions
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note
from robustcore.reports.severity.calibration import POINTS, Calibration


class Range(NamedTuple):
    """Where strengths are drawn.

    Attributes:
        low, high: the ends.
        testable: whether the strongest loses one accuracy point at all; if not, the ends are the limits.
        reason: why an end is not the strength that the rule seeks, or None.
    """

    low: float
    high: float
    testable: bool
    reason: Note | None


def range_of(calibration: Calibration, limits: tuple[float, float]) -> Range:
    """The range of a calibrated corruption whose strengths may lie in `limits`.

    Where half of the accuracy is never lost, it ends at the greatest strength. Where not one point is lost there, the
    dataset cannot test the corruption, and the range is all of the limits.
    """
    low, high = calibration.lower.strength, calibration.upper.strength
    if math.isnan(low):
        return Range(*limits, False, no_point_lost(calibration.lower.reason))
    if math.isnan(high):
        last = float(
            calibration.path["loss"].iloc[-1]
        )  # the greatest strength was measured, since half is not lost before
        if last < POINTS:
            return Range(*limits, False, too_little_lost(last, limits[1]))
        return Range(low, limits[1], True, upper_end_is_greatest(calibration.upper.reason))
    if low < high:
        return Range(low, high, True, None)
    before = [s for s in calibration.path["strength"] if s < low]
    return Range(max(before, default=limits[0]), high, True, lost_in_one_step())


@note
def no_point_lost(why: Note | None) -> str:
    return f"This dataset cannot test it: {why}."


@note
def too_little_lost(loss: float, strongest: float) -> str:
    return (
        f"This dataset cannot test it: {100 * loss:.1f} points are lost at the greatest strength, {strongest:g}, fewer than "
        f"{100 * POINTS:g}."
    )


@note
def upper_end_is_greatest(why: Note | None) -> str:
    return f"The upper end is the greatest strength: {why}."


@note
def lost_in_one_step() -> str:
    return "One point and half of the accuracy are lost at the same step of the strength; the lower end is the step before."


def record(calibration: Calibration, model: Classifier, dataset: Dataset, seed: int) -> dict[str, Any]:
    """A row of the table of ranges: the range, what it rests on, and what makes it reproducible.

    `at_1_loss` is the loss at strength 1 with its 95 % interval, where that strength was measured: for candidates, the
    published harshest parameter.
    """
    limits = corruptions.get(calibration.name).limits
    assert limits is not None
    usable = range_of(calibration, limits)
    row: dict[str, Any] = {
        "range_low": usable.low,
        "range_high": usable.high,
        "testable": usable.testable,
        "reason": str(usable.reason or ""),
    }
    at_one = calibration.path[calibration.path["strength"] == 1]
    for column in ("loss", "low", "high"):
        name = "at_1_loss" if column == "loss" else f"at_1_loss_{column}"
        row[name] = float(at_one[column].iloc[0]) if len(at_one) else math.nan
    return row | {
        "limit_low": limits[0],
        "limit_high": limits[1],
        "model": model.card.name,
        "model_fingerprint": model.fingerprint(),
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "split": dataset.split,
        "seed": seed,
        "version": versions().get("robustcore", ""),
    }
