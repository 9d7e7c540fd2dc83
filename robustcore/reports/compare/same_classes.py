"""Clean accuracy on the classes of a natural shift: models choose among these alone there, which is an easier task than all 1,000."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import numpy.typing as npt

from robustcore.datasets import imagenet_classes
from robustcore.display import display_name
from robustcore.evaluation.store.predictions import Ints, Predictions
from robustcore.metrics import bootstrap
from robustcore.metrics.tables import SOME_CLASSES
from robustcore.notes import Note, note

OBJECTNET = "objectnet"
_SEED = 1  # of drawings of the clean images, which are others than those of the shift: the two are drawn apart


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


@note
def classes_in_another_order(model: str, shift: str) -> str:
    return (
        f"{model}: its clean accuracy on the classes of {shift} is unknown, since its classes are not numbered as ImageNet's: which of "
        "them are the same object cannot be said."
    )


@dataclasses.dataclass(frozen=True)
class OnSameClasses:
    """A model's clean accuracy on the classes of a shift.

    Attributes:
        right: (n,) for each clean image of these classes whether it was answered rightly; none where that is unknown.
        note: how it was found, or why it is unknown.
    """

    right: npt.NDArray[np.bool_]
    note: Note

    @property
    def accuracy(self) -> float:
        """0..1; NaN where it is unknown."""
        return float(self.right.mean()) if len(self.right) else math.nan

    def drawn(self) -> npt.NDArray[np.float64]:
        """(draws,) the accuracy in drawings of these images with replacement, for intervals; NaN where it is unknown. Models with the
        same images have the same drawings, so that differences between them are paired."""
        if not len(self.right):
            return np.full(bootstrap.DRAWS, math.nan)
        return bootstrap.accuracies(_weights(len(self.right)), self.right.astype(np.float32))


@functools.lru_cache(maxsize=2)
def _weights(images: int) -> npt.NDArray[np.float32]:
    weights = bootstrap.weights(images, seed=_SEED)
    weights.flags.writeable = False
    return weights


def clean_accuracy(model: str, shift: str, clean: Predictions | None, shifted: Predictions | None) -> OnSameClasses:
    """From what is stored of single images.

    Args:
        model: for people.
        shift: one of `metrics.tables.SOME_CLASSES`.
        clean, shifted: the answers to the clean images and to those of the shift; None where they are not stored.
    """
    unknown = np.zeros(0, dtype=bool)
    title = display_name(shift)
    if clean is None or shifted is None:
        return OnSameClasses(unknown, answers_not_stored(model, title))
    seen, labels, answers = shifted.labels, clean.labels, clean.classes
    if shift == OBJECTNET:
        seen, labels, answers = (objects(values) for values in (seen, labels, answers))
        if (seen[shifted.labels >= 0] < 0).any():
            return OnSameClasses(unknown, classes_in_another_order(model, title))
    among = np.unique(seen[seen >= 0])
    if len(among) < SOME_CLASSES[shift]:
        return OnSameClasses(unknown, too_few_classes_evaluated(model, title, len(among), SOME_CLASSES[shift]))
    right, undecided = among_classes(labels, answers, among)
    return OnSameClasses(right, clean_on_the_same_classes(model, len(right), undecided))


def objects(classes: Ints) -> Ints:
    """Of ImageNet's classes the objects of ObjectNet, as numbers; -1 for all that is none."""
    names = imagenet_classes.objects_of_objectnet()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names.values()))}
    table = np.full(len(imagenet_classes.classes()) + 1, -1, dtype=np.int32)
    for index, name in names.items():
        table[index] = numbers[name]
    known = (classes >= 0) & (classes < len(table) - 1)
    return np.asarray(table[np.where(known, classes, len(table) - 1)])


def among_classes(labels: Ints, classes: Ints, among: Ints) -> tuple[npt.NDArray[np.bool_], int]:
    """Right answers to the images of some classes, with the best answer among these.

    Args:
        labels: (n,) classes of the images.
        classes: (n, k) the best answers, the best first.
        among: (m,) the classes.

    Returns:
        (images of these classes,) whether the answer is right, and for how many of them none of the k answers is among the
        classes; these count as wrong.
    """
    kept = np.isin(labels, among)
    labels, classes = labels[kept], classes[kept]
    allowed = np.isin(classes, among)
    decided = allowed.any(axis=1)
    answers = np.take_along_axis(classes, allowed.argmax(axis=1)[:, None], axis=1)[:, 0]
    return decided & (answers == labels), int((~decided).sum())
