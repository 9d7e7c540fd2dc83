"""Small networks of every kind: convolutions, tokens, channels last, and one that hides its layers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from robustcore.models.classifier import Card, Classifier

CLASSES = ("a", "b", "c")
SIDE = 16


class Convolutional(nn.Module):
    """A bias-free network whose Grad-CAM can be worked out by hand: two maps, averaged, a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(2, len(CLASSES), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.conv(x)).flatten(1))
        return logits


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm1(x)
        x = x + self.attention(inner, inner, inner, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Two blocks over 4 x 4 patches and a class token, which alone decides."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = self.blocks(torch.cat([self.token.expand(len(x), -1, -1), x], 1))
        logits: Tensor = self.head(self.norm(x)[:, 0])
        return logits


class ChannelsLast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(3, 5)
        self.norm = nn.LayerNorm(5)
        self.head = nn.Linear(5, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.mix(x.permute(0, 2, 3, 1)).relu())
        logits: Tensor = self.head(x.mean((1, 2)))
        return logits


class Flat(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * SIDE * SIDE, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(x.flatten(1))
        return logits


class OutsideOfTorch(nn.Module):
    """Computes in numpy, as other runtimes do: no layer and no gradient is seen."""

    def forward(self, x: Tensor) -> Tensor:
        values = x.detach().numpy().mean((2, 3))
        return torch.from_numpy(values)


KINDS: dict[str, Callable[[], nn.Module]] = {
    kind.__name__: kind for kind in (Convolutional, Transformer, ChannelsLast, Flat, OutsideOfTorch)
}
MakeModel = Callable[..., Classifier]


@pytest.fixture
def make_model() -> MakeModel:
    """`make_model("Transformer", seed=1)`: a classifier of that network with random weights."""

    def make(kind: str, seed: int = 0) -> Classifier:
        torch.manual_seed(seed)
        return Classifier(KINDS[kind](), Card(f"small/{kind}", CLASSES, SIDE, "test")).eval()

    return make


@pytest.fixture
def images() -> Tensor:
    """uint8 (12, 3, 16, 16)."""
    return torch.randint(0, 256, (12, 3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
