"""Range calibration of Laugros' thesis (3.2.2): where a model begins to lose accuracy, and where it has lost half of it.

The strength is raised from almost nothing. The lower bound is reached where one accuracy point is lost, the upper bound
where half of the clean accuracy is lost.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from robustcore import arguments, corruptions
from robustcore.datasets import dataset_of
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation import Condition, Store, api
from robustcore.evaluation.request import Data, EvaluationRequest
from robustcore.metrics.severities import Correct, paired_drop
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note

Measure = Callable[[float], Correct]  # strength -> whether each image is answered rightly, always the same images

POINTS = 0.01  # lost at the lower bound
SHARE = 0.5  # of the clean accuracy, lost at the upper bound
DOUBLINGS = 8  # by default the first strength is the span of the limits over 2**8
HALVINGS = 8  # of the interval between two strengths, at most by default


@dataclasses.dataclass(frozen=True)
class Bound:
    """One end of a range.

    Attributes:
        strength: the least strength evaluated at which the accuracy is lost; NaN where it never is, with the reason.
        wanted: the loss that defines the bound, 0 .. 1.
        loss: the loss measured at `strength`; low, high: its 95 % interval, image by image against the clean answers.
        reason: why there is no strength, or None; without a full stop.
    """

    strength: float
    wanted: float
    loss: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: Note | None = None


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A calibrated range.

    Attributes:
        name: of the corruption, "" for a function of one's own.
        lower, upper: its ends.
        clean_accuracy: of the model.
        n: images.
        path: every strength that was evaluated, in order: strength, accuracy, loss, low, high.
        notes: what limits the result.
    """

    name: str
    lower: Bound
    upper: Bound
    clean_accuracy: float
    n: int
    path: pd.DataFrame
    notes: tuple[Note, ...]


def calibrate(
    model: str | os.PathLike[str] | Classifier,
    dataset: Data,
    name: str,
    *,
    limit: int | None = None,
    seed: int = 0,
    split: str = "test",
    device: str = "auto",
    store: Store | Path | str | None = None,
    progress: Callable[[float, float], None] | None = None,
    doublings: int = DOUBLINGS,
    halvings: int = HALVINGS,
    also: Sequence[float] = (),
) -> Calibration:
    """Calibrate a corruption with a continuous strength; evaluations are stored, and repeated ones cost nothing.

    Args:
        model, dataset, limit, seed, split, device: as in `evaluate`.
        name: a corruption with a continuous strength.
        store: where evaluations are kept; default the results under the cache.
        progress: called with (strength, accuracy) after every evaluation.
        doublings, halvings, also: as in `search`.

    Raises:
        InvalidArgumentError: a corruption without a continuous strength, or a model that gets nothing right.
    """
    corruption = corruptions.get(name)
    if corruption.limits is None:
        ranged = ", ".join(each for each in corruptions.names() if corruptions.get(each).ranged)
        raise InvalidArgumentError(f"{name} has no continuous strength to calibrate; these have one: {ranged}.")
    images = dataset_of(dataset, split=split)
    results = store if isinstance(store, Store) else Store(store)
    if not isinstance(model, Classifier):
        from robustcore.models import load_model

        model = load_model(model)

    def answers(conditions: list[Condition]) -> Correct:
        prepared = api.prepare(EvaluationRequest.of(model, images, conditions, limit=limit, seed=seed, device=device))
        summary = api.carry_out(prepared, results)
        stored = results.predictions(prepared.cells[-1])  # clean comes first
        if stored is None:
            why = "; ".join(summary.reasons) or "the evaluation was stopped"
            raise RobustcoreError(f"{name} could not be evaluated on {images.name}: {why}.")
        return stored.judged

    def measure(strength: float) -> Correct:
        correct = answers([Condition.corruption(name, strength=strength)])
        if progress:
            progress(strength, float(correct.mean()))
        return correct

    calibration = search(measure, answers([]), corruption.limits, doublings=doublings, halvings=halvings, also=also)
    chance, left = 1 / len(model.card.classes), (1 - SHARE) * calibration.clean_accuracy
    below = (half_below_chance(left, chance),) if left < chance else ()
    return dataclasses.replace(calibration, name=name, notes=(*calibration.notes, *below))


