"""Several interventions in one training, in order: "deepaugment+augmix"."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from robustcore.errors import InvalidArgumentError
from robustcore.training.data import TrainingSet
from robustcore.training.interventions._base import Intervention, Outcome, Step, View

SIGN = "+"  # between the names


@dataclasses.dataclass(frozen=True)
class Joined(Intervention):
    """What each does to the training set is done in order, and so is what each does to a batch's images; at most one of them decides
    the labels and the loss, and it takes the images that the others made.

    Attributes:
        parts: two or more interventions.

    Raises:
        InvalidArgumentError: an intervention twice, or two that each have labels or a loss of their own.
    """

    parts: tuple[Intervention, ...]

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InvalidArgumentError(f"The intervention {twice[0]} is there twice; name each once.")
        if "standard" in names:
            raise InvalidArgumentError(
                "The intervention standard does nothing and is joined with no other: leave it out."
            )
        deciding = [part.name for part in self.parts if _decides(part)]
        if len(deciding) > 1:
            raise InvalidArgumentError(
                f"{' and '.join(deciding)} cannot be joined: each has labels or a loss of its own. Join one of them with interventions that "
                "change images or the training set."
            )

    @property
    def label(self) -> str:
        return SIGN.join(part.label for part in self.parts)

    @property
    def growth(self) -> int:
        return math.prod(part.growth for part in self.parts)

    @property
    def title(self) -> str:
        return " and ".join(part.title for part in self.parts)

    @property
    def corruptions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.corruptions))

    @property
    def defence(self) -> str:  # type: ignore[override]  # of a single intervention it is a fact of the class
        return next((part.defence for part in self.parts if part.defence), "")

    @property
    def settings(self) -> dict[str, Any]:
        return {f"{part.name}.{key}": value for part in self.parts for key, value in part.settings.items()}

    @property
    def version(self) -> int | str:
        return SIGN.join(str(part.version) for part in self.parts)

    def inputs(self, classes: tuple[str, ...], side: int) -> dict[str, str]:
        return {name: digest for part in self.parts for name, digest in part.inputs(classes, side).items()}

    def prepare(
        self,
        data: TrainingSet,
        *,
        seed: int,
        device: torch.device,
        count: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        for part in self.parts:
            data = part.prepare(data, seed=seed, device=device, count=count)
        return data

    def views(self, step: Step) -> Sequence[View]:
        return self._last.views(self._changed(step))

    def loss(self, step: Step) -> Outcome:
        return self._last.loss(self._changed(step))

    @property
    def _last(self) -> Intervention:
        """The one that decides labels and loss; where none does, the standard one."""
        return next((part for part in self.parts if _decides(part)), Intervention())

    def _changed(self, step: Step) -> Step:
        """The step with the images that the others make of its own; 8 bits again after each."""
        for part in self.parts:
            if not _decides(part) and part.changes_images:
                (view,) = part.views(step)
                images = view.images
                if images.is_floating_point():
                    images = (255 * images).round().clamp(0, 255).to(torch.uint8)
                step = dataclasses.replace(step, images=images)
        return step


def _decides(part: Intervention) -> bool:
    """Whether an intervention has labels or a loss of its own."""
    own = type(part)
    return own.loss is not Intervention.loss or (own.views is not Intervention.views and not own.changes_images)


Joined.name, Joined.family, Joined.plain_title = "joined", "augmentation", "Joined"
Joined.summary, Joined.source, Joined.revision = "Several interventions at once.", "", 1
