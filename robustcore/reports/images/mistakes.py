"""The surest wrong answers under one or several conditions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from robustcore.reports.images.answered import Answered


@dataclasses.dataclass(frozen=True)
class Surest:
    """Wrong answers whose confidence is stored.

    Attributes:
        pairs: (place of the image, place of the condition), the surest first, each image once.
        rows: the conditions that were looked at: those of which every confidence is stored.
        wrong, answered: how many answers to labelled images are wrong there, and how many there are.
    """

    pairs: tuple[tuple[int, int], ...]
    rows: tuple[int, ...]
    wrong: int
    answered: int


def surest_mistakes(answered: Answered, rows: Sequence[int], count: int = 12) -> Surest:
    """The surest wrong answers of a model; `rows` is empty where no confidence is stored under these conditions.

    Args:
        answered: its answers.
        rows: of their conditions.
        count: how many at most.
    """
    stored = [row for row in rows if not np.isnan(answered.confidence[row]).any()]
    if not stored:
        return Surest((), (), 0, 0)
    labelled = answered.labels[stored] >= 0
    wrong = labelled & ~answered.held[stored]
    found = np.argwhere(wrong)
    order = np.argsort(-answered.confidence[stored][wrong], kind="stable")
    chosen: dict[int, int] = {}
    for row, place in found[order].tolist():
        chosen.setdefault(place, stored[row])
        if len(chosen) == count:
            break
    return Surest(tuple(chosen.items()), tuple(stored), int(wrong.sum()), int(labelled.sum()))
