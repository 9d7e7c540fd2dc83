"""Models: the catalogue of loadable names, and `load_model`.

A model's name is one of

- a demo model that ships with the package, found by listing `assets/models`: "scenes/resnet-standard"
- a model trained here, found by listing `models` in the cache: "own/scenes/resnet-mixup"
- a registered model, as plug-ins bring them: see `robustcore.models.model`
- "imagenet/efficientnet-lite0", "-lite1", "-lite2": published weights from packages that the extra "imagenet" installs
- "torchvision/NAME" or "timm/NAME": published weights, downloaded at first use
- the path of a checkpoint: "runs/mine.safetensors", "resnet50.pth?architecture=torchvision/resnet50"

Options follow a question mark, joined by "&": "torchvision/resnet18?weights=none&classes=10". The option "defence" puts an
input-side defence in front of any model: "scenes/resnet-standard?defence=clahe"; see `robustcore.models.defences`.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import torch

from robustcore import arguments, devices, paths
from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.models import checkpoints, defences, imagenet, pretrained
from robustcore.models.architectures import architecture as find_architecture
from robustcore.models.architectures import check_classes, registry, torchvision_names
from robustcore.models.classifier import Card, Classifier
from robustcore.models.registered import model
from robustcore.models.registered import registry as registered

__all__ = [
    "Card",
    "Classifier",
    "architectures",
    "card",
    "file_of",
    "load_model",
    "model",
    "name_of",
    "names",
    "path_of",
]

_OPTIONS = {
    "weights": "'none' for random weights, or the name of one published set, such as IMAGENET1K_V1",
    "classes": "the number of classes, with random weights; with a checkpoint, the number that it is required to have",
    "seed": "of the random weights",
    "architecture": "of a checkpoint without a card",
    "order": "of classes that the weights only number: 'name' for folders whose numbers these are, 'place' for the sorted "
    "folders, as torchvision's ImageFolder counts them",
    "defence": f"applied to the images first: {', '.join(defences.names())}",
}
OWN = "own/"


def names(*, offline: bool = False) -> list[str]:
    """The names of the models that can be loaded, sorted: shipped, trained here, packaged, torchvision's; timm's
    1,500 are not listed.

    Args:
        offline: only those whose weights are on this machine.
    """
    if not offline:
        return sorted([*_files(), *registered.names(), *imagenet.names(), *torchvision_names()])
    downloaded = (
        [name for name in torchvision_names() if pretrained.downloaded_file(name)]
        if pretrained.any_downloaded()
        else []
    )
    return sorted([*_files(), *registered.names(), *imagenet.available(), *downloaded])


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
    return _ModelName.parse(name, architecture).load().to(target)


def card(name: str | os.PathLike[str]) -> Card:
    """The card of the model that `load_model` would load, without loading weights or downloading anything."""
    return _ModelName.parse(name).card()


def name_of(path: Path) -> str:
    """The name under which `load_model` finds a checkpoint: its catalogue name if it has one, else the path."""
    names = {file.resolve(): name for name, file in _files().items()}
    return names.get(path.expanduser().resolve(), str(path))


def path_of(name: str) -> str | None:
    """The file that `load_model` would read for a name that is a checkpoint's path; None for any other name."""
    request = _ModelName.parse(name)
    return request.base if request.is_path and request.weights != "none" else None


def file_of(name: str) -> Path | None:
    """The file on this machine that `load_model` would read for a name; None where it reads none or downloads it first."""
    return _ModelName.parse(name).file()


def _files() -> dict[str, Path]:
    """Name -> file of the shipped models and of those trained here."""
    files = {}
    for prefix, folder in (("", paths.assets() / "models"), (OWN, paths.cache() / "models")):
        for path in sorted(folder.rglob(f"*{checkpoints.SUFFIX}")):
            if not path.name.startswith("."):
                files[prefix + path.relative_to(folder).with_suffix("").as_posix()] = path
    return files


