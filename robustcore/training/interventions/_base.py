"""What an intervention is: the part of a training that is meant to make the model robust.

An intervention overrides one of three methods:

- `views`: the network's inputs for a batch (augmentation, mixup, adversarial halves, two batches at once). The base class
  runs the network on each view and adds their cross-entropies; labels may be classes or distributions over them.
- `loss`: if the loss is not a sum of cross-entropies (AugMix's consistency term).
- `prepare`: if the training set itself changes (stylised images, additional fooling images).

An intervention is immutable: its fields are its settings, checked against their declared limits. Its random numbers come
from `Step.draws`, keyed by image and epoch, so a training is repeatable and each epoch's draws are new.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore import plugins
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.models.classifier import Classifier
from robustcore.randomness import Draws
from robustcore.registry import Registry
from robustcore.training.data import TrainingSet


@dataclasses.dataclass(frozen=True)
class Step:
    """One batch of a training, as interventions see it.

    Attributes:
        model: the classifier in training, in training mode.
        images: uint8 (N, 3, S, S), flipped and shifted as the recipe says, on the model's device.
        labels: int64 (N,), on the model's device.
        ids: int64 (N,) image ids, on the CPU.
        epoch: from 1, so that draws differ from an evaluation's, which use epoch 0.
        index: the step's number in the whole training, from 0.
        seed: the recipe's.
    """

    model: Classifier
    images: Tensor
    labels: Tensor
    ids: Tensor
    epoch: int
    index: int
    seed: int

    @functools.cached_property
    def pixels(self) -> Tensor:
        """The images as float32 in [0, 1]."""
        return self.images.to(torch.float32).div_(255)

    @functools.cached_property
    def targets(self) -> Tensor:
        """The labels as float32 (N, K) distributions, for mixing."""
        return F.one_hot(self.labels, len(self.model.card.classes)).to(torch.float32)

    def exact(self) -> torch.autocast:
        """A context for arithmetic on pixels: float32 even if the network runs in bfloat16."""
        return torch.autocast(self.images.device.type, enabled=False)

    def draws(self, operation: str, view: int = 0) -> Draws:
        """Random numbers for the batch's images, new in each epoch, for each operation and view; on the model's device."""
        return Draws(self.seed, operation, self.ids, epoch=self.epoch, view=view, device=self.images.device)


@dataclasses.dataclass(frozen=True)
class View:
    """Input images for the network, and their labels.

    Attributes:
        images: uint8, or float32 in [0, 1]; (M, 3, S, S).
        labels: int64 (M,) classes, or float32 (M, K) distributions over the classes.
        weight: of this view's cross-entropy in the loss.
    """

    images: Tensor
    labels: Tensor
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The loss of a step.

    Attributes:
        loss: scalar to be minimised.
        logits, labels: of the view that the running accuracy is computed on; labels as in `View`.
    """

    loss: Tensor
    logits: Tensor
    labels: Tensor


def setting(
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    among: Callable[[], Sequence[str]] | None = None,
    help: str,
) -> Any:
    """A field of an intervention: its default and its limits, `low` and `high` included, `above` excluded."""
    return dataclasses.field(
        default=default, metadata={"low": low, "high": high, "above": above, "among": among, "help": help}
    )


# Family of interventions -> its title.
FAMILIES = {
    "standard": "Standard training",
    "adversarial": "Adversarial training",
    "corruptions": "Training on corruptions",
    "augmentation": "Image augmentation",
    "fooling": "Training on fooling images",
}


