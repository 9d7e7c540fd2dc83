"""Which class is taken for which, and the images behind each pair."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from robustcore.reports.images.answered import Answered

MOST = 20  # classes whose names can still be read beside a matrix


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Right classes against answers.

    Attributes:
        classes: (k,) those that are shown, in their order; of many the ones with the most mistakes.
        counts: (k, k) answers: rows what is right, columns what is answered.
        outside: (k,) answers to images of each that are none of these classes.
        answers: how many there are to labelled images in all, of all classes.
        wrong: how many of them are wrong.
    """

    classes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    outside: npt.NDArray[np.int64]
    answers: int
    wrong: int


def confusion(answered: Answered, rows: list[int], classes: int, *, most: int = MOST) -> Confusion | None:
    """The answers to labelled images under some conditions; None where no image has a label.

    Args:
        answered: a model's answers.
        rows: of its conditions.
        classes: the number of the model's classes.
        most: classes that are shown.
    """
    labels, answers = answered.labels[rows].ravel(), answered.classes[rows].ravel()
    labelled = labels >= 0
    labels, answers = labels[labelled].astype(np.int64), answers[labelled].astype(np.int64)
    if not len(labels):
        return None
    wrong = labels != answers
    present = np.union1d(labels, answers[wrong])
    mistakes = np.bincount(labels[wrong], minlength=classes) + np.bincount(answers[wrong], minlength=classes)
    if classes <= most:
        shown = np.arange(classes)
    else:
        shown = np.sort(present[np.argsort(-mistakes[present], kind="stable")][:most])
    place = np.full(classes, -1)
    place[shown] = np.arange(len(shown))
    row, column = place[labels], place[answers]
    inside = (row >= 0) & (column >= 0)
    k = len(shown)
    counts = np.bincount(row[inside] * k + column[inside], minlength=k * k).reshape(k, k)
    outside = np.bincount(row[(row >= 0) & (column < 0)], minlength=k)
    return Confusion(shown, counts, outside, len(labels), int(wrong.sum()))


def pictures_of(answered: Answered, rows: list[int], label: int, answer: int, count: int) -> list[tuple[int, int]]:
    """(place of the image, place of the condition) of answers to images of a class; the surest first where that is stored,
    and each image once before any comes again."""
    pairs = [
        (int(image), row)
        for row in rows
        for image in np.flatnonzero((answered.labels[row] == label) & (answered.classes[row] == answer))
    ]
    pairs.sort(key=lambda pair: -np.nan_to_num(answered.confidence[pair[1], pair[0]]))
    seen: dict[int, int] = {}
    rounds = []
    for image, row in pairs:
        seen[image] = seen.get(image, -1) + 1
        rounds.append((seen[image], image, row))
    rounds.sort(key=lambda each: each[0])
    return [(image, row) for _, image, row in rounds[:count]]