@dataclasses.dataclass(frozen=True)
class _ModelName:
    """A parsed model name."""

    text: str
    base: str
    weights: str | None = None
    classes: int | None = None
    seed: int = 0
    architecture: str | None = None
    order: str | None = None
    defence: str | None = None

    @classmethod
    def parse(cls, name: str | os.PathLike[str], architecture: str | None = None) -> _ModelName:
        arguments.no_plain_module(name)
        name = arguments.name(name, "A model is a catalogue's name or the path of a checkpoint")
        base, _, query = name.partition("?")
        options: dict[str, str] = {}
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            if key not in _OPTIONS or not equals or not value:
                allowed = "; ".join(f"{k}= {v}" for k, v in _OPTIONS.items())
                raise InvalidArgumentError(
                    f"The model name {str(name)!r} has the option {part!r}; options are {allowed}."
                )
            options[key] = value
        numbers = {}
        for key in ("classes", "seed"):
            if key in options:
                if not options[key].isdecimal():
                    raise InvalidArgumentError(f"The option {key} of the model {str(name)!r} is not a number.")
                numbers[key] = int(options.pop(key))
        if "classes" in numbers:
            check_classes(numbers["classes"])
        if "defence" in options:
            defences.create(options["defence"])  # reject an unknown one before looking for weights
        if "order" in options:
            arguments.one_of(options["order"], ("name", "place"), f"The option order of the model {name!r}")
        if architecture is not None:
            options["architecture"] = arguments.name(architecture, "An architecture is a name")
        return cls(str(name), base, **options, **numbers)  # type: ignore[arg-type]

    @property
    def is_path(self) -> bool:
        return Path(self.base).suffix in checkpoints.SUFFIXES or os.path.isfile(os.path.expanduser(self.base))

    def load(self) -> Classifier:
        model = self._load()
        model.card = self._ordered(model.card)
        return (
            model if self.defence is None else defences.Defended(model, defences.create(self.defence)).rename(self.text)
        )

    def _load(self) -> Classifier:
        if self.base in registered:
            return registered[self.base].load().rename(self.text)
        if self.weights == "none":
            return find_architecture(self.base).build(self._random_card(), self.seed).eval()
        if self.is_path:
            return checkpoints.load(self.base, architecture=self.architecture, classes=self.classes, name=self.text)
        if self.base in imagenet.names():
            return self._checked(imagenet.load(self.base))
        if self.base.startswith("torchvision/"):
            return self._checked(pretrained.load_torchvision(self.base, self.weights))
        if self.base.startswith("timm/"):
            return self._checked(pretrained.load_timm(self.base))
        return checkpoints.load(self._file(), architecture=self.architecture, classes=self.classes, name=self.text)

    def card(self) -> Card:
        card = self._ordered(self._card())
        if self.defence is not None:
            card = defences.defended(card, defences.create(self.defence))
        return dataclasses.replace(card, name=self.text)

    def _card(self) -> Card:
        if self.base in registered:
            return registered[self.base].load().card
        if self.weights == "none":
            return self._random_card()
        if self.is_path:
            path = Path(os.path.expanduser(self.base))
            return self._load().card if self.architecture else checkpoints.read_card(path)
        if self.base in imagenet.names():
            return imagenet.card(self.base)
        if self.base.startswith("torchvision/"):
            return pretrained.torchvision_card(self.base, self.weights)
        if self.base.startswith("timm/"):
            return pretrained.timm_card(self.base)
        return checkpoints.read_card(self._file())

    def _ordered(self, card: Card) -> Card:
        """The card with the names of numbered folders, in the order that was chosen.

        Chosen by name, they are written with leading zeros, so that both orders are one.
        """
        if self.order is None:
            return card
        count = len(card.classes)
        numbers = tuple(str(place) for place in range(count))
        if card.classes != numbers:
            raise InvalidArgumentError(
                f"The classes of {self.base} have names, such as {card.classes[0]!r}: their order is no matter of choice."
            )
        width = max(2, len(str(count - 1)))
        names = sorted(numbers) if self.order == "place" else [number.zfill(width) for number in numbers]
        return dataclasses.replace(card, classes=tuple(names))

    def file(self) -> Path | None:
        if self.weights == "none" or self.base.startswith("timm/"):
            return None
        if self.is_path:
            file = Path(os.path.expanduser(self.base))
        elif self.base in imagenet.names():
            return imagenet.file(self.base)
        elif self.base.startswith("torchvision/"):
            return pretrained.downloaded_file(self.base, self.weights)
        else:
            own = self.base.startswith(OWN)
            folder = (paths.cache() if own else paths.assets()) / "models"
            file = folder / f"{self.base.removeprefix(OWN) if own else self.base}{checkpoints.SUFFIX}"
        return file if file.is_file() else None

    def _file(self) -> Path:
        files = _files()
        if self.base not in files:
            raise UnknownNameError(
                "model", self.base, [*files, *registered.names(), *imagenet.names(), *torchvision_names()]
            )
        return files[self.base]

    def _random_card(self) -> Card:
        family = find_architecture(self.base)
        count = 1000 if self.classes is None else self.classes
        labels = tuple(str(i) for i in range(count))
        return Card(self.text, labels, family.side, "none", "untrained", self.base, {"seed": self.seed})

    def _checked(self, model: Classifier) -> Classifier:
        count = len(model.card.classes)
        if self.classes not in (None, count):
            raise ModelError(
                f"The published weights of {self.base} have {count} classes, not {self.classes}. "
                "Random weights (weights=none) can have any number."
            )
        return model.rename(self.text)
