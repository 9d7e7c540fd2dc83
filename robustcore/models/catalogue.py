"""The catalogue of models: what a model's name says, which files it stands for, and how it is loaded."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robustcore import arguments, paths
from robustcore.errors import InvalidArgumentError, ModelError, UnknownNameError
from robustcore.models import (
    added,
    checkpoints,
    class_names,
    defences,
    factories,
    formats,
    imagenet,
    pretrained,
    wrapping,
)
from robustcore.models.architectures import architecture as find_architecture
from robustcore.models.architectures import check_classes, torchvision_names
from robustcore.models.classifier import SIDES, Card, Classifier
from robustcore.models.registered import registry as registered

_OPTIONS = {
    "weights": "'none' for random weights, or the name of one published set, such as IMAGENET1K_V1",
    "classes": "the number of classes, with random weights; with a checkpoint, the number that it is required to have, or its "
    "classes' names: 'imagenet', or a file with one name a line",
    "seed": "of the random weights",
    "architecture": "of a checkpoint without a card",
    "weights_from": "the entry or the prefix of a checkpoint without a card that has the weights, such as 'state_dict_ema'",
    "keys": "'order' to take the tensors of a checkpoint without a card by their order and shape, whatever they are called",
    "mean": "of the normalisation of a checkpoint without a card, such as 0.5,0.5,0.5 for pixels from 0 to 1",
    "std": "of the normalisation, such as 0.25,0.25,0.25",
    "side": "of the input of a checkpoint without a card, in pixels",
    "order": "of classes that the weights only number: 'name' for folders whose numbers these are, 'place' for the sorted "
    "folders, as torchvision's ImageFolder counts them",
    "answers": "'folder' for the classes of the folder that is evaluated alone; 'all', the default, for all of the model's",
    "name": "what tables and figures call it",
    "defence": f"applied to the images first: {', '.join(defences.names())}",
}
# What is said of a file of weights, and kept of a model that was added.
_OF_FILES = ("architecture", "weights_from", "keys", "mean", "std", "side")
OWN = "own/"
_SIDE = 224  # of the input of a network that a function makes, where nothing else is said
ANSWERS = ("all", "folder")


def files() -> dict[str, Path]:
    """Name -> file of the shipped models, of those trained here and of those added."""
    result = {}
    for prefix, folder in (("", paths.assets() / "models"), (OWN, paths.cache() / "models")):
        for path in sorted(folder.rglob(f"*{checkpoints.SUFFIX}")):
            if not path.name.startswith("."):
                result[prefix + path.relative_to(folder).with_suffix("").as_posix()] = path
    for name, entry in added.models().items():
        result.setdefault(OWN + name, Path(entry.path))
    return result


@dataclasses.dataclass(frozen=True)
class ModelName:
    """A parsed model name: what stands before the question mark, and the options behind it."""

    text: str
    base: str
    weights: str | None = None
    classes: int | str | None = None
    seed: int = 0
    architecture: str | None = None
    weights_from: str | None = None
    keys: str | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    side: int | None = None
    order: str | None = None
    answers: str | None = None
    name: str | None = None
    defence: str | None = None

    @classmethod
    def parse(cls, name: str | os.PathLike[str], architecture: str | None = None) -> ModelName:
        """The parts of a name.

        Raises:
            InvalidArgumentError: an option that is unknown, or a value that it does not take.
        """
        arguments.no_plain_module(name)
        name = arguments.name(name, "A model is a catalogue's name or the path of a checkpoint")
        base, _, query = name.partition("?")
        options: dict[str, Any] = {}
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            if key not in _OPTIONS or not equals or not value:
                allowed = "; ".join(f"{k}= {v}" for k, v in _OPTIONS.items())
                raise InvalidArgumentError(
                    f"The model name {str(name)!r} has the option {part!r}; options are {allowed}."
                )
            options[key] = _READ[key](value, name) if key in _READ else value
        if architecture is not None:
            options["architecture"] = arguments.name(architecture, "An architecture is a name")
        return cls(str(name), base, **options)

    @property
    def label(self) -> str:
        """What tables and figures call the model."""
        if self.name is None:
            return self.text
        return with_answers(self.name, self.answers or "all")

    @property
    def is_path(self) -> bool:
        """Whether it is a file, and no name of the catalogue."""
        path = os.path.expanduser(self.base)
        named = Path(path).suffix in (*checkpoints.SUFFIXES, *formats.SUFFIXES)
        return named or os.path.isfile(path) or formats.format_of(path) is not None

    def relocated(self, place: Callable[[str], str]) -> str:
        """The name with each path in it, that of the file and that of its classes' names, as `place` answers it.

        A name that holds in this process alone is written out, so that other processes understand it.
        """
        here = added.named_here().get(self.base)
        if here is not None:
            label = [] if self.name else [f"name={self.base}"]
            options = "&".join(filter(None, [here.model.partition("?")[2], self.text.partition("?")[2], *label]))
            return ModelName.parse(f"{here.path}?{options}").relocated(place)
        _, mark, query = self.text.partition("?")
        if isinstance(self.classes, str) and self.classes != class_names.IMAGENET:
            query = query.replace(f"classes={self.classes}", f"classes={place(self.classes)}")
        made = factories.parts(self.base)
        if made is not None:
            return f"{place(made[0])}:{made[1]}{mark}{query}"
        is_file = self.is_path and self.weights != "none"
        return (place(self.base) if is_file else self.base) + mark + query

    def load(self) -> Classifier:
        """The model, in evaluation mode, on the CPU."""
        model = self._load()
        model.card = self._ordered(model.card)
        return (
            model
            if self.defence is None
            else defences.Defended(model, defences.create(self.defence)).rename(self.label)
        )

    def _load(self) -> Classifier:
        if self.base in registered:
            return registered[self.base].load().rename(self.label)
        if factories.parts(self.base):
            return self._made()
        if self.weights == "none":
            return find_architecture(self.base).build(self._random_card(), self.seed).eval()
        if self.is_path:
            return self._checkpoint(self.base)
        if self.base in imagenet.names():
            return self._checked(imagenet.load(self.base))
        if self.base.startswith("torchvision/"):
            return self._checked(pretrained.load_torchvision(self.base, self.weights))
        if self.base.startswith("timm/"):
            return self._checked(pretrained.load_timm(self.base))
        entry = self._added()
        return self._checkpoint(self._file()) if entry is None else entry._load()

    def _made(self) -> Classifier:
        """What the function of a .py file makes, as a classifier."""
        network = factories.make(self.base)
        if self.classes is None and not isinstance(network, Classifier):
            raise ModelError(
                f"{self.base} makes a network alone: name its classes, as in '{self.base}?classes=10' (a number, 'imagenet', or a "
                "file with one name a line), and with mean=, std= and side= what it takes."
            )
        model = wrapping.classifier(network, self.classes or 0, self.side or _SIDE, mean=self.mean, std=self.std)
        model.plugin = factories.digest(self.base)
        return model.rename(self.label).eval()

    def _checkpoint(self, path: Path | str) -> Classifier:
        reading = checkpoints.Reading(
            weights_from=self.weights_from, by_order=self.keys is not None, mean=self.mean, std=self.std, side=self.side
        )
        place = Path(os.path.expanduser(path))
        whole = formats.format_of(place)
        load = checkpoints.load if whole is None else whole.load
        model: Classifier = load(
            place, architecture=self.architecture, classes=self.classes, name=self.label, reading=reading
        )
        return model

    def card(self) -> Card:
        """The model's card, without its weights where that is possible."""
        card = self._ordered(self._card())
        if self.defence is not None:
            card = defences.defended(card, defences.create(self.defence))
        return dataclasses.replace(card, name=self.label)

    def _card(self) -> Card:
        if self.base in registered:
            return registered[self.base].load().card
        if factories.parts(self.base):
            return self._made().card
        if self.weights == "none":
            return self._random_card()
        if self.is_path:
            path = Path(os.path.expanduser(self.base))
            is_whole = formats.format_of(path) is not None
            return self._load().card if self.architecture or self.classes or is_whole else checkpoints.read_card(path)
        if self.base in imagenet.names():
            return imagenet.card(self.base)
        if self.base.startswith("torchvision/"):
            return pretrained.torchvision_card(self.base, self.weights)
        if self.base.startswith("timm/"):
            return pretrained.timm_card(self.base)
        entry = self._added()
        return checkpoints.read_card(self._file()) if entry is None else entry._card()

    def _added(self) -> ModelName | None:
        """For the name of a model that was added, the name of its file with all that was said of it; None for others."""
        entry = added.models().get(self.base.removeprefix(OWN)) if self.base.startswith(OWN) else None
        entry = added.named_here().get(self.base, entry)
        if entry is None or ((trained := _trained(self.base)) and os.path.isfile(trained)):
            return None
        entry_name = ModelName.parse(entry.model)
        mine = {field: getattr(self, field) for field in (*_OF_FILES, "classes") if getattr(self, field) is not None}
        return dataclasses.replace(entry_name, name=self.label, **mine)

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
        """The file on this machine that `load` would read; None where it reads none or downloads it first."""
        if self.weights == "none" or self.base.startswith("timm/") or factories.parts(self.base):
            return None
        if self.is_path:
            file = Path(os.path.expanduser(self.base))
        elif self.base in imagenet.names():
            return imagenet.file(self.base)
        elif self.base.startswith("torchvision/"):
            return pretrained.downloaded_file(self.base, self.weights)
        else:
            entry = self._added()
            file = (
                _trained(self.base) or paths.assets() / "models" / f"{self.base}{checkpoints.SUFFIX}"
                if entry is None
                else Path(entry.base)
            )
        whole = formats.format_of(file)
        if whole is not None:
            file = whole.file(file)
        return file if os.path.isfile(file) else None  # pathlib would raise for what is too long to be a path

    def _file(self) -> Path:
        shipped = files()
        if self.base not in shipped:
            raise UnknownNameError(
                "model", self.base, [*shipped, *registered.names(), *imagenet.names(), *torchvision_names()]
            )
        return shipped[self.base]

    def _random_card(self) -> Card:
        family = find_architecture(self.base)
        if isinstance(self.classes, str):
            labels = class_names.read(self.classes)
        else:
            labels = tuple(str(i) for i in range(1000 if self.classes is None else self.classes))
        return Card(self.label, labels, family.side, "none", "untrained", self.base, {"seed": self.seed})

    def _checked(self, model: Classifier) -> Classifier:
        count = len(model.card.classes)
        if self.classes not in (None, count):
            raise ModelError(
                f"The published weights of {self.base} have {count} classes, not {self.classes}. "
                "Random weights (weights=none) can have any number."
            )
        return model.rename(self.label)


