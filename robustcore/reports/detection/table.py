"""How well each anomaly score tells each set of unknown images from the known ones."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import metrics
from robustcore.datasets._base import Dataset, prepared_for
from robustcore.detection import scores
from robustcore.detection.kept_outputs import outputs_of
from robustcore.detection.outputs import PASSES, Outputs, has_dropout, last_linear
from robustcore.detection.scores import Score, Scores
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.metrics import bootstrap, detection
from robustcore.models.classifier import Card, Classifier
from robustcore.notes import Note, note
from robustcore.reports.detection import imagenet_o
from robustcore.reports.detection import sets as unknown_sets
from robustcore.reports.detection.sets import UnknownSet

DRAWS = 1000
FEWEST = 20  # known images, and unknown ones of a set, below which no score is called the best
_WORK = 20_000_000  # draws times images: with very many images fewer draws are enough
COLUMNS = ("score", "set", *(f"{name}{end}" for name in ("auroc", "aupr", "fpr95") for end in ("", "_low", "_high")))

Progress = Callable[[str, int, int], None]


@dataclasses.dataclass(frozen=True)
class DetectionReport:
    """What anomaly scores say of known and of unknown images.

    Attributes:
        model, dataset, split: the model's name, and where the known images are from.
        known: the number of known images.
        validation: the number of validation images that scores were fitted on; 0 where none was.
        validation_split: the split that they are from.
        sets: the sets of unknown images.
        table: a row for each score and set: score, set (their names), auroc, aupr, fpr95, 0 .. 1, each with _low and _high, the 95 %
            interval of the paired bootstrap, NaN where all drawings give one value; further metrics of plug-ins; chance, the share of unknown images, which is the AUPR of
            guessing; known, unknown, the numbers of images; reason, why there is no value.
        known_scores: score -> (known,) float64.
        unknown_scores: (score, set) -> (unknown,) float64.
        draws: of the bootstrap.
        answers: set or "" for the known images -> (n,) the classes that the model answers.
        among: the places of the classes whose logits scores read; () where they read all.
    """

    model: str
    dataset: str
    split: str
    known: int
    validation: int
    validation_split: str
    sets: tuple[UnknownSet, ...]
    table: pd.DataFrame
    known_scores: Mapping[str, Scores]
    unknown_scores: Mapping[tuple[str, str], Scores]
    draws: int
    answers: Mapping[str, npt.NDArray[np.int64]]
    among: tuple[int, ...] = ()

    @property
    def too_few(self) -> Note | None:
        """That there are too few images to say which score is best; None where there are enough."""
        smallest = int(self.table["unknown"].min())
        return None if min(self.known, smallest) >= FEWEST else too_few_to_compare_scores(self.known, smallest)


@note
def too_few_to_compare_scores(known: int, unknown: int) -> str:
    """`unknown` are those of the smallest set."""
    return (
        f"Too few images to compare scores: {known} known and {unknown} unknown {'one' if unknown == 1 else 'ones'}; with fewer than "
        f"{FEWEST} of either, chance decides which score is best."
    )


def detect(
    model: Classifier,
    dataset: Dataset,
    sets: Sequence[str | UnknownSet] | None = None,
    *,
    score_names: Sequence[str] | None = None,
    validation: Dataset | None = None,
    limit: int | None = None,
    answers: str = "",
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> DetectionReport:
    """Score known and unknown images and compare.

    Args:
        model: in memory.
        dataset: of images that it knows.
        sets: names of kinds of noise and datasets, paths of folders, and sets of one's own; by default `conditions_for(dataset)`.
        score_names: by default all that the model can give.
        validation: other in-distribution images, for scores that are fitted; without it these have a reason and no value.
        limit: the number of images of each set, the first ones.
        answers: "all" for scores over all logits, "folder" for those of the known images' classes alone; by default "folder" where
            ImageNet-O is among the sets and the known images have fewer classes than the model, as it is published, else "all".
        seed: of the bootstrap.
        progress: called with what is scored, and the numbers of images done and of all.
        cancelled: set to stop.

    Raises:
        UnknownNameError: no score, no set of that name.
        DatasetError: a set that cannot be read, or that is the known one.
        Cancelled: it was set.
    """
    known_images = prepared_for(dataset, model.card.own_preparation)
    chosen = _chosen(score_names)
    asked = unknown_sets.conditions_for(dataset) if sets is None else sets
    if not chosen or not asked:
        raise InvalidArgumentError("Detection compares at least one score on at least one set of unknown images.")
    resolved = unknown_sets.resolved(asked, known_images)
    reasons = {each.name: reason for each in chosen if (reason := _impossible(each, model, validation))}
    possible = [each for each in chosen if each.name not in reasons]
    among = _among(answers, model.card, known_images, resolved)

    needed = _needed(possible)

    def outputs(images: Dataset, what: str, passes: bool = True) -> Outputs:
        outputs_of_all = outputs_of(
            model,
            images,
            len(images) if limit is None else limit,
            features=needed.features,
            passes=needed.passes if passes else 0,
            progress=None if progress is None else lambda done, total: progress(what, done, total),
            cancelled=cancelled,
        )
        return outputs_of_all.among(among) if among else outputs_of_all

    def answered(given: Outputs) -> npt.NDArray[np.int64]:
        best = np.asarray(given.logits.argmax(axis=1), np.int64)
        return np.asarray(among, np.int64)[best] if among else best

    known = outputs(known_images, "known images")
    fitted_on = None
    if validation is not None and any(each.fitted for each in possible):
        prepared = prepared_for(validation, model.card.own_preparation)
        fitted_on = outputs(prepared, "validation images", passes=False)
    functions = {}
    for each in possible:
        try:
            functions[each.name] = each.bound(fitted_on)
        except InvalidArgumentError as error:
            reasons[each.name] = str(error)
    known_scores = {name: function(known) for name, function in functions.items()}
    draws = draws_for(len(known))
    known_weights = bootstrap.weights(len(known), draws, seed)
    rows: list[dict[str, Any]] = []
    unknown_scores: dict[tuple[str, str], Scores] = {}
    answered_classes = {"": answered(known)}
    for each_set in resolved:
        strange = outputs(each_set.images, each_set.title)
        answered_classes[each_set.name] = answered(strange)
        weights = bootstrap.weights(len(strange), draws, seed + 1)
        for each in chosen:
            row: dict[str, Any] = {"score": each.name, "set": each_set.name}
            numbers = {
                "known": len(known),
                "unknown": len(strange),
                "chance": len(strange) / (len(known) + len(strange)),
            }
            if each.name in reasons:
                rows.append(row | undefined() | numbers | {"reason": reasons[each.name]})
                continue
            values = unknown_scores[each.name, each_set.name] = functions[each.name](strange)
            rows.append(row | measured(known_scores[each.name], values, known_weights, weights) | numbers)
    return DetectionReport(
        model=model.card.name,
        dataset=dataset.name,
        split=dataset.split,
        known=len(known),
        validation=0 if fitted_on is None else len(fitted_on),
        validation_split="" if validation is None else validation.split,
        sets=tuple(resolved),
        table=pd.DataFrame(rows),
        known_scores=known_scores,
        unknown_scores=unknown_scores,
        draws=draws,
        answers=answered_classes,
        among=among,
    )


def _among(answers: str, card: Card, known: Dataset, sets: Sequence[UnknownSet]) -> tuple[int, ...]:
    if answers not in ("", "all", "folder"):
        raise InvalidArgumentError(f"Scores are over 'all' logits or over those of the 'folder', not {answers!r}.")
    if answers == "folder":
        return imagenet_o.of_folder(card, known)
    return imagenet_o.logits_of(card, known, sets) if not answers else ()


@dataclasses.dataclass(frozen=True)
class Needed:
    """What scores read beyond logits.

    Attributes:
        features: whether they read what enters the last layer.
        passes: the number of passes with dropout on.
        validation: whether any is fitted on validation images.
    """

    features: bool
    passes: int
    validation: bool


def needed(model: Classifier, validation: Dataset | None, score_names: Sequence[str] | None = None) -> Needed:
    """What the outputs hold that `detect` asks for; whoever computes them before, part by part, keeps the same."""
    return _needed([each for each in _chosen(score_names) if not _impossible(each, model, validation)])


def _needed(possible: Sequence[Score]) -> Needed:
    return Needed(
        any(each.features for each in possible),
        PASSES if any(each.passes for each in possible) else 0,
        any(each.fitted for each in possible),
    )


def _chosen(score_names: Sequence[str] | None) -> list[Score]:
    return [scores.get(name) for name in (scores.names() if score_names is None else score_names)]


def names() -> list[str]:
    """The metrics of scores of known and unknown images."""
    return [metric.name for metric in metrics.of_input("scores")]


def _impossible(score: Score, model: Classifier, validation: Dataset | None) -> str:
    """Why a model has no such score; "" where it has."""
    if score.fitted and validation is None:
        return "fitted on validation images, and there are none"
    if score.passes and not has_dropout(model):
        return f"{model.card.name} has no dropout, so that its passes are all alike"
    if score.features:
        try:
            last_linear(model)
        except ModelError as error:
            return str(error).removesuffix(".")
    return ""


def draws_for(images: int) -> int:
    """The number of drawings of a bootstrap over so many images."""
    return max(100, min(DRAWS, _WORK // max(1, images)))


def undefined() -> dict[str, float]:
    """No value for any of the metrics."""
    return {f"{name}{end}": math.nan for name in names() for end in ("", "_low", "_high")}


def measured(
    known: Scores,
    unknown: Scores,
    known_weights: npt.NDArray[np.float32],
    unknown_weights: npt.NDArray[np.float32],
) -> dict[str, Any]:
    """The metrics of one score on one set, with intervals; a reason where a score is NaN."""
    if not (np.isfinite(known).all() and np.isfinite(unknown).all()):
        missing = int((~np.isfinite(known)).sum() + (~np.isfinite(unknown)).sum())
        return undefined() | {"reason": f"the score is undefined for {missing} images"}
    values: dict[str, Any] = {name: float(metrics.get(name)(known=known, unknown=unknown)) for name in names()}
    drawn = detection.resampled(known, unknown, known_weights, unknown_weights)
    for name in names():
        # Drawings that all agree, of a few images say, tell nothing of what others would give.
        spread = name in drawn and np.ptp(drawn[name]) > 0
        low, high = bootstrap.interval(drawn[name]) if spread else (math.nan, math.nan)
        values |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return values | {"reason": ""}
