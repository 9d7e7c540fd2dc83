"""Single answers behind a calibration: confident mistakes, and confidences before and after a temperature."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import numpy.typing as npt

from robustcore.datasets._base import Dataset, prepared_for, right_classes
from robustcore.detection.kept_outputs import outputs_of
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.store.store import Store
from robustcore.metrics import calibration
from robustcore.models.classifier import Classifier

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Mistakes:
    """Wrong answers, the surest first.

    Attributes:
        places: (n,) of the images in their dataset.
        answers, labels: (n,) the classes that the model answers, and those that are right.
        confidence: (n,) 0 .. 1.
        wrong: how many wrong answers there are in all.
        answered: how many answers to labelled images.
    """

    places: Ints
    answers: Ints
    labels: Ints
    confidence: Floats
    wrong: int
    answered: int


def confident_mistakes(cell: Cell, store: Store, count: int = 12) -> Mistakes | None:
    """The surest wrong answers of a model under a condition; None where no confidence is stored for every answer.

    Args:
        cell: a model under a condition.
        store: of results.
        count: how many at most.
    """
    predictions = store.predictions(cell)
    if predictions is None or predictions.confidence is None or predictions.confidence.ndim > 1:
        return None
    labelled = predictions.labels >= 0
    wrong = np.flatnonzero(labelled & ~predictions.correct.astype(bool))
    order = wrong[np.argsort(-predictions.confidence[wrong], kind="stable")][:count]
    return Mistakes(
        places=order.astype(np.int64),
        answers=predictions.classes[order, 0].astype(np.int64),
        labels=predictions.labels[order].astype(np.int64),
        confidence=predictions.confidence[order].astype(np.float64),
        wrong=len(wrong),
        answered=int(labelled.sum()),
    )


@dataclasses.dataclass(frozen=True)
class Tempered:
    """A model's confidences before and after its logits are divided by a temperature.

    Attributes:
        temperature: fitted on validation images.
        validation: the number of these with a label.
        before, after: (n,) confidence of the answers to labelled images.
        right: (n,) 1 where the answer is right, else 0.
    """

    temperature: float
    validation: int
    before: Floats
    after: Floats
    right: Floats


def tempered(
    model: Classifier,
    dataset: Dataset,
    validation: Dataset,
    *,
    limit: int | None = None,
    cancelled: threading.Event | None = None,
) -> Tempered:
    """Fit a temperature on validation images and apply it to others; no answer changes.

    Args:
        model: in memory.
        dataset: whose confidences are shown.
        validation: other labelled images of the same classes.
        limit: the number of images of each, the first ones.
        cancelled: set to stop.

    Raises:
        InvalidArgumentError: images without labels, or classes that are not the model's.
        Cancelled: it was set.
    """
    if tuple(dataset.classes) != tuple(model.card.classes):
        raise InvalidArgumentError(
            f"A temperature needs images of the model's own classes; those of {dataset.name} are others than those of {model.card.name}."
        )
    outputs = []
    for images in (validation, dataset):
        prepared = prepared_for(images, model.card.own_preparation)
        outputs.append(outputs_of(model, prepared, len(prepared) if limit is None else limit, cancelled=cancelled))
    fitted_on, shown = outputs
    assert fitted_on.labels is not None
    assert shown.labels is not None
    labelled = shown.labels >= 0
    logits, labels = shown.logits[labelled].astype(np.float64), shown.labels[labelled]
    if not (fitted_on.labels >= 0).any() or not len(labels):
        raise InvalidArgumentError(f"A temperature needs labels; {dataset.name} has none.")
    scale = calibration.temperature(fitted_on.logits, fitted_on.labels)
    accepted = right_classes(dataset)
    answers = logits.argmax(axis=1)
    right = np.array([a in accepted.get(int(b), (int(b),)) for a, b in zip(answers, labels, strict=True)], np.float64)
    return Tempered(scale, int((fitted_on.labels >= 0).sum()), _confidence(logits), _confidence(logits / scale), right)


def _confidence(logits: Floats) -> Floats:
    """(n,) the greatest softmax probability."""
    return np.asarray(1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1), np.float64)
