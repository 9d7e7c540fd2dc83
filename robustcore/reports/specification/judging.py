"""Judging: each requirement's value with its interval, against the threshold. Arithmetic on evidence.

Accuracies under one condition and an attack's success have Wilson's interval; whatever is a mean or relative to something
has that of the paired bootstrap over the images, of which all conditions, the clean images and the reference see the same
drawings. Natural shifts show other images than the clean ones: there each set is drawn on its own.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import metrics
from robustcore.display import display_name
from robustcore.evaluation import Condition
from robustcore.evaluation.operations.sequence import difficulty_of
from robustcore.metrics import alexnet, bootstrap
from robustcore.reports.specification import wording
from robustcore.reports.specification.evidence import Evidence, Measured
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.requirable_metrics import OF_IMAGES, Requirable, requirable
from robustcore.reports.specification.rows import Requirement

VERDICTS = {
    "pass": "passes, and so does the whole 95 % interval",
    "uncertain": "passes, but the 95 % interval reaches past the threshold",
    "fail": "does not reach the threshold",
    "undefined": "cannot be judged; the reason says why",
}
COLUMNS = (
    "model",
    "row",
    "line",
    "metric",
    "condition",
    "direction",
    "threshold",
    "unit",
    "value",
    "low",
    "high",
    "margin",
    "verdict",
    "n",
    "reference",
    "reason",
)
CLEAN = Condition.clean().canonical()
_NO_INTERVAL = "answers image by image are not stored, so that there is no interval"
_CLOSE = 1e-9  # percent: what rounding alone can make of a value that is the threshold
Array = npt.NDArray[np.float64]


def judge(spec: Specification, evidence: Evidence) -> pd.DataFrame:
    """Every requirement of every model.

    Returns:
        model, row and line (in the file), metric, condition (in words), direction ("at least" or "at most"), threshold,
        unit ("%" or "points": of threshold, value, low and high), value, low and high (95 %), margin (in points; positive
        where it passes), verdict (a key of `VERDICTS`), n (the least number of images), reference, and why the value or
        its interval is unknown.
    """
    rows = [_judged(row, model, evidence) for model in evidence.models for row in spec.rows]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def meets(table: pd.DataFrame, *, strict: bool = False) -> bool:
    """Whether every requirement is met: by its value, or (strict) by its whole interval. An undefined one is not."""
    return len(table) > 0 and bool(table["verdict"].isin(["pass"] if strict else ["pass", "uncertain"]).all())


@dataclasses.dataclass(frozen=True)
class _Estimate:
    """A value with its interval, in the metric's unit; and why something is unknown."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: str = ""


def _judged(row: Requirement, model: str, evidence: Evidence) -> dict[str, Any]:
    required = requirable()[row.metric]
    estimate = _measure(row, required, model, evidence)
    sign = 1 if row.at_least else -1
    margin = sign * (estimate.value - row.threshold)
    nearest = sign * ((estimate.low if row.at_least else estimate.high) - row.threshold)
    if math.isnan(margin):
        verdict = "undefined"
    elif margin < -_CLOSE:
        verdict = "fail"
    else:
        verdict = "pass" if nearest >= -_CLOSE else "uncertain"  # without an interval nothing is certain
    cells = [evidence.cells.get((model, c.canonical(), row.limit)) for c in row.conditions]
    return {
        "model": model,
        "row": row.number,
        "line": row.line,
        "metric": row.metric,
        "condition": wording.condition(row),
        "direction": "at least" if row.at_least else "at most",
        "threshold": row.threshold,
        "unit": required.unit,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "margin": 0.0 if abs(margin) < _CLOSE else margin,
        "verdict": verdict,
        "n": min(cell.n if cell else 0 for cell in cells),
        "reference": row.reference,
        "reason": estimate.reason,
    }


