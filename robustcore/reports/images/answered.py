"""A model's answers to the same images, clean and under every condition of a suite, as they are stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Store

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
CLEAN = "clean"


@dataclasses.dataclass(frozen=True)
class Answered:
    """A model's answers to n images under c conditions, clean images first.

    Attributes:
        conditions: c of them.
        labels: (c, n) in the model's classes, -1 where none is known; of several right classes the one that was answered.
        classes: (c, n) the answers.
        confidence: (c, n) 0 .. 1; NaN where it is not stored.
        left_out: conditions that are stored for fewer images, or not at all.
    """

    conditions: tuple[Condition, ...]
    labels: Ints
    classes: Ints
    confidence: Floats
    left_out: tuple[Condition, ...]

    @property
    def images(self) -> int:
        """How many there are."""
        return int(self.labels.shape[1])

    @property
    def labelled(self) -> Bools:
        """(n,) whether it is known what an image shows."""
        return np.asarray(self.labels[0] >= 0)

    @property
    def held(self) -> Bools:
        """(c, n) whether an answer is right; of an image without a label, whether it is that to the clean image."""
        return np.asarray(np.where(self.labels >= 0, self.labels == self.classes, self.classes == self.classes[:1]))

    @property
    def counts(self) -> Bools:
        """(n,) which images can be lost: those that are right when clean, and those without a label."""
        return np.asarray(self.held[0])

    @property
    def names(self) -> list[str]:
        """The conditions' names, clean first."""
        return list(dict.fromkeys(condition.name for condition in self.conditions))

    def rows(self, name: str = "", severity: int | None = None) -> list[int]:
        """The places of the conditions of a name and a severity; "" stands for all but the clean one, None for any severity."""
        return [
            place
            for place, condition in enumerate(self.conditions)
            if (condition.name == name if name else condition.kind != CLEAN)
            and (severity is None or condition.kind == CLEAN or condition.severity == severity)
        ]

    def severities(self, name: str = "") -> list[int]:
        """The severities of the conditions of a name; "" stands for all."""
        return sorted({s for row in self.rows(name) if (s := self.conditions[row].severity) is not None})


def read(cells: Sequence[Cell], store: Store) -> Answered | None:
    """The answers of one model; None where the clean images are not evaluated.

    Args:
        cells: one model, clean and under further conditions, each as large as it is stored (`calibration.as_stored`). Those with
            fewer images than the largest of the corrupted ones are left out.
        store: of results.
    """
    stored: list[tuple[Cell, Predictions]] = []
    missing = []
    for cell in cells:
        predictions = None if _has_no_images(cell.condition) else store.predictions(cell)
        if predictions is None or predictions.classes.ndim > 2 or not len(predictions):
            missing.append(cell.condition)
        else:
            stored.append((cell, predictions))
    clean = [each for each in stored if each[0].condition.kind == CLEAN]
    if not clean:
        return None
    corrupted = [len(p) for cell, p in stored if cell.condition.kind != CLEAN]
    n = min(len(clean[0][1]), max(corrupted, default=len(clean[0][1])))
    whole = clean[:1] + [each for each in stored if each[0].condition.kind != CLEAN and len(each[1]) >= n]
    missing += [cell.condition for cell, p in stored if cell.condition.kind != CLEAN and len(p) < n]
    nothing = np.full(n, np.nan, np.float32)
    return Answered(
        conditions=tuple(cell.condition for cell, _ in whole),
        labels=np.stack([p.labels[:n] for _, p in whole]).astype(np.int32),
        classes=np.stack([p.classes[:n, 0] for _, p in whole]).astype(np.int32),
        confidence=np.stack([nothing if p.confidence is None else p.confidence[:n] for _, p in whole]).astype(
            np.float32
        ),
        left_out=tuple(missing),
    )


def _has_no_images(condition: Condition) -> bool:
    """Whether there is no picture of a condition's own for each image of the dataset."""
    return condition.kind not in (CLEAN, "corruption") or bool(operations.of(condition).unlabelled(condition))
