"""One image under many corruptions, and what a model answers to each.

The images are made by `robustcore.corrupt` with the image's own id and the seed of an evaluation, so that each of them is,
to the bit, one that the evaluation scores.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

import robustcore.corruptions as corruptions
from robustcore.calls import Call, Node, Variable
from robustcore.datasets._base import Item
from robustcore.metrics import answer_metrics
from robustcore.models.classifier import Card, Classifier

TOP = 5
SCENES = "scenes"


@dataclasses.dataclass(frozen=True)
class GalleryImage:
    """One image of the grid.

    Attributes:
        name: registered name of the corruption.
        level: its column, 1..5.
        severity: 1..5, or None for a corruption without severities or at a strength.
        strength: for a ranged corruption at a strength of its own; None at a severity.
        seed: of the draws.
    """

    name: str
    level: int
    severity: int | None
    strength: float | None
    seed: int

    @property
    def key(self) -> str:
        """The cell's name on a page: unique in a grid."""
        return f"{self.name}-{self.level}"

    @property
    def caption(self) -> str:
        """What distinguishes the cell from its neighbours: "severity 3", "strength 0.25 (severity 3)", "draw 2"."""
        corruption = corruptions.get(self.name)
        if self.strength is not None:
            return f"strength {self.strength:.3g}"
        if self.severity is None:
            return "as defined" if corruption.deterministic else f"draw with seed {self.seed}"
        if corruption.ranged:
            return f"strength {corruption.strength_of(self.severity):.3g} (severity {self.severity})"
        return f"severity {self.severity}"

    def call(self, image: Node, image_id: Node, storage: str = "memory") -> Call:
        """The call of `robustcore.corrupt` that makes the cell from an image and its id."""
        keywords = {"severity": self.severity, "strength": self.strength, "seed": self.seed}
        keywords = {name: value for name, value in keywords.items() if value is not None}
        stored = {} if storage == "memory" else {"storage": storage}
        return Call(corruptions.corrupt, image, self.name, **keywords, **stored, ids=[image_id], name="corrupted")


def cells(name: str, seed: int = 0) -> list[GalleryImage]:
    """The cells of one corruption: severities 1..5; without severities five draws, or one image where nothing is drawn."""
    corruption = corruptions.get(name)
    if corruption.severities:
        return [GalleryImage(name, s, s, None, seed) for s in corruption.severities]
    draws = 1 if corruption.deterministic else 5
    return [GalleryImage(name, level, None, None, seed + level - 1) for level in range(1, draws + 1)]


def corrupted(item: Item, wanted: Sequence[GalleryImage], storage: str = "memory") -> Tensor:
    """uint8 (len(wanted), 3, H, W): the image of each cell."""
    image, image_id = Variable("image", item.image), Variable("image_id", item.id)
    images = [cell.call(image, image_id, storage).value for cell in wanted]
    return torch.stack(images) if images else item.image[None][:0]


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model answers to n images.

    Attributes:
        classes: (n, k) int64, the k most probable classes, the first first; k = 5, or fewer with fewer classes.
        probabilities: (n, k) float32, softmax.
    """

    classes: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, places: Sequence[int]) -> Answers:
        """The answers to some of the images."""
        return Answers(self.classes[list(places)], self.probabilities[list(places)])

    @classmethod
    def joined(cls, parts: Iterable[Answers]) -> Answers:
        """The answers to several batches, in this order."""
        parts = list(parts)
        return cls(np.concatenate([p.classes for p in parts]), np.concatenate([p.probabilities for p in parts]))


@dataclasses.dataclass(frozen=True)
class Consistency:
    """How much a model's answers to corrupted images are those to the clean one; no label is needed.

    Attributes:
        share: of the answers that are the clean one, 0 .. 1.
        confidence_change: mean greatest probability, less that of the clean image.
    """

    share: float
    confidence_change: float


def consistency(answered: Answers, clean: Answers) -> Consistency:
    """Of the answers to the corrupted images, against that to the clean one; NaN for none."""
    if not len(answered):
        return Consistency(float("nan"), float("nan"))
    answer = answered.classes[:, 0]
    same = answer_metrics.consistency(answer=answer, clean_answer=np.full_like(answer, clean.classes[0, 0]))
    change = answered.probabilities[:, 0].mean(dtype=np.float64) - float(clean.probabilities[0, 0])
    return Consistency(float(same), float(change))


def is_in_domain(card: Card, item: Item) -> bool:
    """Whether a model's answer to an image means anything.

    A model of scenes was trained on drawn shapes alone, so that its answer to any other image means nothing. Of other
    models that cannot be said.
    """
    return card.dataset != SCENES or item.dataset == SCENES


@torch.inference_mode()
def answers(model: Classifier, images: Tensor) -> Answers:
    """The model's five most probable classes for uint8 (n, 3, H, W) images, and their probabilities."""
    device = next(model.parameters()).device
    probabilities = model(images.to(device)).float().softmax(dim=1)
    best = probabilities.topk(min(TOP, probabilities.shape[1]), dim=1)
    return Answers(best.indices.cpu().numpy(), best.values.cpu().numpy())


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a model fares over a grid, in numbers for a sentence.

    Attributes:
        total: corrupted images.
        wrong: how many of them are answered otherwise than they should be.
        worst: the corruptions with the most wrong answers, and that number; empty when nothing is wrong.
        clean_wrong: whether the clean image itself is answered wrongly.
    """

    total: int
    wrong: int
    worst: tuple[str, ...]
    worst_wrong: int
    clean_wrong: bool


def verdict(wanted: Sequence[GalleryImage], answered: Answers, clean: Answers, right: Collection[int]) -> Verdict:
    """Compare the answers with the right classes, or, where none is known, with the answer to the clean image."""
    accepted = list(right) or [int(clean.classes[0, 0])]
    wrong = ~np.isin(answered.classes[:, 0], accepted)
    counts: dict[str, int] = {}
    for cell, is_wrong in zip(wanted, wrong, strict=True):
        counts[cell.name] = counts.get(cell.name, 0) + bool(is_wrong)
    most = max(counts.values(), default=0)
    worst = tuple(name for name, count in counts.items() if count == most) if most else ()
    return Verdict(len(wanted), int(wrong.sum()), worst, most, int(clean.classes[0, 0]) not in accepted)
