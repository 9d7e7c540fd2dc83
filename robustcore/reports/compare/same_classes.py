"""Clean accuracy on the classes of a natural shift: models choose among these alone there, which is an easier task than all 1,000."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from robustcore.evaluation.store.predictions import Ints, Predictions
from robustcore.notes import Note, note


@note
def clean_on_the_same_classes(model: str, images: int, undecided: int) -> str:
    less = (
        f" For {undecided:,} of them none of the five best answers is among these classes; they count as wrong."
        if undecided
        else ""
    )
    return (
        f"{model}: clean accuracy on the {images:,} images of the shift's classes, the best answer among these.{less}"
    )


@note
def too_few_classes_evaluated(model: str, shift: str, classes: int, of: int) -> str:
    return (
        f"{model} was evaluated on {classes} of the {of} classes of {shift}, so that its clean accuracy on the same classes is unknown: "
        "evaluate all images."
    )


@note
def answers_not_stored(model: str, shift: str) -> str:
    return f"{model}: its clean accuracy on the classes of {shift} is unknown, since its answers to single images are not stored."


@dataclasses.dataclass(frozen=True)
class OnSameClasses:
    """A model's clean accuracy on the classes of a shift.

    Attributes:
        accuracy: 0..1; NaN where it is unknown.
        note: how it was found, or why it is unknown.
    """

    accuracy: float
    note: Note


def clean_accuracy(
    model: str, shift: str, classes: int, clean: Predictions | None, shifted: Predictions | None
) -> OnSameClasses:
    """From what is stored of single images.

    Args:
        model, shift: for people.
        classes: how many the shift has.
        clean, shifted: the answers to the clean images and to those of the shift; None where they are not stored.
    """
    if clean is None or shifted is None:
        return OnSameClasses(math.nan, answers_not_stored(model, shift))
    among = np.unique(shifted.labels[shifted.labels >= 0])
    if len(among) < classes:
        return OnSameClasses(math.nan, too_few_classes_evaluated(model, shift, len(among), classes))
    accuracy, judged, undecided = among_classes(clean.labels, clean.classes, among)
    return OnSameClasses(accuracy, clean_on_the_same_classes(model, judged, undecided))


def among_classes(labels: Ints, classes: Ints, among: Ints) -> tuple[float, int, int]:
    """Accuracy on the images of some classes, with the best answer among these.

    Args:
        labels: (n,) classes of the images.
        classes: (n, k) the best answers, the best first.
        among: (m,) the classes.

    Returns:
        accuracy 0..1 (NaN without such images), the number of images, and for how many of them none of the k answers is among
        the classes; these count as wrong.
    """
    kept = np.isin(labels, among)
    labels, classes = labels[kept], classes[kept]
    allowed = np.isin(classes, among)
    decided = allowed.any(axis=1)
    answers = np.take_along_axis(classes, allowed.argmax(axis=1)[:, None], axis=1)[:, 0]
    right = decided & (answers == labels)
    return (float(right.mean()) if len(right) else math.nan), len(right), int((~decided).sum())
