"""The two small networks of the demo zoo, one residual and one plain, for images of 64 pixels.

Both halve the image four times, with widths 32 (a 5 x 5 stem of stride 2), 48, 96 and 160, and end in global average
pooling, so they accept any image of 32 pixels or more. They are small enough to train on one CPU core in minutes.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

STEM, WIDTHS = 32, (48, 96, 160)


def convolution(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution and batch norm; (N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Residual(nn.Module):
    """Two 3 x 3 convolutions and a 1 x 1 shortcut in parallel; (N, inputs, H, W) -> (N, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs)
        self.second = convolution(outputs, outputs)
        self.shortcut = convolution(inputs, outputs, side=1)

    def forward(self, x: Tensor) -> Tensor:
        # In place: no gradient needs the overwritten values, and it saves a pass through memory.
        inner = F.relu(self.first(x), inplace=True)
        return F.relu(self.second(inner).add_(self.shortcut(x)), inplace=True)


class Plain(nn.Module):
    """`depth` 3 x 3 convolutions, each followed by ReLU; (N, inputs, H, W) -> (N, outputs, H, W)."""

    def __init__(self, inputs: int, outputs: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(convolution(inputs if i == 0 else outputs, outputs) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x), inplace=True)
        return x


class SmallNetwork(nn.Module):
    """Stem, three stages with a pooling before each, global average, linear head; (N, 3, H, W) -> (N, classes)."""

    # Raised whenever equal weights would compute something else; part of every fingerprint.
    revision = 1

    def __init__(self, classes: int, stages: list[nn.Module]) -> None:
        super().__init__()
        self.stem = convolution(3, STEM, side=5, stride=2)
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 160): the input of the head."""
        x = F.relu(self.stem(x), inplace=True)  # (N, 32, H/2, W/2)
        for stage in self.stages:
            x = stage(F.max_pool2d(x, 2))  # (N, 48, H/4, W/4), (N, 96, H/8, W/8), (N, 160, H/16, W/16)
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits


def resnet(classes: int) -> SmallNetwork:
    """Three residual blocks; 0.56 M parameters for 12 classes."""
    return SmallNetwork(classes, [Residual(STEM, 48), Residual(48, 96), Residual(96, 160)])


def vgg(classes: int) -> SmallNetwork:
    """One, two and two 3 x 3 convolutions; 0.51 M parameters for 12 classes."""
    return SmallNetwork(classes, [Plain(STEM, 48, 1), Plain(48, 96, 2), Plain(96, 160, 2)])
