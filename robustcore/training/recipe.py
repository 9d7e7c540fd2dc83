"""Recipe: everything that decides what a training leads to, as one value that travels in the checkpoint's card."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustcore import datasets
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.training import interventions

OPTIMIZERS = ("sgd", "adam")
SCHEDULES = ("one-cycle", "steps", "plateau")
# Field -> flag of `robustcore train`, for those that are a number or a text.
FLAGS = {
    "epochs": "--epochs",
    "batch": "--batch",
    "learning_rate": "--lr",
    "optimizer": "--optimizer",
    "schedule": "--schedule",
    "factor": "--factor",
    "patience": "--patience",
    "stop": "--stop",
    "momentum": "--momentum",
    "weight_decay": "--weight-decay",
    "shift": "--shift",
    "side": "--side",
    "limit": "--limit",
    "start": "--start",
    "seed": "--seed",
}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and how. Equal recipes on one kind of machine train equal models.

    Attributes:
        model: the architecture, e.g. "scenes/resnet" or "torchvision/resnet18".
        dataset: "scenes", or a folder of class folders, kept as an absolute path; its train split is used.
        intervention, settings: the registered name, and its settings as sorted (name, value) pairs.
        epochs: passes through the training images.
        batch: images in a step.
        learning_rate: the greatest one.
        optimizer: "sgd", or "adam" (Kingma & Ba 2015, betas 0.9 and 0.999), as for M-TLAT in Laugros' thesis (3.3.3.2).
        schedule: "one-cycle" (a cosine up over the first 30 % and down to almost nothing), "steps" (multiplied by `factor` at
            each milestone; by default divided by 10 after half and after three quarters of the epochs, as in Laugros' thesis,
            section 4.2.3), or "plateau" (multiplied by `factor` when the training accuracy has not risen for `patience`
            epochs, as in its section 3.2.2).
        milestones: of "steps": shares of the training, rising, between 0 and 1.
        factor: of "steps" and "plateau", between 0 and 1.
        patience: of "plateau", in epochs.
        stop: epochs without a better validation accuracy (training accuracy where there is no validation split) after which
            the training ends early, with its last weights; None trains all epochs.
        momentum: of SGD.
        nesterov: whether the momentum of SGD is Nesterov's, or plain.
        weight_decay: on weights only, not on biases and normalisation; with Adam part of the gradient.
        flip: whether images are mirrored at random.
        shift: by how many pixels at most they are moved, each way; what moves in is mirrored.
        side: side of the prepared images, or None for the dataset's own.
        limit: how many training images are used, or None for all: a prefix of the dataset's order.
        start: a model (a catalogue name, or a path, kept absolute) whose weights the training starts from, or None for random ones.
        seed: of the initial weights, the order, the flips and shifts, and the intervention's draws.
    """

    model: str
    dataset: str = "scenes"
    intervention: str = "standard"
    settings: tuple[tuple[str, Any], ...] = ()
    epochs: int = 8
    batch: int = 64
    learning_rate: float = 0.1
    optimizer: str = "sgd"
    schedule: str = "one-cycle"
    milestones: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1
    patience: int = 2
    stop: int | None = None
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    flip: bool = True
    shift: int = 4
    side: int | None = None
    limit: int | None = None
    start: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _whole("The number of epochs", self.epochs, 1, 100_000)
        _whole("The batch", self.batch, 2, 65_536)
        _whole("The shift in pixels", self.shift, 0, 1024)
        _whole("The seed", self.seed, 0, (1 << 63) - 1)
        if self.limit is not None:
            _whole("The number of training images", self.limit, 2, 1 << 40)
        _whole("The patience in epochs", self.patience, 1, 100_000)
        if self.stop is not None:
            _whole("The number of epochs without a better accuracy", self.stop, 1, 100_000)
        _between("The factor of the learning rate", self.factor, 0, 1, open_below=True)
        _check_milestones(self.milestones)
        object.__setattr__(self, "milestones", tuple(float(each) for each in self.milestones))
        _between("The learning rate", self.learning_rate, 0, 100, open_below=True)
        _between("The momentum", self.momentum, 0, 1, open_above=True)
        _between("The weight decay", self.weight_decay, 0, 1)
        if self.optimizer not in OPTIMIZERS:
            raise UnknownNameError("optimizer", self.optimizer, OPTIMIZERS)
        if self.schedule not in SCHEDULES:
            raise UnknownNameError("schedule", self.schedule, SCHEDULES)
        # A card is read elsewhere: in another folder a relative path would name other images, or other weights.
        if self.dataset not in datasets.names():
            object.__setattr__(self, "dataset", _absolute(self.dataset))
        if self.start is not None:
            object.__setattr__(self, "start", _absolute(self.start))
        # Defaults are written out, so that a recipe says everything and a changed default changes no old one.
        settled = interventions.create(self.intervention, **dict(self.settings))
        object.__setattr__(self, "settings", tuple(sorted(settled.settings.items())))

    def make(self) -> interventions.Intervention:
        """The intervention, with its settings."""
        return interventions.create(self.intervention, **dict(self.settings))

    def to_dict(self) -> dict[str, Any]:
        """JSON values by name."""
        return {**dataclasses.asdict(self), "settings": dict(self.settings), "milestones": list(self.milestones)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_dict`; an unknown field is an error that names it."""
        names = {field.name for field in dataclasses.fields(cls)}
        for key in fields:
            if key not in names:
                raise UnknownNameError("field of a recipe", key, names)
        if "model" not in fields:
            raise InvalidArgumentError("A recipe needs a model.")
        return cls(**{**fields, "settings": tuple(dict(fields.get("settings", {})).items())})

    def key(self) -> str:
        """16 hexadecimal digits that name this recipe and the version of its intervention."""
        text = json.dumps([self.to_dict(), self.make().version], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def name(self) -> str:
        """What the trained model is called: dataset, architecture, intervention, Adam, and a seed other than 0.

        A training that only goes on from another model without any intervention is called continued.
        """
        family, _, short = self.model.partition("/")
        if self.dataset in datasets.names():
            place = family if family == self.dataset else f"{self.dataset}/{family}"
        else:  # a folder
            place = f"{Path(self.dataset).name or 'folder'}/{family}"
        label = "continued" if self.start and self.intervention == "standard" else self.make().label
        optimizer = "" if self.optimizer == "sgd" else f"-{self.optimizer}"
        return f"{place}/{short}-{label}{optimizer}" + (f"-seed{self.seed}" if self.seed else "")

    def command(self) -> str:
        """The command line that trains it."""
        words = [
            "robustcore",
            "train",
            "--model",
            self.model,
            "--dataset",
            self.dataset,
            "--intervention",
            self.intervention,
        ]
        for key, value in self.settings:
            words += ["--set", f"{key}={value}"]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in FLAGS and value != field.default:
                words += [FLAGS[field.name], str(value)]
        if self.milestones != type(self).milestones:
            words += ["--milestones", *(f"{share!r}" for share in self.milestones)]
        if not self.nesterov:
            words.append("--plain-momentum")
        if not self.flip:
            words.append("--no-flip")
        return shlex.join(words)

    def learning_rate_at(self, step: int, steps: int, accuracies: Sequence[float] = ()) -> float:
        """The learning rate of a step, 0 .. steps - 1; a function of its arguments alone, so that a resumed training has it.

        Args:
            accuracies: on the training batches, of the finished epochs; "plateau" depends on them.
        """
        if self.schedule == "steps":
            return self._lowered(sum(step / steps >= share for share in self.milestones))
        if self.schedule == "plateau":
            return self._lowered(plateaus(accuracies, self.patience))
        # Smith & Topin 2018, with the cosine form and the constants of torch's OneCycleLR.
        peak = max(1.0, 0.3 * steps - 1)
        low, high, last = self.learning_rate / 25, self.learning_rate, self.learning_rate / 25e4
        if step <= peak:
            return low + (high - low) * (1 - math.cos(math.pi * step / peak)) / 2
        return high + (last - high) * (1 - math.cos(math.pi * (step - peak) / max(1.0, steps - 1 - peak))) / 2

    def _lowered(self, times: int) -> float:
        # Twelve digits: 0.1 * 0.1 is then 0.01.
        return self.learning_rate * float(f"{self.factor**times:.12g}")

    def ends_early(self, accuracies: Sequence[float]) -> bool:
        """Whether the training ends after these epochs' accuracies, which have not become better for `stop` epochs."""
        if self.stop is None or len(accuracies) <= self.stop:
            return False
        return max(accuracies[: -self.stop]) >= max(accuracies[-self.stop :])


def plateaus(accuracies: Sequence[float], patience: int) -> int:
    """How often an accuracy stayed for `patience` epochs at or below the best one before; each time the count begins anew."""
    best, waited, count = -math.inf, 0, 0
    for accuracy in accuracies:
        best, waited = (accuracy, 0) if accuracy > best else (best, waited + 1)
        if waited == patience:
            count, waited = count + 1, 0
    return count


def _absolute(name: str) -> str:
    """The absolute path of something that is on the disk; anything else, such as a model's name, as it is."""
    path = os.path.abspath(os.path.expanduser(name))
    return path if os.path.exists(path) else name


def _check_milestones(milestones: object) -> None:
    rule = "Milestones are rising shares of the training, between 0 and 1"
    if not isinstance(milestones, (tuple, list)):
        raise InvalidArgumentError(f"{rule}, not {milestones!r}.")
    for share in milestones:
        _between("A milestone, a share of the training,", share, 0, 1, open_below=True, open_above=True)
    if list(milestones) != sorted(set(milestones)):
        raise InvalidArgumentError(f"{rule}, not {list(milestones)}.")


def _whole(what: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidArgumentError(f"{what} is a whole number from {low} to {high}, not {value!r}.")


def _between(
    what: str, value: object, low: float, high: float, *, open_below: bool = False, open_above: bool = False
) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not low <= value <= high
        or (open_below and value == low)
        or (open_above and value == high)
    ):
        bounds = f"{'more than' if open_below else 'at least'} {low:g} and {'less than' if open_above else 'at most'} {high:g}"
        raise InvalidArgumentError(f"{what} is {bounds}, not {value!r}.")
