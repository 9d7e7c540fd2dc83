"""One scene along a factor, and accuracies over two factors: what models answer where results are not stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets.scenes import FACTORS, FactorScenes
from robustcore.evaluation import classes
from robustcore.models.classifier import Classifier
from robustcore.reports.preview import gallery

STEP = 0.25
_BATCH = 120


@dataclasses.dataclass(frozen=True)
class Walk:
    """A scene at every step of a factor.

    Attributes:
        strengths: of the steps, ascending; 0 is the test image.
        images: uint8 (steps, 3, 64, 64), as an evaluation scores them.
        classes, probabilities: (models, steps, 5) the most probable classes of each model, the first first.
        labels: the scene's class as each model counts its classes.
    """

    strengths: tuple[float, ...]
    images: Tensor
    classes: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]
    labels: tuple[int, ...]


def steps(factor: str) -> tuple[float, ...]:
    """The strengths of a factor in steps of a quarter.

    Raises:
        UnknownNameError: no such factor.
    """
    low = FACTORS[factor].low
    count = round((1.0 - low) / STEP)
    return tuple(low + STEP * place for place in range(count + 1))


def walk(models: Sequence[Classifier], index: int, factor: str, *, held: Mapping[str, float] | None = None) -> Walk:
    """A test scene along a factor.

    Args:
        models: that are asked.
        index: of the scene among the test images.
        factor: a key of `FACTORS`.
        held: strengths of other factors, which stay as they are.
    """
    strengths = steps(factor)
    sets = [FactorScenes({**(held or {}), factor: strength}) for strength in strengths]
    images = torch.stack([each[index][0] for each in sets])
    answered = [gallery.answers(model, images) for model in models]
    return Walk(
        strengths,
        images,
        np.stack([each.classes for each in answered]),
        np.stack([each.probabilities for each in answered]),
        tuple(int(_matching(model, sets[0])[sets[0].labels[index]]) for model in models),
    )


def right(model: Classifier, strengths: Mapping[str, float], images: int) -> npt.NDArray[np.bool_]:
    """(images,) whether a model is right on the first test scenes with some factors changed."""
    changed = FactorScenes(strengths, images)
    labels, correct = _matching(model, changed)[changed.labels], []
    for start in range(0, len(changed), _BATCH):
        stop = min(start + _BATCH, len(changed))
        answered = gallery.answers(model, changed.images(start, stop))
        correct.append(answered.classes[:, 0] == labels[start:stop])
    return np.concatenate(correct)


def _matching(model: Classifier, scenes: FactorScenes) -> npt.NDArray[np.int64]:
    """(classes of scenes,) each of them among the model's, which may have another order."""
    return classes.matching(model.card.name, model.card.classes, scenes.name, scenes.classes)
