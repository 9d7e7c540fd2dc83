"""The rules of filtration: which images are dropped for what networks say of them, and how many are left after each rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.datasets import Dataset
from robustcore.evaluation.filtration.scores import Scores

MOST_CONFIDENT = 0.15
PER_CONFUSION = 15
# Kind of step -> what is left after it.
STEPS = {
    "labelled": "images with a label",
    "fooled": "wrong on every crop",
    "unsure": "little confidence in the right class",
    "varied": "each confusion a few times",
    "reviewed": "after review",
}


@dataclasses.dataclass(frozen=True)
class Rules:
    """The two numbers of the rules, as Basart's thesis has them (section 3.3.2).

    Attributes:
        most_confident: an image goes where one network gives its class more probability than this, as the mean over the crops.
        per_confusion: of one class taken for another so many images stay, those with the least probability of their class.
    """

    most_confident: float = MOST_CONFIDENT
    per_confusion: int = PER_CONFUSION

    def __post_init__(self) -> None:
        arguments.share(self.most_confident, "most_confident")
        arguments.whole(self.per_confusion, "Of each confusion 1 image or more is kept", low=1)


@dataclasses.dataclass(frozen=True)
class Step:
    """How many images are left after a step.

    Attributes:
        kind: one of `STEPS`.
        images: that are left.
        subject: the network of a step "fooled"; "" for the others.
    """

    kind: str
    images: int
    subject: str = ""

    @property
    def text(self) -> str:
        """The step as people read it."""
        return f"{self.subject}: {STEPS[self.kind]}" if self.subject else STEPS[self.kind]


@dataclasses.dataclass(frozen=True)
class Selection:
    """What filtration leaves.

    Attributes:
        steps: the funnel, from all images with a label to those that are kept.
        shortlist: before review, one row an image, those with the least probability of their class first: place (in the
            dataset), id, label (its class), answer (the most probable wrong class of the first network), confidence (of its
            class, the larger of the networks'), rejected (in review).
    """

    steps: tuple[Step, ...]
    shortlist: pd.DataFrame

    @property
    def kept(self) -> pd.DataFrame:
        """The rows of the shortlist that nobody rejected."""
        return self.shortlist[~self.shortlist["rejected"]].reset_index(drop=True)


def select(
    dataset: Dataset,
    models: Sequence[tuple[str, Sequence[str]]],
    scores: Scores,
    rules: Rules = Rules(),
    rejected: Collection[int] = (),
) -> Selection:
    """The funnel over the answers of some networks.

    Args:
        dataset: that the first images of are scored.
        models: (name, classes) of each network, in the order of the scores.
        scores: see `scores.run`.
        rules: the two numbers.
        rejected: ids of images that a person took out.
    """
    left = np.flatnonzero(scores.labelled)
    steps = [Step("labelled", len(left))]
    for m, (name, _) in enumerate(models):
        left = left[~scores.right[left, m]]
        steps.append(Step("fooled", len(left), name))
    confidence = scores.confidence[left].max(axis=1) if len(left) else np.zeros(0)
    unsure = confidence <= rules.most_confident
    left, confidence = left[unsure], confidence[unsure]
    steps.append(Step("unsure", len(left)))
    order = np.argsort(confidence, kind="stable")
    labels = np.asarray(dataset.labels)[left]
    answers = scores.other[left, 0]
    shortlist = np.array(varied(order.tolist(), labels, answers, rules.per_confusion), dtype=np.int64)
    steps.append(Step("varied", len(shortlist)))
    places = left[shortlist]
    ids = np.asarray(dataset.ids)[places]
    out = np.isin(ids, np.fromiter(rejected, np.int64))
    steps.append(Step("reviewed", int((~out).sum())))
    table = pd.DataFrame(
        {
            "place": places,
            "id": ids,
            "label": [dataset.classes[label] for label in labels[shortlist]],
            "answer": [models[0][1][answer] for answer in answers[shortlist]],
            "confidence": confidence[shortlist],
            "rejected": out,
        }
    )
    return Selection(tuple(steps), table)


def varied(
    order: Iterable[int], labels: npt.NDArray[np.int64], answers: npt.NDArray[np.int64], per_confusion: int
) -> list[int]:
    """Of each confusion of two classes the first images in an order, and no more than so many."""
    seen: dict[tuple[int, int], int] = {}
    kept = []
    for index in order:
        confusion = int(labels[index]), int(answers[index])
        seen[confusion] = seen.get(confusion, 0) + 1
        if seen[confusion] <= per_confusion:
            kept.append(index)
    return kept
