"""Classifier: a network that takes pixels in [0, 1], and the card that says what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclasses.dataclass(frozen=True)
class Card:
    """What a model is and where it comes from; travels in its checkpoint.

    Attributes:
        name: catalogue name, e.g. "scenes/resnet-standard".
        classes: class names in the order of the logits.
        side: input side in pixels; images of other sizes are resized to it (bilinear, antialiased).
        dataset: what it was trained on, e.g. "scenes".
        intervention: how, e.g. "standard".
        architecture: e.g. "scenes/resnet" or "torchvision/resnet50".
        recipe: everything that the training needs to be repeated.
    """

    name: str
    classes: tuple[str, ...]
    side: int
    dataset: str
    intervention: str = "standard"
    architecture: str = ""
    recipe: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """One line, keys sorted."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


class Classifier(nn.Module):
    """A network over [0, 1] images that owns resizing and normalisation, so that an attack's eps means pixels.

    Args:
        network: (N, 3, side, side) normalised -> (N, K) logits.
        card: what it is.
        mean, std: per-channel normalisation.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        card: Card,
        *,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> None:
        super().__init__()
        self.network = network
        self.card = card
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """float32 (N, 3, H, W) in [0, 1], or uint8 0..255 -> (N, K) logits."""
        if x.dtype == torch.uint8:
            x = x.to(torch.float32).div_(255)
        if x.shape[-2:] != (self.card.side, self.card.side):
            x = F.interpolate(x, (self.card.side, self.card.side), mode="bilinear", antialias=True, align_corners=False)
        logits: Tensor = self.network((x - self.mean) / self.std)
        return logits

    def fingerprint(self) -> str:
        """SHA-256 over the architecture, the preprocessing, the classes and every weight; a changed checkpoint changes it."""
        digest = hashlib.sha256()
        digest.update(json.dumps([self.card.architecture, self.card.side, list(self.card.classes)]).encode())
        digest.update(repr(self.network).encode())
        for key, value in sorted(self.state_dict().items()):
            digest.update(f"{key}:{value.dtype}:{tuple(value.shape)}".encode())
            digest.update(value.detach().to("cpu").contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()
