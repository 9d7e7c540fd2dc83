"""Images that a model lost under a condition and images that it kept: chosen from the stored answers, made again to be seen."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Condition, operations
from robustcore.evaluation.operations._base import Part
from robustcore.evaluation.store.correctness import Answered
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import CLEAN


@dataclasses.dataclass(frozen=True)
class Seen:
    """One image under one condition.

    Attributes:
        place: its index in the dataset.
        label: what it shows, answer: what the model said, clean_answer: what it said of the clean image; all in the
            model's classes.
    """

    place: int
    label: int
    answer: int
    clean_answer: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a model's images under one condition.

    Attributes:
        paired: whether each image has a clean form; those of a shift are images of their own.
        lost: right when clean, wrong under the condition; kept: right in both. Of a shift: wrong, and right.
        counts: images by (right when clean, right under the condition); of a shift all count as right when clean. Images without a
            label are in none of them.
    """

    paired: bool
    lost: list[Seen]
    kept: list[Seen]
    counts: dict[tuple[bool, bool], int]


def outcome(answers: Answers, model: str, condition: str) -> Outcome | None:
    """The images of a model under a condition; None where its answers are not stored.

    Args:
        answers: of a comparison.
        model, condition: which; the condition in its canonical form.
    """
    under, clean = answers.cells.get((model, condition)), answers.cells.get((model, CLEAN))
    if under is None or clean is None:
        return None
    paired = _kind(condition) != "shift"
    n = min(len(under.labels), len(clean.labels)) if paired else len(under.labels)
    labelled, right = under.labelled[:n], under.right[:n]
    before = clean.right[:n] if paired else np.ones(n, bool)
    first = clean.classes if paired else under.labels

    def seen(mask: np.ndarray) -> list[Seen]:
        return [
            Seen(int(i), int(under.labels[i]), int(under.classes[i]), int(first[i]))
            for i in np.flatnonzero(mask & labelled)
        ]

    counts = {
        (a, b): int((labelled & (before == a) & (right == b)).sum()) for a in (True, False) for b in (True, False)
    }
    return Outcome(paired, seen(before & ~right), seen(before & right), counts)


@dataclasses.dataclass(frozen=True)
class Differing:
    """Images of one condition that two models answer differently.

    Attributes:
        first_holds: right by the first model, wrong by the second; `answer` is the second's, `clean_answer` the first's.
        second_holds: the other way round; `answer` is the first's, `clean_answer` the second's.
    """

    first_holds: list[Seen]
    second_holds: list[Seen]


def differing(answers: Answers, first: str, second: str, condition: str) -> Differing | None:
    """The images that only one of two models answers rightly under a condition; None where answers of one are not stored.

    Args:
        answers: of a comparison.
        first, second: the models.
        condition: in its canonical form.
    """
    one, two = answers.cells.get((first, condition)), answers.cells.get((second, condition))
    if one is None or two is None:
        return None
    n = min(len(one.labels), len(two.labels))
    a, b = (cell.right[:n] for cell in (one, two))

    def seen(mask: np.ndarray, holds: Answered, loses: Answered) -> list[Seen]:
        return [
            Seen(int(i), int(holds.labels[i]), int(loses.classes[i]), int(holds.classes[i]))
            for i in np.flatnonzero(mask)
        ]

    return Differing(seen(a & ~b, one, two), seen(b & ~a, two, one))


def can_be_shown(condition: str) -> bool:
    """Whether the images of a condition can be made without the model: all but those of attacks can."""
    return _kind(condition) in ("corruption", "shift")


def _kind(condition: str) -> str:
    return Condition.from_dict(json.loads(condition)).kind


def images(dataset: Dataset, places: Sequence[int], condition: str, seed: int) -> Tensor:
    """uint8 (n, 3, H, W): images of a dataset under a corruption or of a shift of it, to the bit those that were scored.

    Args:
        dataset, places: which images.
        condition: in its canonical form; "clean" leaves them as they are.
        seed: of the evaluation.
    """
    chosen = Condition.from_dict(json.loads(condition))
    at = np.asarray(places, np.int64)
    dataset = operations.of(chosen).dataset(chosen, dataset)
    part = Part(
        dataset,
        at,
        torch.as_tensor(np.asarray(dataset.ids)[at]),
        torch.as_tensor(np.asarray(dataset.labels)[at]),
        torch.stack([dataset[place][0] for place in places]),
    )
    return operations.of(chosen).apply(chosen, part, seed).images
