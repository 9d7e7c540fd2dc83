"""Scores that read the features before the last layer; the arithmetic is pytorch-ood's (Apache-2.0)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustcore.detection.outputs import Head
from robustcore.detection.scores._base import score
from robustcore.errors import InvalidArgumentError

Array = npt.NDArray[np.floating]
Scorer = Callable[[Array], Array]

_NEIGHBOUR = 50
_AT_ONCE = 4096


@score(
    "mahalanobis",
    title="Mahalanobis",
    formula="half the squared Mahalanobis distance of the features to the nearest class mean, one covariance for all",
    document="Lee et al. 2018, without its preprocessing of inputs",
    least=2,
)
def mahalanobis(validation_features: Array, validation_logits: Array) -> Scorer:
    """How far the features are from every class; classes are those that the model answers."""
    from pytorch_ood.detector import Mahalanobis

    answers, numbers = np.unique(validation_logits.argmax(axis=1), return_inverse=True)
    images, width = validation_features.shape
    if images < width + len(answers):
        raise InvalidArgumentError(
            f"Mahalanobis needs at least as many validation images as features and answered classes, {width} + {len(answers)}; "
            f"with {images} the covariance cannot be inverted."
        )
    detector = Mahalanobis(None)
    detector.fit_features(_tensor(validation_features), _tensor(numbers))
    return _by_features(detector)


@score(
    "knn",
    title="Nearest neighbours",
    formula="distance to the 50th nearest validation image, features scaled to length one",
    document="Sun et al. 2022",
    least=10 * _NEIGHBOUR,  # of fewer the 50th is of another class
)
def knn(validation_features: Array) -> Scorer:
    """How far the nearest validation images are."""
    from pytorch_ood.detector import KNN

    detector = KNN(None, k=_NEIGHBOUR)
    detector.fit_features(_tensor(validation_features), torch.zeros(len(validation_features), dtype=torch.long))
    return _by_features(detector)


@score(
    "vim",
    title="ViM",
    formula="energy with a virtual logit: the length of the features outside the principal subspace of the validation images",
    document="Wang et al. 2022",
    least=2,
)
def vim(validation_features: Array, head: Head) -> Scorer:
    """The energy, and how much of the features the validation images never show."""
    from pytorch_ood.detector import ViM

    # The paper's: 512 dimensions of 2,048, or half of fewer.
    width = validation_features.shape[1]
    dimensions = 1000 if width >= 2048 else 512 if width >= 768 else max(1, width // 2)
    detector = ViM(None, d=dimensions, w=_tensor(head.weight), b=_tensor(head.bias))
    detector.fit_features(_tensor(validation_features), torch.zeros(len(validation_features), dtype=torch.long))
    return _by_features(detector)


@score(
    "react",
    title="ReAct",
    formula="energy of the logits of features that are clipped at the 90th percentile of the validation images' features",
    document="Sun et al. 2021",
    least=1,
)
def react(validation_features: Array, head: Head) -> Scorer:
    """The energy without the features that are unusually great."""
    from pytorch_ood.detector import ReAct

    detector = ReAct(_itself, _layer(head))
    detector.fit_feature_maps(_tensor(validation_features), torch.zeros(len(validation_features)))
    return _by_maps(detector)


@score(
    "ash",
    title="ASH",
    formula="energy of the logits of features of which the least 65 % are set to zero and the rest is rescaled",
    document="Djurisic et al. 2023, ASH-S",
)
def ash(features: Array, head: Head) -> Array:
    """The energy of the strongest features alone."""
    from pytorch_ood.detector import ASH

    return _by_maps(ASH(_itself, _layer(head)), flat=False)(features)


@score(
    "scale",
    title="SCALE",
    formula="energy of the logits of features that are scaled by how much of them their greatest 35 % hold",
    document="Xu et al. 2024",
)
def scale(features: Array, head: Head) -> Array:
    """The energy of features that are scaled up where few of them hold much."""
    from pytorch_ood.detector import SCALE

    return _by_maps(SCALE(_itself, _layer(head)), flat=False)(features)


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    """A copy: what is mapped from a file cannot be written, and torch wants what can."""
    return torch.from_numpy(np.array(array))


def _itself(x: torch.Tensor) -> torch.Tensor:
    return x


def _layer(head: Head) -> Callable[[torch.Tensor], torch.Tensor]:
    weight, bias = _tensor(head.weight), _tensor(head.bias)
    return lambda x: torch.nn.functional.linear(x.flatten(1), weight, bias)


def _by_features(detector: Any) -> Scorer:
    def scores(features: Array) -> Array:
        parts = [_tensor(features[at : at + _AT_ONCE]) for at in range(0, len(features), _AT_ONCE)]
        return np.concatenate([detector.predict_features(part).cpu().numpy() for part in parts])

    return scores


def _by_maps(detector: Any, *, flat: bool = True) -> Scorer:
    """Scores of a detector that takes maps of features; ours are 1 by 1 each."""

    def scores(features: Array) -> Array:
        with torch.no_grad():
            parts = [_tensor(features[at : at + _AT_ONCE]) for at in range(0, len(features), _AT_ONCE)]
            maps = (part if flat else part[:, :, None, None].clone() for part in parts)
            return np.concatenate([detector.predict_feature_maps(part).cpu().numpy() for part in maps])

    return scores
