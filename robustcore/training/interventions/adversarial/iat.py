"""Interpolated adversarial training: mixup of clean images beside mixup of attacked ones."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.attacks.goals import Goal
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial import tlat
from robustcore.training.interventions.adversarial._crafting import craft
from robustcore.training.interventions.augmentation import mixup


@intervention(
    "iat",
    title="Interpolated adversarial training (IAT)",
    family="adversarial",
    summary="Trains on two mixed batches at once, one of clean images and one of images attacked before the mixing.",
    source="Lamb et al. 2019, with the settings of Laugros, thesis, section 3.3.3.2",
    combines=("mixup", "fgsm"),
)
class Iat(Intervention):
    """loss = (L(mix(x, y)) + L(mix(x_adv, y))) / 2, with x_adv from untargeted FGSM and y the true labels.

    alpha, eps ~ U(0, eps_max) for each image and the one step of FGSM are those of the thesis, which compares M-TLAT with
    it; Lamb et al. attack with PGD, which `steps` allows. The two mixings share no draw.
    """

    alpha: float = setting(mixup.ALPHA, above=0, high=1000, help=mixup.ALPHA_HELP)
    eps_max: float = setting(tlat.EPS_MAX, above=0, high=1, help=tlat.EPS_HELP)
    steps: int = setting(1, low=1, high=1000, help="steps of eps / steps each; 1 is FGSM")

    def views(self, step: Step) -> Sequence[View]:
        eps = step.draws("iat:eps").uniform(high=self.eps_max)
        attacked = craft(step.model, step.pixels, Goal(step.labels), eps, self.steps)
        return [
            View(*mixup.mix(step, images, self.alpha, view), weight=0.5)
            for view, images in enumerate((step.pixels, attacked))
        ]
