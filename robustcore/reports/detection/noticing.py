"""One image, changed more and more: does its anomaly score rise before the answer turns?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets._base import Dataset, prepared_for
from robustcore.datasets.arrays import ArrayDataset
from robustcore.detection import outputs, scores
from robustcore.detection.kept_outputs import outputs_of
from robustcore.detection.scores import Scores
from robustcore.models.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class Course:
    """An image and what became of it, step by step.

    Attributes:
        answers: (n,) the classes that the model answers, the unchanged image first.
        confidence: (n,) the probabilities of these answers.
        scores: (n,) the anomaly scores.
    """

    answers: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    scores: Scores

    def turned(self, right: frozenset[int] = frozenset()) -> int | None:
        """The first step whose answer is wrong; where nobody says what is right, the first that differs from the unchanged image's.
        None where there is none."""
        accepted = list(right) or [int(self.answers[0])]
        return _first(~np.isin(self.answers, accepted))

    def noticed(self, threshold: float) -> int | None:
        """The first step whose score reaches a threshold; None where none does."""
        return _first(self.scores >= threshold)


def follow(
    model: Classifier,
    images: Sequence[Tensor] | Tensor,
    score_name: str,
    *,
    validation: Dataset | None = None,
    limit: int | None = None,
    among: Sequence[int] = (),
) -> Course:
    """Answers and scores along the way of one image.

    Args:
        model: that answers.
        images: uint8 (3, side, side) each, the unchanged one first.
        score_name: of the anomaly score.
        validation: in-distribution images that a fitted score is fitted on.
        limit: how many of those, the first ones.
        among: the places of the classes whose logits count (`DetectionReport.among`); () for all.

    Raises:
        InvalidArgumentError: a fitted score without validation images.
        ModelError: features or passes that the network cannot give.
    """
    score = scores.get(score_name)
    passes = outputs.PASSES if score.passes else 0
    fitted_on = None
    if score.fitted and validation is not None:
        prepared = prepared_for(validation, model.card.own_preparation)
        count = len(prepared) if limit is None else limit
        fitted_on = outputs_of(model, prepared, count, features=score.features)
        fitted_on = fitted_on.among(among) if among else fitted_on
    function = score.bound(fitted_on)
    stacked = torch.stack(list(images))
    batch = ArrayDataset("steps", stacked, np.zeros(len(stacked), np.int64), ("image",))
    given = outputs.compute(model, batch, 0, len(batch), features=score.features, passes=passes)
    given = given.among(among) if among else given
    best = given.logits.argmax(axis=1).astype(np.int64)
    shifted = np.exp((given.logits - given.logits.max(axis=1, keepdims=True)).astype(np.float64))
    return Course(
        answers=np.asarray(among, np.int64)[best] if among else best,
        confidence=shifted.max(axis=1) / shifted.sum(axis=1),
        scores=function(given),
    )


def _first(marks: npt.NDArray[np.bool_]) -> int | None:
    return int(marks.argmax()) if marks.any() else None
