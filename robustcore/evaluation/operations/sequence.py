"""Perturbation sequences: an image becomes the frames of an ImageNet-P sequence, and the prediction of each is kept.

The stability metrics of a sequence follow from the predictions; its mean flip probability and top-5 distance are kept
with the counts. A noise sequence gets stronger with the difficulty; every other one keeps its frames, and the frames
that are compared are further apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from robustcore import sequences
from robustcore.corruptions import VARIANTS
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Applied, Operation, Part, registry
from robustcore.models.classifier import Classifier
from robustcore.sequences import stability

if TYPE_CHECKING:
    from robustcore.evaluation.store.predictions import Predictions


def difficulty_of(condition: Condition) -> int:
    """The condition's difficulty, 1 unless it names another."""
    return int(dict(condition.params).get("difficulty", 1))


class Perturb(Operation):
    """A registered perturbation sequence."""

    kind = "sequence"

    def check(self, condition: Condition) -> None:
        sequences.get(condition.name)
        if condition.severity is not None or condition.strength is not None:
            raise InvalidArgumentError(f"The sequence {condition.name} has a difficulty, 1 to 3, and no severity.")
        unknown = sorted(set(dict(condition.params)) - {"difficulty"})
        if unknown:
            raise InvalidArgumentError(f"A sequence has a difficulty; {condition.name} was given {unknown[0]!r}.")
        sequences.check_difficulty(condition.parameters.get("difficulty", 1))
        if condition.variant is not None and condition.variant not in VARIANTS:
            raise UnknownNameError("size variant", condition.variant, VARIANTS)
        if condition.storage != "memory":
            raise InvalidArgumentError("Sequences were released as video, not as JPEG: their storage is 'memory'.")

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        identity: dict[str, Any] = {"revision": sequences.get(condition.name).revision}
        if plugin := self.plugin(condition):
            identity["plugin"] = plugin
        return identity

    def plugin(self, condition: Condition) -> str:
        return sequences.get(condition.name).plugin

    def is_random(self, condition: Condition) -> bool:
        return not sequences.get(condition.name).deterministic

    def frames(self, condition: Condition, side: int) -> int:
        variant = condition.variant or min(VARIANTS, key=lambda v: abs(math.log(side / VARIANTS[v])))
        return sequences.get(condition.name).lengths[variant]

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        videos = [
            sequences.frames(
                part.dataset.source(int(place)),
                condition.name,
                side=part.images.shape[-1],
                variant=condition.variant,
                difficulty=difficulty_of(condition),
                seed=seed,
                id=image_id,
            )
            for place, image_id in zip(part.places, part.ids.tolist(), strict=True)
        ]
        images = torch.from_numpy(np.stack(videos)).permute(0, 1, 4, 2, 3).contiguous()
        return Applied(images.to(part.device))

    def values(self, condition: Condition, predictions: Predictions) -> Mapping[str, npt.NDArray[np.floating[Any]]]:
        classes, difficulty = predictions.classes, difficulty_of(condition)
        rates = {"flip_probability": stability.flip_probability(classes[..., 0], condition.name, difficulty=difficulty)}
        if classes.shape[-1] == 5:
            rates["top5_distance"] = stability.top5_distance(classes, condition.name, difficulty=difficulty)
        return rates


registry.add("sequence", Perturb())
