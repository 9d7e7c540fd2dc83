"""Architectures by name: a network with random weights, its input side and its normalisation."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator

import torch
from torch import nn

from robustcore.errors import InvalidArgumentError, MissingExtraError, ModelError, RobustcoreError, UnknownNameError
from robustcore.models import reach, scenes
from robustcore.models.classifier import Card, Classifier
from robustcore.registry import Registry

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MAX_CLASSES = 100_000


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A family of networks that differ in the number of classes.

    Attributes:
        name: e.g. "scenes/resnet" or "torchvision/resnet50".
        side: its intended input side in pixels.
        mean, std: normalisation of each channel, for pixels in [0, 1].
        network: number of classes -> network with random weights, from torch's global generator.
        summary: what it is, in one sentence.
    """

    name: str
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    network: Callable[[int], nn.Module]
    summary: str = ""

    def build(self, card: Card, seed: int | None = None) -> Classifier:
        """A classifier with random weights; with a seed, always the same ones, without touching torch's global generator."""
        if seed is None:
            network = self.network(len(card.classes))
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network = self.network(len(card.classes))
        return Classifier(network, card, mean=self.mean, std=self.std)


registry: Registry[Architecture] = Registry("architecture")
for _name, _network, _summary in (
    ("resnet", scenes.resnet, "Three residual blocks; the demo zoo's."),
    ("resnet-deep", scenes.resnet_deep, "Depth series: six residual blocks."),
    ("resnet-deeper", scenes.resnet_deeper, "Depth series: twelve residual blocks."),
    ("resnet-narrow", scenes.resnet_narrow, "Width series: half of the channels."),
    ("resnet-wide", scenes.resnet_wide, "Width series: twice the channels."),
    ("resnet-se", scenes.resnet_se, "Three residual blocks with squeeze-and-excitation, a gate for each channel."),
    ("vgg", scenes.vgg, "Five plain convolutions; the demo zoo's."),
):
    _full = f"scenes/{_name}"
    registry.add(_full, Architecture(_full, 64, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), _network, _summary))


def architecture(name: str) -> Architecture:
    """The architecture of that name: one of `registry`, "torchvision/NAME" or "timm/NAME".

    Raises:
        UnknownNameError: no such architecture; the message suggests the nearest names.
        MissingExtraError: timm is not installed.
    """
    family, _, rest = name.partition("/")
    if family == "torchvision":
        return _torchvision(rest)
    if family == "timm":
        return _timm(rest)
    if name not in registry:
        raise UnknownNameError("architecture", name, [*registry.names(), *torchvision_names()])
    return registry[name]


def built_anew(name: str, classes: int) -> Iterator[nn.Module]:
    """Networks as the architecture of that name builds them, to compare another one's parts with: first without memory for
    their weights, then with it, since some parts are numbers. None where there is no such architecture."""
    if name.partition("/")[0] not in ("torchvision", "timm") and name not in registry:
        return  # nothing to suggest nearest names for, which would import torchvision: seconds
    try:
        family = architecture(name)
    except RobustcoreError:
        return
    for device in ("meta", "cpu"):
        with torch.random.fork_rng(devices=[]), contextlib.suppress(NotImplementedError, RuntimeError):
            with torch.device(device):
                network = family.network(classes).eval()
            yield network


reach.builders.append(built_anew)


def check_classes(count: int) -> int:
    """The number of classes, if a network can have that many."""
    if not 2 <= count <= MAX_CLASSES:
        raise InvalidArgumentError(f"A classifier has 2 to {MAX_CLASSES} classes, not {count}.")
    return count


@functools.cache
def torchvision_names() -> list[str]:
    """The classification networks of torchvision, as "torchvision/NAME"."""
    import torchvision

    return sorted(f"torchvision/{name}" for name in torchvision.models.list_models(module=torchvision.models))


def _torchvision(name: str) -> Architecture:
    import torchvision

    full = f"torchvision/{name}"
    if full not in torchvision_names():
        raise UnknownNameError("model", full, torchvision_names())

    def network(classes: int) -> nn.Module:
        # The auxiliary training heads of these two would turn their output into a tuple.
        extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
        built: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes, **extra)
        return built

    weights = torchvision.models.get_model_weights(name).DEFAULT
    return Architecture(full, weights.transforms().crop_size[0], IMAGENET_MEAN, IMAGENET_STD, network)


def _timm(name: str) -> Architecture:
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError("timm", "timm", f"The model timm/{name}") from error
    if not timm.is_model(name):
        raise UnknownNameError("model", f"timm/{name}", [f"timm/{other}" for other in timm.list_models()])
    # A name may carry the tag of one set of published weights, as in resnet50.a1_in1k.
    config = timm.get_pretrained_cfg(name)
    if config is None:
        raise ModelError(f"timm/{name} has no published input configuration, which the classifier needs.")

    def network(classes: int) -> nn.Module:
        built: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
        return built

    return Architecture(f"timm/{name}", config.input_size[-1], tuple(config.mean), tuple(config.std), network)
