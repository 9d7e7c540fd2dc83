"""Images to which two models give different answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from robustcore.reports.images.answered import Answered

ONLY_FIRST, ONLY_SECOND, NEITHER, UNKNOWN = "only first", "only second", "neither", "unknown"
_CODES = (ONLY_FIRST, ONLY_SECOND, NEITHER, UNKNOWN)
_BOTH = -1  # several classes are right, and each model answers one of them: no disagreement


@dataclasses.dataclass(frozen=True)
class Pair:
    """One picture with two answers: the place of the image, and of the condition among the first and the second model's."""

    place: int
    row: int
    other_row: int


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """Pictures to which two models give different answers, by which of them is right.

    Attributes:
        counts: "only first", "only second", "neither", or "unknown" (without a label) -> how many pictures.
        pairs: the same kinds -> some of them, each image once; those first of which both are surest, where that is stored.
        compared: how many pictures both models answered.
    """

    counts: Mapping[str, int]
    pairs: Mapping[str, tuple[Pair, ...]]
    compared: int


def disagreements(
    first: Answered,
    second: Answered,
    names: tuple[Sequence[str], Sequence[str]],
    name: str = "",
    severity: int | None = None,
    *,
    count: int = 12,
) -> Disagreement:
    """Where two models disagree.

    Args:
        first, second: their answers to the same images; conditions of which one is not stored are passed over.
        names: of the classes of each.
        name, severity: of conditions, as `Answered.rows` takes them.
        count: pictures of each kind.
    """
    n = min(first.images, second.images)
    where = {second.conditions[row]: row for row in second.rows(name, severity)}
    rows = [(row, where[c]) for row in first.rows(name, severity) if (c := first.conditions[row]) in where]
    if not rows:
        return Disagreement(dict.fromkeys(_CODES, 0), dict.fromkeys(_CODES, ()), 0)
    one, other = (list(side) for side in zip(*rows, strict=True))
    known = {each: i for i, each in enumerate(dict.fromkeys(text.lower() for side in names for text in side))}
    codes = [np.array([known[text.lower()] for text in side]) for side in names]
    answers, others = codes[0][first.classes[one, :n]], codes[1][second.classes[other, :n]]
    right, other_right = first.held[one, :n], second.held[other, :n]
    kinds = np.select([right & other_right, right, other_right], [_BOTH, 0, 1], 2)
    kinds[:, ~first.labelled[:n]] = _CODES.index(UNKNOWN)
    kinds[answers == others] = _BOTH
    sure = np.nan_to_num(first.confidence[one, :n] + second.confidence[other, :n], nan=0)
    pairs = {kind: _surest(np.argwhere(kinds == code), sure, rows, count) for code, kind in enumerate(_CODES)}
    return Disagreement({kind: int((kinds == code).sum()) for code, kind in enumerate(_CODES)}, pairs, len(rows) * n)


def _surest(
    found: npt.NDArray[np.intp], sure: npt.NDArray[np.float32], rows: Sequence[tuple[int, int]], count: int
) -> tuple[Pair, ...]:
    """The surest of (row, place) pairs, each image once."""
    order = np.argsort(-sure[found[:, 0], found[:, 1]], kind="stable")
    chosen: dict[int, Pair] = {}
    for row, place in found[order].tolist():
        chosen.setdefault(place, Pair(place, *rows[row]))
        if len(chosen) == count:
            break
    return tuple(chosen.values())
