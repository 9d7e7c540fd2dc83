"""A classifier that may only answer with some of its classes: those of the folder that it is scored on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence

from torch import Tensor

from robustcore.models.classifier import Classifier


class Restricted(Classifier):
    """A classifier whose logits are those of some classes: an attack, a confidence and the best five see no others.

    Args:
        model: the classifier with all its classes; the weights are shared.
        places: of the classes that are left, among the model's.
        classes: their names, as the dataset has them.
    """

    def __init__(self, model: Classifier, places: Sequence[int], classes: Sequence[str]) -> None:
        mean, std = model.mean.flatten().tolist(), model.std.flatten().tolist()
        card = dataclasses.replace(model.card, classes=tuple(classes))
        super().__init__(model.network, card, mean=mean, std=std)
        self.full = model
        self.places = tuple(int(place) for place in places)
        self.plugin = model.plugin
        self.to(model.device)
        self.train(model.training)

    def forward(self, x: Tensor) -> Tensor:
        """float32 (N, 3, H, W) in [0, 1], or uint8 0..255 -> float32 (N, K) logits of the classes that are left."""
        logits: Tensor = self.full(x)
        return logits[:, list(self.places)]

    def fingerprint(self) -> str:
        """SHA-256 over the whole classifier's fingerprint and the classes that are left."""
        left = json.dumps([self.places, self.card.classes])
        return hashlib.sha256(f"{self.full.fingerprint()} answers {left}".encode()).hexdigest()

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What of the network cannot be read."""
        return self.full.unreadable