def _measure(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    if required.metric.input == "attacks":
        return _of_attacks(row, required, model, evidence)
    if required.metric.input == "unions":
        return _of_union(row, required, model, evidence)
    if required.metric.input == "frames":
        return _of_frames(row, required, model, evidence)
    if required.metric.input in OF_IMAGES:
        return _of_images(row, required, model, evidence)
    return _of_accuracies(row, required, model, evidence)


def _of_attacks(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    (condition,) = row.conditions
    cell = evidence.cells.get((model, condition.canonical(), row.limit))
    if cell is None or (reason := _lacking(cell)):
        return _Estimate(reason=reason if cell else "not evaluated")
    if math.isnan(cell.success):
        return _Estimate(reason=cell.reason or "whether the attack succeeds is not stored")
    value = float(required.metric(success=cell.success))
    return _wilson(value, cell.n) if required.metric.sampled else _Estimate(required.factor * value)


def _of_union(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    terms, why = _terms(row, model, evidence)
    if why:
        return _Estimate(reason=why)
    each = [cell.each for cells in terms for cell in cells if cell.each is not None]
    if len(each) < len(row.conditions) or len({len(right) for right in each}) != 1:
        return _Estimate(
            reason="answers image by image are not stored, so that nobody knows which images hold against all"
        )
    holds = np.min(each, axis=0)
    return _wilson(float(required.metric(holds=holds.mean())), len(holds))


def _of_images(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    own, why = _terms(row, model, evidence)
    if why:
        return _Estimate(reason=why)
    nothing = (math.nan, "not evaluated")
    values = [[cell.values.get(required.metric.name, nothing) for cell in cells] for cells in own]
    if reason := next((reason for cells in values for value, reason in cells if math.isnan(value)), ""):
        return _Estimate(reason=reason)
    means = [math.fsum(value for value, _ in cells) / len(cells) for cells in values]
    return _Estimate(required.factor * math.fsum(means) / len(means), reason=f"{required.metric.short} has no interval")


def _of_accuracies(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    metric = required.metric
    own, why = _terms(row, model, evidence)
    clean_needed = "clean" in metric.arrays
    clean = evidence.cells.get((model, CLEAN, row.limit))
    if not why and clean_needed:
        why = _lacking(clean, "clean images")
    if why:
        return _Estimate(reason=why)
    accuracy = np.array([_mean(cells) for cells in own])
    if math.isnan(accuracy.sum()):
        reasons = (c.reason for cells in own for c in cells if c.reason)
        return _Estimate(reason=next(reasons, "the accuracy is undefined"))
    if metric.sampled and len(row.conditions) == 1:
        return _wilson(float(metric(accuracy=accuracy)[0]), own[0][0].judged)
    reference, why = _reference(row, evidence)
    if reference is None:
        return _Estimate(reason=why)
    values = metric(
        accuracy=accuracy,
        clean=clean.accuracy if clean and clean_needed else math.nan,
        reference=reference.accuracy,
        reference_clean=reference.clean,
    )
    if math.isnan(values.sum()):
        return _Estimate(reason=_why_undefined(row, required, values))
    value = required.factor * float(values.mean())
    sample = _Sample(own, clean if clean_needed else None, independent=row.kind == "shift")
    if not sample.complete or not reference.complete:
        return _Estimate(value, reason=_NO_INTERVAL)
    draws = metric(
        accuracy=sample.accuracy(),
        clean=sample.clean(),
        reference=reference.drawn(),
        reference_clean=reference.drawn_clean(),
    )
    low, high = bootstrap.interval(required.factor * draws.mean(axis=1))
    return _Estimate(value, float(low), float(high))


def _terms(row: Requirement, model: str, evidence: Evidence) -> tuple[list[list[Measured]], str]:
    """The cells of each term, and why the row cannot be judged: all severities that the first such term lacks; else ""."""
    terms, why = [], ""
    for name, conditions in row.terms:
        cells = [evidence.cells.get((model, c.canonical(), row.limit)) for c in conditions]
        lacking = [c for c, cell in zip(conditions, cells, strict=True) if _lacking(cell)]
        if lacking and not why:
            levels = [str(c.severity) for c in lacking if c.severity is not None]
            word = "severity" if len(levels) == 1 else "severities"
            level = f", {word} {', '.join(levels)}" if levels else ""
            what = "" if len(row.conditions) == 1 else f"{display_name(name, row.kind, inside=True)}{level}"
            why = _lacking(cells[conditions.index(lacking[0])], what)
        terms.append([cell or Measured(0, 0) for cell in cells])
    return terms, why


def _lacking(cell: Measured | None, what: str = "") -> str:
    """Why a cell cannot be used, or ""."""
    if cell is None or cell.n == 0:
        why = cell.reason if cell and cell.reason else "not evaluated"
    elif cell.n < cell.size:
        why = f"only {cell.n:,} of {cell.size:,} images are evaluated"
    else:
        return ""
    return f"{what}: {why}" if what else why


def _mean(cells: Sequence[Measured]) -> float:
    return math.fsum(cell.accuracy for cell in cells) / len(cells)


class _Sample:
    """The accuracies of one row's terms in every drawing of the images."""

    def __init__(
        self, terms: Sequence[Sequence[Measured]], clean: Measured | None, *, independent: bool = False
    ) -> None:
        self._right = [_right(cells) for cells in terms]
        self._clean = None if clean is None else clean.each
        self._independent = independent
        self.complete = all(right is not None for right in self._right) and (clean is None or clean.each is not None)
        self.images = max((len(right) for right in self._right if right is not None), default=0)

    def accuracy(self) -> Array:
        """(draws, terms)."""
        stored = [right for right in self._right if right is not None]
        if self._independent:
            return np.stack([self._of(right, 1 + place) for place, right in enumerate(stored)], axis=1)
        return bootstrap.accuracies(bootstrap.weights(self.images), np.stack(stored, axis=1))

    def clean(self) -> Array:
        """(draws, 1), NaN where the clean answers are not stored."""
        if self._clean is None:
            return np.full((1, 1), math.nan)
        return self._of(self._clean, 0)[:, None]

    def _of(self, right: npt.NDArray[np.floating], seed: int) -> Array:
        return bootstrap.accuracies(bootstrap.weights(len(right), seed=seed), right)


def _right(cells: Sequence[Measured]) -> npt.NDArray[np.floating] | None:
    """(n,) the share of the conditions under which each image is answered rightly."""
    stored = [cell.each for cell in cells if cell.each is not None]
    if len(stored) < len(cells) or len({len(each) for each in stored}) != 1:
        return None
    mean: npt.NDArray[np.floating] = np.mean(stored, axis=0)
    return mean


@dataclasses.dataclass(frozen=True)
class _Reference:
    """Whom the model is compared with: (terms,) accuracies, the clean one, and the same in every drawing."""

    accuracy: Array
    clean: float
    complete: bool
    drawn: Callable[[], Array]
    drawn_clean: Callable[[], Array]


def _reference(row: Requirement, evidence: Evidence) -> tuple[_Reference | None, str]:
    """The reference, or why there is none; for a metric without one it is NaN."""
    if not row.reference:
        return _published(np.full(1, math.nan), math.nan), ""
    if row.reference == alexnet.NAME:
        return _alexnet(row, evidence)
    terms, why = _terms(row, row.reference, evidence)
    clean = evidence.cells.get((row.reference, CLEAN, row.limit))
    why = why or _lacking(clean, "clean images")
    if why:
        return None, f"the reference {row.reference}: {why}"
    assert clean is not None
    own = _Sample(terms, clean)
    return _Reference(
        np.array([_mean(cells) for cells in terms]), clean.accuracy, own.complete, own.accuracy, own.clean
    ), ""


def _published(accuracy: Array, clean: float) -> _Reference:
    """A reference that is the same in every drawing."""
    return _Reference(accuracy, clean, True, lambda: accuracy[None], lambda: np.full((1, 1), clean))


def _alexnet(row: Requirement, evidence: Evidence) -> tuple[_Reference | None, str]:
    """The published errors, which hold for ImageNet-C alone."""
    if why := alexnet.refused("this dataset", evidence.classes, evidence.side):
        return None, why.rstrip(".")
    accuracies = []
    for name, conditions in row.terms:
        levels = [c.severity for c in conditions if c.severity is not None]
        accuracies.append(alexnet.accuracy(name, levels))
        if math.isnan(accuracies[-1]):
            place = display_name(name, "corruption", inside=True)
            return None, f"AlexNet's errors under {place} at these severities are not published"
    return _published(np.array(accuracies), alexnet.CLEAN), ""


def _why_undefined(row: Requirement, required: Requirable, values: Array) -> str:
    name = row.terms[int(np.isnan(values).argmax())][0]
    return required.metric.undefined.format(
        reference=f"the reference {row.reference}", here=f"under {display_name(name, row.kind, inside=True)}"
    )


def _of_frames(row: Requirement, required: Requirable, model: str, evidence: Evidence) -> _Estimate:
    metric = required.metric
    own, why = _terms(row, model, evidence)
    if why:
        return _Estimate(reason=why)
    flips = np.array([cells[0].flips for cells in own])
    each = [cells[0].each for cells in own]
    theirs: Array = np.full(len(own), math.nan)
    each_of_theirs: list[npt.NDArray[np.floating] | None] = []
    if row.reference == alexnet.NAME:
        sequences = [(name, difficulty_of(conditions[0])) for name, conditions in row.terms]
        if why := next(filter(None, (alexnet.unpublished(*sequence) for sequence in sequences)), ""):
            return _Estimate(reason=why)
        theirs = np.array([alexnet.flip_probability(*sequence) for sequence in sequences])
    elif row.reference:
        reference, why = _terms(row, row.reference, evidence)
        if why:
            return _Estimate(reason=f"the reference {row.reference}: {why}")
        theirs = np.array([cells[0].flips for cells in reference])
        each_of_theirs = [cells[0].each for cells in reference]
    if np.isnan(flips).any() or (metric.reference and np.isnan(theirs).any()):
        return _Estimate(reason="the flips are not stored")
    values = metric(flips=flips, reference_flips=theirs)
    if np.isnan(values).any():
        return _Estimate(reason=_why_undefined(row, required, values))
    value = required.factor * float(values.mean())
    stored = [part for part in [*each, *each_of_theirs] if part is not None]
    if len(stored) < len(each) + len(each_of_theirs):
        return _Estimate(value, reason=_NO_INTERVAL)
    drawn = bootstrap.accuracies(bootstrap.weights(len(stored[0])), np.stack(stored, axis=1))
    below = drawn[:, len(each) :] if each_of_theirs else theirs[None]
    draws = metric(flips=drawn[:, : len(each)], reference_flips=below)
    low, high = bootstrap.interval(required.factor * draws.mean(axis=1))
    return _Estimate(value, float(low), float(high))


def _wilson(share: float, n: int) -> _Estimate:
    fields = {"model": [""], "dataset": [""], "kind": [""], "name": [""], "accuracy": [share], "n": [n]}
    ends = metrics.accuracy(pd.DataFrame(fields)).iloc[0]
    return _Estimate(100 * share, 100 * float(ends["low"]), 100 * float(ends["high"]))
