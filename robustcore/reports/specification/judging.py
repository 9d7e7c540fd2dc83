"""Judging: each requirement's value with its interval, against the threshold. Pure arithmetic on evidence.

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
from robustcore.evaluation import Condition
from robustcore.metrics import alexnet, bootstrap
from robustcore.metrics.stability import ALEXNET_FLIP_PROBABILITY
from robustcore.reports.compare.intervals import VALUES
from robustcore.reports.specification import wording
from robustcore.reports.specification.evidence import Evidence, Measured
from robustcore.reports.specification.reading import Specification
from robustcore.reports.specification.rows import METRICS, Row

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
_FORMULAS = {"mce": "ce", "relative_mce": "relative_ce"}
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
class _Found:
    """A value with its interval, in the metric's unit; and why something is unknown."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: str = ""


def _judged(row: Row, model: str, evidence: Evidence) -> dict[str, Any]:
    found = _measure(row, model, evidence)
    sign = 1 if row.at_least else -1
    margin = sign * (found.value - row.threshold)
    nearest = sign * ((found.low if row.at_least else found.high) - row.threshold)
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
        "unit": METRICS[row.metric].unit,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "margin": 0.0 if abs(margin) < _CLOSE else margin,
        "verdict": verdict,
        "n": min(cell.n if cell else 0 for cell in cells),
        "reference": row.reference,
        "reason": found.reason,
    }


def _measure(row: Row, model: str, evidence: Evidence) -> _Found:
    if row.metric == "attack_success":
        (condition,) = row.conditions
        cell = evidence.cells.get((model, condition.canonical(), row.limit))
        if cell is None or (reason := _lacking(cell)):
            return _Found(reason=reason if cell else "not evaluated")
        if math.isnan(cell.success):
            return _Found(reason="whether the attack succeeds is not stored")
        return _wilson(cell.success, cell.n)
    if row.kind == "sequence":
        return _flips(row, model, evidence)
    return _of_accuracies(row, model, evidence)


def _of_accuracies(row: Row, model: str, evidence: Evidence) -> _Found:
    own, why = _terms(row, model, evidence)
    clean_needed = row.metric != "accuracy"
    clean = evidence.cells.get((model, CLEAN, row.limit))
    if not why and clean_needed:
        why = _lacking(clean, "clean images")
    if why:
        return _Found(reason=why)
    accuracy = np.array([_mean(cells) for cells in own])
    if math.isnan(accuracy.sum()):
        return _Found(reason=next((c.reason for cells in own for c in cells if c.reason), "the accuracy is undefined"))
    if row.metric == "accuracy" and len(row.conditions) == 1:
        return _wilson(float(accuracy[0]), own[0][0].n)
    reference, why = _reference(row, evidence)
    if reference is None:
        return _Found(reason=why)
    formula, factor = VALUES[_FORMULAS.get(row.metric, row.metric)], 100 if not row.reference else 1
    known_clean = clean.accuracy if clean and clean_needed else math.nan
    values = formula(accuracy, np.array(known_clean), reference.accuracy, np.array(reference.clean))
    if math.isnan(values.sum()):
        return _Found(reason=_why_undefined(row, values))
    drawn = _Drawing(own, clean if clean_needed else None, independent=row.kind == "shift")
    if not drawn.complete or not reference.complete:
        return _Found(
            factor * float(values.mean()), reason="answers image by image are not stored, so that there is no interval"
        )
    draws = formula(drawn.accuracy(), drawn.clean(), reference.drawn(drawn), reference.drawn_clean(drawn))
    low, high = bootstrap.interval(factor * draws.mean(axis=1))
    return _Found(factor * float(values.mean()), float(low), float(high))


def _terms(row: Row, model: str, evidence: Evidence) -> tuple[list[list[Measured]], str]:
    """The cells of each term, and the first reason why the row cannot be judged."""
    terms, why = [], ""
    for name, conditions in row.terms:
        cells = []
        for condition in conditions:
            cell = evidence.cells.get((model, condition.canonical(), row.limit))
            level = "" if condition.severity is None else f", severity {condition.severity}"
            what = "" if len(row.conditions) == 1 else f"{wording.plain(row.kind, name)}{level}"
            why = why or _lacking(cell, what)
            cells.append(cell or Measured(0, 0))
        terms.append(cells)
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


class _Drawing:
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
        known = [right for right in self._right if right is not None]
        if self._independent:
            return np.stack([self._of(right, 1 + place) for place, right in enumerate(known)], axis=1)
        return bootstrap.accuracies(bootstrap.weights(self.images), np.stack(known, axis=1))

    def clean(self) -> Array:
        """(draws, 1), NaN where the clean answers are not known."""
        if self._clean is None:
            return np.full((1, 1), math.nan)
        return self._of(self._clean, 0)[:, None]

    def _of(self, right: npt.NDArray[np.floating], seed: int) -> Array:
        return bootstrap.accuracies(bootstrap.weights(len(right), seed=seed), right)


