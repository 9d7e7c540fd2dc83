"""The two small networks of the demo zoo, one residual and one plain, for images of 64 pixels, and variants of the residual one.

Both halve the image four times, with widths 32 (a 5 x 5 stem of stride 2), 48, 96 and 160, and end in global average
pooling, so they accept any image of 32 pixels or more. They are small enough to train on one CPU core in minutes.

The variants are for the hypotheses "larger models" and "self-attention" of Basart's thesis (chapter 5): a depth series of 1, 2
and 4 residual blocks in each stage, a width series of half, the same and twice the channels, and squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

STEM, WIDTHS = 32, (48, 96, 160)
_REDUCTION = 16  # of the channels inside a gate (Hu, Shen & Sun 2018, section 6.4)


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


class Gated(Residual):
    """A residual block whose channels are weighted by a gate before the shortcut is added; (N, inputs, H, W) -> (N, outputs, H, W).

    The gate is squeeze-and-excitation (Hu, Shen & Sun 2018, equations 2 to 4): sigmoid(W2 relu(W1 z)), z the mean over all
    positions.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.squeeze = nn.Linear(outputs, max(1, outputs // _REDUCTION))
        self.excite = nn.Linear(max(1, outputs // _REDUCTION), outputs)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.second(F.relu(self.first(x), inplace=True))
        gate = self.excite(F.relu(self.squeeze(inner.mean((2, 3))), inplace=True)).sigmoid()  # (N, outputs)
        return F.relu((inner * gate[:, :, None, None]).add_(self.shortcut(x)), inplace=True)


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

    def __init__(self, classes: int, stages: list[nn.Module], stem: int = STEM, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stem = convolution(3, stem, side=5, stride=2)
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(widths[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 160): the input of the head; other widths have other channels."""
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


def resnet_se(classes: int) -> SmallNetwork:
    """Three residual blocks with squeeze-and-excitation."""
    return SmallNetwork(classes, [Gated(STEM, 48), Gated(48, 96), Gated(96, 160)])


def resnet_deep(classes: int) -> SmallNetwork:
    """Two residual blocks in each stage."""
    return SmallNetwork(classes, _stages(STEM, WIDTHS, blocks=2))


def resnet_deeper(classes: int) -> SmallNetwork:
    """Four residual blocks in each stage."""
    return SmallNetwork(classes, _stages(STEM, WIDTHS, blocks=4))


def resnet_narrow(classes: int) -> SmallNetwork:
    """Half of the channels."""
    return _as_wide(classes, 0.5)


def resnet_wide(classes: int) -> SmallNetwork:
    """Twice the channels."""
    return _as_wide(classes, 2)


def _as_wide(classes: int, factor: float) -> SmallNetwork:
    stem, *widths = (round(factor * width) for width in (STEM, *WIDTHS))
    return SmallNetwork(classes, _stages(stem, widths, blocks=1), stem, widths)


def _stages(stem: int, widths: Sequence[int], blocks: int) -> list[nn.Module]:
    """Residual blocks, the first of each stage from the channels of the one before."""
    return [
        nn.Sequential(Residual(inputs, outputs), *(Residual(outputs, outputs) for _ in range(blocks - 1)))
        for inputs, outputs in zip([stem, *widths[:-1]], widths, strict=True)
    ]
