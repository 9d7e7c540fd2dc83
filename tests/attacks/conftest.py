"""Two models whose best attacks are known on paper."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

SIDE = 8


class Linear(nn.Module):
    """Two classes; the margin of class 0 is w . x + c, so that the nearest image of class 1 is known exactly."""

    def __init__(self, c: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.w = nn.Parameter(torch.randn(3 * SIDE * SIDE, generator=generator))
        self.c = nn.Parameter(torch.tensor(c))
        self.asked = 0  # images

    def forward(self, x: Tensor) -> Tensor:
        self.asked += len(x)
        margin = x.flatten(1) @ self.w + self.c
        return torch.stack([margin / 2, -margin / 2], dim=1)

    def margin(self, x: Tensor) -> Tensor:
        """(N,) of class 0."""
        with torch.no_grad():
            return x.flatten(1) @ self.w + self.c


@pytest.fixture
def images() -> Tensor:
    """(6, 3, 8, 8) float in 0.4 .. 0.6, away from the borders of the box."""
    return torch.rand(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 0.2 + 0.4


@pytest.fixture
def linear(images: Tensor) -> Linear:
    """A linear model that gives every image class 0, with margins of 1 and more."""
    model = Linear().eval()
    with torch.no_grad():
        model.c += 1 - model.margin(images).min()
    return model


@pytest.fixture
def labels(images: Tensor) -> Tensor:
    return torch.zeros(len(images), dtype=torch.int64)


@pytest.fixture
def network() -> nn.Module:
    """An untrained network with five classes: small, smooth and not linear."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Tanh(), nn.Conv2d(8, 8, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(32, 5)
    )
    return body.eval()