def _right(cells: Sequence[Measured]) -> npt.NDArray[np.floating] | None:
    """(n,) the share of the conditions under which each image is answered rightly."""
    known = [cell.each for cell in cells if cell.each is not None]
    if len(known) < len(cells) or len({len(each) for each in known}) != 1:
        return None
    mean: npt.NDArray[np.floating] = np.mean(known, axis=0)
    return mean


@dataclasses.dataclass(frozen=True)
class _Reference:
    """Whom errors are divided by: (terms,) accuracies, the clean one, and their drawings."""

    accuracy: Array
    clean: float
    complete: bool
    drawn: Callable[[_Drawing], Array]
    drawn_clean: Callable[[_Drawing], Array]


def _reference(row: Row, evidence: Evidence) -> tuple[_Reference | None, str]:
    """The reference, or why there is none; for a metric without one it is nothing that is used."""
    nothing = np.full((1, 1), math.nan)
    if not row.reference:
        return _Reference(nothing[0], math.nan, True, lambda _: nothing, lambda _: nothing), ""
    if row.reference == "alexnet":
        return _alexnet(row, evidence)
    terms, why = _terms(row, row.reference, evidence)
    clean = evidence.cells.get((row.reference, CLEAN, row.limit))
    why = why or _lacking(clean, "clean images")
    if why:
        return None, f"the reference {row.reference}: {why}"
    assert clean is not None
    own = _Drawing(terms, clean)
    accuracy = np.array([_mean(cells) for cells in terms])
    return _Reference(accuracy, clean.accuracy, own.complete, lambda _: own.accuracy(), lambda _: own.clean()), ""


def _alexnet(row: Row, evidence: Evidence) -> tuple[_Reference | None, str]:
    """The published errors, which hold for ImageNet-C alone."""
    if (evidence.classes, evidence.side) != (1000, 224):
        return None, (
            f"AlexNet's published errors are those of the 1,000 classes of ImageNet at 224 pixels, and this dataset has "
            f"{evidence.classes:,} at {evidence.side}"
        )
    accuracies = []
    for name, conditions in row.terms:
        levels = [c.severity for c in conditions if c.severity is not None]
        errors = alexnet.ERRORS.get(name)
        if errors and levels:
            accuracies.append(1 - math.fsum(errors[level - 1] for level in levels) / len(levels))
        elif name in alexnet.MEAN_ERRORS and levels == [1, 2, 3, 4, 5]:
            accuracies.append(1 - alexnet.MEAN_ERRORS[name])
        else:
            return (
                None,
                f"AlexNet's errors under {wording.plain('corruption', name)} at these severities are not published",
            )
    line, clean = np.array(accuracies), 1 - alexnet.CLEAN_ERROR
    return _Reference(line, clean, True, lambda _: line[None], lambda _: np.full((1, 1), clean)), ""


def _why_undefined(row: Row, values: Array) -> str:
    name = row.terms[int(np.isnan(values).argmax())][0]
    if row.metric == "app":
        return "the clean accuracy is 0, so that nothing can be preserved"
    what = "loses nothing" if row.metric.startswith("relative") else "makes no error"
    return f"the reference {row.reference} {what} under {wording.plain(row.kind, name)}"


def _flips(row: Row, model: str, evidence: Evidence) -> _Found:
    own, why = _terms(row, model, evidence)
    if why:
        return _Found(reason=why)
    flips = np.array([cells[0].flips for cells in own])
    each = [cells[0].each for cells in own]
    against: Array = np.ones(len(own))
    others: list[npt.NDArray[np.floating] | None] = []
    if row.reference == "alexnet":
        against = np.array([ALEXNET_FLIP_PROBABILITY.get(name, math.nan) for name, _ in row.terms])
    elif row.reference:
        theirs, why = _terms(row, row.reference, evidence)
        if why:
            return _Found(reason=f"the reference {row.reference}: {why}")
        against = np.array([cells[0].flips for cells in theirs])
        others = [cells[0].each for cells in theirs]
    if (against == 0).any():
        name = row.terms[int((against == 0).argmax())][0]
        return _Found(
            reason=f"the reference {row.reference} never changes its answer under {wording.plain(row.kind, name)}"
        )
    value = float(100 * (flips / against).mean())
    if math.isnan(value):
        return _Found(reason="the flips are not stored")
    known = [part for part in [*each, *others] if part is not None]
    if len(known) < len(each) + len(others):
        return _Found(value, reason="answers image by image are not stored, so that there is no interval")
    drawn = bootstrap.accuracies(bootstrap.weights(len(known[0])), np.stack(known, axis=1))
    below = drawn[:, len(each) :] if others else against[None]
    rates = np.divide(drawn[:, : len(each)], below, out=np.full((len(drawn), len(each)), np.nan), where=below > 0)
    low, high = bootstrap.interval(100 * rates.mean(axis=1))
    return _Found(value, float(low), float(high))


def _wilson(share: float, n: int) -> _Found:
    fields = {"model": [""], "dataset": [""], "kind": [""], "name": [""], "accuracy": [share], "n": [n]}
    ends = metrics.accuracy(pd.DataFrame(fields)).iloc[0]
    return _Found(100 * share, 100 * float(ends["low"]), 100 * float(ends["high"]))
