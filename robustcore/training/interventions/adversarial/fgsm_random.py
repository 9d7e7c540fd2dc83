"""Targeted FGSM training: half of each batch attacked towards random classes, under the true labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial import tlat
from robustcore.training.interventions.adversarial._crafting import towards_random_classes


@intervention(
    "fgsm_random",
    title="FGSM training, random classes",
    family="adversarial",
    summary="Attacks half of each batch with FGSM towards random classes and keeps the other half clean.",
    source="Laugros, thesis, section 3.3.4.3, the target-FGSM model of table 3.6",
)
class FgsmRandom(Intervention):
    """TLAT's images, labelled y: what TLAT and adversarial training with smoothed labels are compared with, which change labels too."""

    eps_max: float = setting(tlat.EPS_MAX, above=0, high=1, help=tlat.EPS_HELP)

    def views(self, step: Step) -> Sequence[View]:
        half = len(step.ids) // 2
        images, _, _ = towards_random_classes(step, step.pixels[:half], self.eps_max, self.name)
        return [View(torch.cat([images, step.pixels[half:]]), step.labels)]