def search(
    measure: Measure,
    clean: Correct,
    limits: tuple[float, float],
    *,
    points: float = POINTS,
    share: float = SHARE,
    resolution: float = 0.005,
    doublings: int = DOUBLINGS,
    halvings: int = HALVINGS,
    also: Sequence[float] = (),
) -> Calibration:
    """The two bounds of any corruption with one strength.

    The strength is doubled from a small share of the span until half is lost, then each bound's interval is halved until the
    accuracies at its ends differ by no more than `resolution` and a fifth of the loss sought, or by one image. A strength
    is measured once. Where the accuracy is not monotone, a bound is the first crossing among the strengths evaluated, and
    a note says so.

    Args:
        measure: strength -> (n,) whether each image is answered rightly; the images are those of `clean`.
        clean: (n,) the same for the clean images.
        limits: the strength that changes nothing, and the greatest one.
        points: accuracy lost at the lower bound, 0 .. 1.
        share: of the clean accuracy, lost at the upper bound, 0 .. 1.
        resolution: 0 .. 1.
        doublings: the first strength is the span over 2**doublings.
        halvings: of a bound's interval, at most, before the other bound is sought and as many after it.
        also: strengths to measure in any case; they belong to the path and to the search.
    """
    doublings, halvings = (
        arguments.whole(count, "Doublings and halvings are whole numbers, 0 to 64", high=64)
        for count in (doublings, halvings)
    )
    rule = "Strengths to measure in any case are numbers"
    also = [arguments.number(strength, rule) for strength in arguments.several(also, rule)]
    accuracy, n = float(np.mean(clean)) if len(clean) else 0.0, len(clean)
    if accuracy == 0:
        raise InvalidArgumentError("A range cannot be calibrated: the model gets none of the clean images right.")
    trail = _Trail(measure, clean, limits)
    wanted = (points, share * accuracy)
    for strength in also:
        trail.loss(strength)
    for k in range(doublings, -1, -1):
        if trail.loss(limits[0] + (limits[1] - limits[0]) / 2**k) >= max(wanted):
            break
    for loss in wanted:
        trail.narrow(loss, resolution, halvings)
    # The search for one bound may have come upon an earlier crossing of the other.
    for loss in wanted:
        trail.narrow(loss, resolution, halvings)
    lower, upper = (trail.bound(loss, accuracy) for loss in wanted)
    path = trail.path(accuracy)
    return Calibration("", lower, upper, accuracy, n, path, tuple(_notes(lower, path, trail, n)))


class _Trail:
    """The strengths that were measured, and the losses found there."""

    def __init__(self, measure: Measure, clean: Correct, limits: tuple[float, float]) -> None:
        self.clean, self.limits, self._measure = clean, limits, measure
        self.correct: dict[float, Correct] = {}

    def loss(self, strength: float) -> float:
        """The accuracy lost at a strength, measured unless it is known."""
        strength = min(max(_rounded(strength), self.limits[0]), self.limits[1])
        if strength not in self.correct:
            self.correct[strength] = self._measure(strength)
        return float(np.mean(self.clean)) - float(np.mean(self.correct[strength]))

    def crossing(self, wanted: float) -> tuple[float, float] | None:
        """The last strength before the first one at which `wanted` is lost, and that one."""
        before = self.limits[0]  # the clean images
        for strength in sorted(self.correct):
            if self.loss(strength) >= wanted:
                return before, strength
            before = strength
        return None

    def narrow(self, wanted: float, resolution: float, halvings: int) -> None:
        """Halve the interval of the first crossing."""
        for _ in range(halvings):
            strengths = self.crossing(wanted)
            if strengths is None:
                return
            before, after = strengths
            lost = 0.0 if before not in self.correct else self.loss(before)
            middle = _rounded((before + after) / 2)
            enough = max(min(resolution, wanted / 5), 1 / len(self.clean))
            if self.loss(after) - lost <= enough or not before < middle < after:
                return
            self.loss(middle)

    def bound(self, wanted: float, accuracy: float) -> Bound:
        strengths = self.crossing(wanted)
        if strengths is None:
            least = accuracy - max(self.loss(s) for s in self.correct)
            return Bound(math.nan, wanted, reason=never_lost(wanted, self.limits[1], least))
        drop = paired_drop(self.clean, self.correct[strengths[1]])
        return Bound(strengths[1], wanted, drop.value, drop.low, drop.high)

    def path(self, accuracy: float) -> pd.DataFrame:
        rows = []
        for strength in sorted(self.correct):
            drop = paired_drop(self.clean, self.correct[strength])
            rows.append((strength, accuracy - drop.value, drop.value, drop.low, drop.high))
        return pd.DataFrame(rows, columns=["strength", "accuracy", "loss", "low", "high"])


def _rounded(strength: float) -> float:
    """Four digits are enough for a range, and equal strengths find each other's stored results."""
    return float(f"{strength:.4g}")


def _notes(lower: Bound, path: pd.DataFrame, trail: _Trail, n: int) -> list[Note]:
    notes = []
    if lower.low <= 0:
        notes.append(lower_bound_uncertain(n, lower.low, lower.high))
    strengths = list(path["strength"])
    for strength, later in itertools.pairwise(strengths):
        # Many neighbours are compared, and the accuracies of close ones hardly differ: only sure rises are noted.
        gain = paired_drop(trail.correct[later], trail.correct[strength], confidence=0.999)
        if gain.low > 0:
            notes.append(not_monotone(strength, later, gain.value))
    return notes


@note
def half_below_chance(half: float, chance: float) -> str:
    return f"Half of the clean accuracy ({half:.1%}) is below chance ({chance:.1%}), so it may never be lost."


@note
def never_lost(points: float, strongest: float, lowest_accuracy: float) -> str:
    return (
        f"{100 * points:.1f} points are not lost up to the greatest strength, {strongest:g}; accuracy stays at "
        f"{lowest_accuracy:.1%} or above"
    )


@note
def lower_bound_uncertain(images: int, low: float, high: float) -> str:
    return f"With {images} images the lower bound is uncertain: the loss there is between {100 * low:.1f} and {100 * high:.1f} points."


@note
def not_monotone(strength: float, later: float, rise: float) -> str:
    return (
        f"Accuracy is not monotone: it rises by {100 * rise:.1f} points from strength {strength:g} to {later:g}. The bounds are "
        "the first crossings."
    )