def with_answers(name: str, answers: str) -> str:
    """A model's name with its answers, where they are not the default and the name does not say so itself."""
    if answers == "all" or "answers=" in name.partition("?")[2]:
        return name
    return f"{name}{'&' if '?' in name else '?'}answers={answers}"


def _trained(name: str) -> Path | None:
    """The file of a model that was trained here, whether it exists or not; None for a name that is not one's own."""
    if not name.startswith(OWN):
        return None
    return paths.cache() / "models" / f"{name.removeprefix(OWN)}{checkpoints.SUFFIX}"


def _whole(key: str) -> Callable[[str, str], int]:
    def read(value: str, name: str) -> int:
        if not value.isdecimal():
            raise InvalidArgumentError(f"The option {key} of the model {name!r} is not a number.")
        return int(value)

    return read


def _classes(value: str, name: str) -> int | str:
    """A number of classes, "imagenet", or the file with their names."""
    if value.isdecimal():
        return check_classes(int(value))
    if value != class_names.IMAGENET and not {"/", ".", os.sep} & set(value):
        raise InvalidArgumentError(
            f"The option classes of the model {name!r} is not a number, nor 'imagenet', nor a file with one name a line."
        )
    return value


def _side(value: str, name: str) -> int:
    return arguments.whole(
        arguments.integer(_whole("side")(value, name)),
        f"The option side of the model {name!r} is {SIDES[0]} to {SIDES[-1]} pixels",
        low=SIDES[0],
        high=SIDES[-1],
    )


def _channels(key: str) -> Callable[[str, str], tuple[float, float, float]]:
    def read(value: str, name: str) -> tuple[float, float, float]:
        rule = f"The option {key} of the model {name!r} is three numbers such as 0.5,0.5,0.5"
        try:
            red, green, blue = (arguments.number(float(part), rule) for part in value.split(","))
        except ValueError as error:
            raise arguments.refuse(rule, value) from error
        if key == "std" and min(red, green, blue) <= 0:
            raise arguments.refuse(f"{rule}, all above 0", value)
        return red, green, blue

    return read


def _choice(key: str, *allowed: str) -> Callable[[str, str], str]:
    return lambda value, name: arguments.one_of(value, allowed, f"The option {key} of the model {name!r}")


def _defence(value: str, name: str) -> str:
    defences.create(value)  # reject an unknown one before looking for weights
    return value


_READ: dict[str, Callable[[str, str], Any]] = {
    "classes": _classes,
    "seed": _whole("seed"),
    "keys": _choice("keys", "order"),
    "mean": _channels("mean"),
    "std": _channels("std"),
    "side": _side,
    "order": _choice("order", "name", "place"),
    "answers": _choice("answers", *ANSWERS),
    "defence": _defence,
}
