"""A small network with dropout, and one without a linear layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustcore.models.classifier import Card, Classifier

CLASSES = ("a", "b", "c")


class WithDropout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=4)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8, len(CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.drop(self.conv(x).relu().mean((2, 3))))
        return logits


class WithoutHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, len(CLASSES), 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).mean((2, 3))  # type: ignore[no-any-return]


@pytest.fixture
def dropout() -> Classifier:
    torch.manual_seed(0)
    return Classifier(WithDropout(), Card("with/dropout", CLASSES, 16, "test")).eval()


@pytest.fixture
def headless() -> Classifier:
    torch.manual_seed(0)
    return Classifier(WithoutHead(), Card("without/head", CLASSES, 16, "test")).eval()
