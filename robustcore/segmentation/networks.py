"""The small networks for street scenes, and torchvision's by name.

Both small ones take images in [0, 1], any side that 8 or 16 divides.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError

SEGMENTER, AUTOENCODER = "scenes/encoder-decoder", "scenes/autoencoder"
_MEAN, _STD = 0.45, 0.25
_DROPPED = 0.2
_TORCHVISION = "torchvision/"


@dataclasses.dataclass(frozen=True)
class Card:
    """What a segmentation network is.

    Attributes:
        name: its name.
        architecture: a name that `build` takes.
        classes: in label order; none for an autoencoder.
        dataset: what it was trained on.
        record: how it was trained: command, seed, epochs, seconds, versions, scores.
    """

    name: str
    architecture: str
    classes: tuple[str, ...]
    dataset: str
    record: dict[str, Any] = dataclasses.field(default_factory=dict)


def _block(wide_in: int, wide_out: int, *, stride: int = 1, kernel: int = 3, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, kernel, stride, dilation * (kernel // 2), dilation, bias=False),
        nn.BatchNorm2d(wide_out),
        nn.ReLU(inplace=True),
    )


class Segmenter(nn.Module):
    """An encoder-decoder with skips: half, quarter and eighth of the side, and back to half; 0.3 million parameters.

    Args:
        classes: number of them.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = _block(3, 24, stride=2, kernel=5)
        self.second = nn.Sequential(_block(24, 48, stride=2), _block(48, 48))
        self.third = nn.Sequential(_block(48, 96, stride=2), _block(96, 96), _block(96, 96, dilation=2))
        self.up_quarter = _block(96 + 48, 48)
        self.up_half = _block(48 + 24, 32)
        self.drop = nn.Dropout2d(_DROPPED)
        self.head = nn.Conv2d(32, classes, 1)
        self.branch = nn.Conv2d(32, 1, 1)  # of the confidence

    def features(self, images: Tensor) -> Tensor:
        """(n, 32, H / 2, W / 2) of images (n, 3, H, W) in [0, 1].

        Raises:
            InvalidArgumentError: a side that 8 does not divide.
        """
        _check_sides(images, 8)
        half = self.first((images - _MEAN) / _STD)
        quarter = self.second(half)
        deep = self.third(quarter)
        quarter = self.up_quarter(torch.cat([_up(deep), quarter], dim=1))
        features: Tensor = self.up_half(torch.cat([_up(quarter), half], dim=1))
        return features

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, K, H, W) and the confidence's logit (n, H, W)."""
        features = self.features(images)
        dropped = self.drop(features)
        # The branch reads what the classes are told from, and does not change it.
        return _up(self.head(dropped)), _up(self.branch(dropped.detach()))[:, 0]


class Autoencoder(nn.Module):
    """Four layers down to a spatial code of a sixteenth of the side, and four up, without skips; batch norm."""

    def __init__(self) -> None:
        super().__init__()
        widths = (24, 48, 64, 32)
        down: list[nn.Module] = []
        before = 3
        for wide in widths:
            down.append(_block(before, wide, stride=2))
            before = wide
        self.down = nn.Sequential(*down)
        self.up = nn.ModuleList(_block(a, b) for a, b in zip(widths[::-1], (64, 48, 24, 24), strict=True))
        self.out = nn.Conv2d(24, 3, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """The reconstruction (n, 3, H, W) in [0, 1] of images (n, 3, H, W) in [0, 1].

        Raises:
            InvalidArgumentError: a side that 16 does not divide.
        """
        _check_sides(images, 16)
        code: Tensor = self.down((images - _MEAN) / _STD)
        for layer in self.up:
            code = layer(_up(code))
        return torch.sigmoid(self.out(code))


class _Torchvision(nn.Module):
    """One of torchvision's segmentation networks over images in [0, 1]; it has no confidence."""

    def __init__(self, network: nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, images: Tensor) -> tuple[Tensor, None]:
        assert isinstance(self.mean, Tensor)
        assert isinstance(self.std, Tensor)
        return self.network((images - self.mean) / self.std)["out"], None


def _check_sides(images: Tensor, divisor: int) -> None:
    height, width = images.shape[-2:]
    if height % divisor or width % divisor:
        low = max(1, height // divisor) * divisor
        raise InvalidArgumentError(
            f"This network takes images with sides that {divisor} divides, and these have {height} x {width} pixels: choose a side of "
            f"{low} or {low + divisor}."
        )


def _up(values: Tensor) -> Tensor:
    return functional.interpolate(values, scale_factor=2, mode="bilinear", align_corners=False)


def build(architecture: str, classes: int) -> nn.Module:
    """An untrained network.

    Args:
        architecture: "scenes/encoder-decoder", "scenes/autoencoder", or "torchvision/" and one of its segmentation models.
        classes: number of them; an autoencoder has none.

    Raises:
        UnknownNameError: no such architecture.
    """
    if architecture == SEGMENTER:
        return Segmenter(classes)
    if architecture == AUTOENCODER:
        return Autoencoder()
    if architecture.startswith(_TORCHVISION):
        return _torchvision(architecture.removeprefix(_TORCHVISION), None, classes)[0]
    raise UnknownNameError("segmentation network", architecture, names())


def names() -> list[str]:
    """The architectures that `build` knows, sorted."""
    from torchvision.models import list_models, segmentation

    return sorted([SEGMENTER, AUTOENCODER, *(f"{_TORCHVISION}{name}" for name in list_models(module=segmentation))])


def published(name: str) -> tuple[nn.Module, Card]:
    """One of torchvision's segmentation networks with its published weights, which are fetched once.

    Raises:
        UnknownNameError: no such network.
        ModelError: its weights cannot be had.
    """
    short = name.removeprefix(_TORCHVISION)
    network, classes = _torchvision(short, "DEFAULT", None)
    return network.eval(), Card(name, name, classes, "COCO with the labels of PASCAL VOC")


def _torchvision(name: str, weights: str | None, classes: int | None) -> tuple[nn.Module, tuple[str, ...]]:
    from torchvision.models import get_model, get_model_weights, list_models, segmentation

    if name not in list_models(module=segmentation):
        raise UnknownNameError("segmentation network of torchvision", name, list_models(module=segmentation))
    facts = get_model_weights(name).DEFAULT
    preparation = facts.transforms()
    more: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    try:
        network = get_model(name, weights=facts if weights else None, weights_backbone=None, **more)
    except OSError as error:
        raise ModelError(f"The weights of torchvision/{name} cannot be fetched ({error}).") from error
    return _Torchvision(network, list(preparation.mean), list(preparation.std)), tuple(facts.meta["categories"])
