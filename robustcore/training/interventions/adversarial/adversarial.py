"""Adversarial training with the thesis' four attacks: half of each batch attacked, half clean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from robustcore.attacks.goals import Goal
from robustcore.errors import InvalidArgumentError
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial._crafting import craft

# 0.005 to 0.05 with pixels in [-1, 1] (section 3.2.2), the range in which the thesis draws its amounts.
_LOW, _HIGH = 0.0025, 0.025
_SOURCE = "Laugros, thesis, sections 3.2.2 and 3.2.3, equation {}"


@dataclasses.dataclass(frozen=True)
class _Ranged(Intervention):
    """What the four have in common: each attacked image draws its eps from a range."""

    eps_low: float = setting(_LOW, low=0, high=1, help="the least eps, with pixels in [0, 1]")
    eps_high: float = setting(_HIGH, above=0, high=1, help="the greatest eps, with pixels in [0, 1]")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eps_low > self.eps_high:
            raise InvalidArgumentError(
                f"The setting eps_low of {self.name} is at most eps_high, which is {self.eps_high:g}, not {self.eps_low:g}."
            )

    def attacked(self, step: Step, *, steps: int = 1, least_likely: bool = False) -> list[View]:
        """The batch with its first half attacked, under the true labels; the order of a batch is new in each epoch."""
        half = len(step.ids) // 2
        eps = step.draws(f"{self.name}:eps").uniform(low=self.eps_low, high=self.eps_high)[:half]
        goal = Goal(step.labels[:half], least_likely=least_likely)
        images: Tensor = craft(step.model, step.pixels[:half], goal, eps, steps)
        return [View(torch.cat([images, step.pixels[half:]]), step.labels)]


@dataclasses.dataclass(frozen=True)
class _Iterated(_Ranged):
    steps: int = setting(10, low=1, high=1000, help="steps of eps / steps each")


@intervention(
    "fgsm",
    title="FGSM training",
    family="adversarial",
    summary="Attacks half of each batch with FGSM and keeps the other half clean.",
    source=_SOURCE.format("2.5"),
)
class Fgsm(_Ranged):
    """x + eps * sign(grad L(x, y)), eps ~ U(eps_low, eps_high) for each image, labelled y."""

    def views(self, step: Step) -> Sequence[View]:
        return self.attacked(step)


@intervention(
    "fgsm_ll",
    title="FGSM training, least likely class",
    family="adversarial",
    summary="Attacks half of each batch with FGSM towards the least likely class and keeps the other half clean.",
    source=_SOURCE.format("2.7"),
)
class FgsmLl(_Ranged):
    """x - eps * sign(grad L(x, y_ll)), y_ll the wrong class that the network finds least likely in x, labelled y."""

    def views(self, step: Step) -> Sequence[View]:
        return self.attacked(step, least_likely=True)


@intervention(
    "pgd",
    title="PGD training",
    family="adversarial",
    summary="Attacks half of each batch with PGD and keeps the other half clean.",
    source=_SOURCE.format("2.6"),
)
class Pgd(_Iterated):
    """`steps` steps of FGSM with eps / steps, from the clean image, each brought back into the ball, labelled y."""

    def views(self, step: Step) -> Sequence[View]:
        return self.attacked(step, steps=self.steps)


@intervention(
    "pgd_ll",
    title="PGD training, least likely class",
    family="adversarial",
    summary="Attacks half of each batch with PGD towards the least likely class and keeps the other half clean.",
    source=_SOURCE.format("2.8"),
)
class PgdLl(_Iterated):
    """PGD that lowers L(x, y_ll), y_ll the wrong class that the network finds least likely in the clean image."""

    def views(self, step: Step) -> Sequence[View]:
        return self.attacked(step, steps=self.steps, least_likely=True)
