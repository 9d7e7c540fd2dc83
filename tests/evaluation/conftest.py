"""A tiny dataset and a tiny model, so that these tests need neither the demo dataset nor its checkpoints.

The dataset has an order that is shuffled enough: its classes take turns.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from robustcore.images import UInt8Array
from robustcore.models.classifier import Card, Classifier

CLASSES = ("dark", "dim", "bright")
SIDE = 32


@dataclasses.dataclass
class Squares:
    """Grey squares whose brightness is the class; counts how often an image is decoded."""

    size: int = 600
    name: str = "squares"
    split: str = "test"
    classes: tuple[str, ...] = CLASSES
    side: int = SIDE

    def __post_init__(self) -> None:
        self.ids: npt.NDArray[np.int64] = np.arange(self.size, dtype=np.int64) * 7 + 3
        self.labels: npt.NDArray[np.int64] = np.arange(self.size, dtype=np.int64) % len(self.classes)
        self.fingerprint = hashlib.sha256(f"squares {self.size} {self.side}".encode()).hexdigest()
        self.decoded = 0

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self.decoded += 1
        label = int(self.labels[index])
        value = 40 + 70 * label + index % 30
        return torch.full((3, self.side, self.side), value, dtype=torch.uint8), label

    def images(self, start: int, stop: int) -> Tensor:
        return torch.stack([self[i][0] for i in range(start, stop)])

    def source(self, index: int) -> UInt8Array:
        return self[index][0].permute(1, 2, 0).numpy()


class Nearest(nn.Module):
    """Logits fall with the distance of the mean brightness to each class's."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.centres = nn.Parameter((torch.tensor([40.0, 110.0, 180.0]) + 15) / 255 + shift)
        self.calls: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(len(x))
        return -20 * (x.mean(dim=(1, 2, 3))[:, None] - self.centres).abs()


def classifier(name: str = "tiny/nearest", shift: float = 0.0, network: nn.Module | None = None) -> Classifier:
    card = Card(name, CLASSES, SIDE, "squares", architecture="tiny/nearest")
    return Classifier(network or Nearest(shift), card)


@pytest.fixture
def make_dataset() -> Callable[..., Squares]:
    return Squares


@pytest.fixture
def make_model() -> Callable[..., Classifier]:
    return classifier