class Intervention:
    """The standard intervention, which does nothing; subclasses override what differs.

    Attributes:
        name: registry key.
        plain_title: what people call it without its settings.
        family: a key of FAMILIES.
        summary: what it does, in one sentence.
        source: document and section of its definition.
        revision: raised whenever equal recipes begin to train different models.
        combines: the registered interventions that it trains with at once.
        changes_images: whether `views` gives the batch's images changed, one for one and under their own labels: then another
            intervention can take them instead of the images, and the two can be joined.
        defence: the registered input-side defence that a trained model is used behind, or "".
        plugin: SHA-256 of its plug-in's .py files; "" for the package's own.
    """

    name: ClassVar[str]
    plain_title: ClassVar[str]
    family: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    revision: ClassVar[int]
    combines: ClassVar[tuple[str, ...]] = ()
    changes_images: ClassVar[bool] = False
    defence: ClassVar[str] = ""
    plugin: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # every registered class is a dataclass
            _check(self.name, field, getattr(self, field.name))

    @property
    def label(self) -> str:
        """The name of models trained with it: the registered name and each setting that is not at its default."""
        changed = [
            f"-{field.name}{value:g}" if isinstance(value, float) else f"-{field.name}{value}"
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, field.name)) != field.default
        ]
        return self.name + "".join(changed)

    @property
    def growth(self) -> int:
        """How many times larger `prepare` makes the training set: one epoch is as long as so many on the images alone."""
        return 1

    @property
    def title(self) -> str:
        """The training as people read it: its title, and what its label has besides the name."""
        settings = self.label.removeprefix(self.name).strip("-").replace("_", " ")
        return f"{self.plain_title}: {settings}" if settings else self.plain_title

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The registered corruptions that images have in training, by name: a model is not to be compared on these with models
        that never saw them."""
        return ()

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @property
    def version(self) -> int | str:
        """What equal recipes have to agree in to train equal models, recorded in every card: the revision, and the digests of
        the plug-ins that the training runs."""
        digests = [digest for digest in (self.plugin, *self.borrowed()) if digest]
        return f"{self.revision}:{':'.join(digests)}" if digests else self.revision

    def borrowed(self) -> Sequence[str]:
        """The plug-ins' digests of what it uses under a name that is one of its settings, a corruption's say."""
        return ()

    def inputs(self, classes: tuple[str, ...], side: int) -> dict[str, str]:
        """Its inputs besides the training set, name -> fingerprint; raises a `TrainingError` if they do not fit.

        Called before the training images are decoded, which can take long.
        """
        return {}

    def prepare(
        self,
        data: TrainingSet,
        *,
        seed: int,
        device: torch.device,
        count: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        """The training set to train on: `data`, unless the intervention changes it.

        Called once, before the first epoch and again when a training is resumed; a function of its arguments. `count` is
        called with (images done, images) if that takes long.
        """
        return data

    def views(self, step: Step) -> Sequence[View]:
        """The network's inputs for a batch."""
        return [View(step.images, step.labels)]

    def loss(self, step: Step) -> Outcome:
        """The sum of the views' cross-entropies; the running accuracy is the first view's."""
        outcomes = []
        for view in self.views(step):
            logits = step.model(view.images)
            outcomes.append(Outcome(view.weight * F.cross_entropy(logits, view.labels), logits, view.labels))
        total = torch.stack([outcome.loss for outcome in outcomes]).sum()
        return dataclasses.replace(outcomes[0], loss=total)


registry: Registry[type[Intervention]] = Registry("intervention")
I = TypeVar("I", bound=Intervention)  # noqa: E741


def intervention(
    name: str,
    *,
    family: str,
    summary: str,
    source: str,
    revision: int = 1,
    combines: tuple[str, ...] = (),
    changes_images: bool = False,
    defence: str = "",
    title: str = "",
) -> Callable[[type[I]], type[I]]:
    """Register a class as an intervention; it becomes a frozen dataclass.

    Args:
        name: registry key, what `robustcore train --intervention` finds it by.
        family: a key of FAMILIES.
        summary: what it does, one sentence.
        source: document and section that it comes from.
        revision: raised whenever equal recipes begin to train different models.
        combines: the registered interventions that it trains with at once, where it is made of others.
        changes_images, defence: as in `Intervention`.
        title: what people call it; without one its name with a capital.

    The class derives from `Intervention` and overrides one of `views`, `loss` and `prepare`; its fields, made by `setting`,
    are its settings.
    """

    def register(cls: type[I]) -> type[I]:
        if family not in FAMILIES:
            raise UnknownNameError("family of interventions", family, FAMILIES)
        cls.name, cls.family, cls.summary, cls.source, cls.revision = name, family, summary, source, revision
        cls.plain_title = title or (name[:1].upper() + name[1:]).replace("_", " ")
        cls.combines, cls.changes_images, cls.defence = combines, changes_images, defence
        cls.plugin = plugins.digest_of(cls)
        frozen = dataclasses.dataclass(frozen=True)(cls)
        registry.add(name, frozen, cls)
        return frozen

    return register


KINDS = {"int": "whole number", "float": "number"}


def type_name(field: dataclasses.Field[Any]) -> str:
    """The name of a setting's type: an annotation is a text or the type itself, as the file's author wrote it."""
    return field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")


def _check(owner: str, field: dataclasses.Field[Any], value: Any) -> None:
    """A setting against its declared type and limits."""
    meta = field.metadata
    kind = type_name(field)
    if kind in KINDS:
        number = not isinstance(value, bool) and isinstance(value, int if kind == "int" else (int, float))
        if not number or not math.isfinite(value):
            raise InvalidArgumentError(f"The setting {field.name} of {owner} is a {KINDS[kind]}, not {value!r}.")
        low, high, above = meta["low"], meta["high"], meta["above"]
        outside = (
            (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
        )
        if outside:
            limits = [f"at least {low:g}"] if low is not None else []
            limits += [f"more than {above:g}"] if above is not None else []
            limits += [f"at most {high:g}"] if high is not None else []
            raise InvalidArgumentError(f"The setting {field.name} of {owner} is {' and '.join(limits)}, not {value!r}.")
    elif kind == "str" and not isinstance(value, str):
        raise InvalidArgumentError(f"The setting {field.name} of {owner} is a text, not {value!r}.")
    if meta["among"] is not None and value not in meta["among"]():
        raise UnknownNameError(f"{field.name} of {owner}", value, meta["among"]())
