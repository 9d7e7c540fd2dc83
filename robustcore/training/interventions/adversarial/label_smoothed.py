"""Adversarial training towards random classes with smoothed labels: what TLAT is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial import tlat
from robustcore.training.interventions.adversarial._crafting import towards_random_classes


@intervention(
    "label_smoothed",
    title="Adversarial training with smoothed labels",
    family="adversarial",
    summary="Attacks half of each batch towards random classes and smooths those labels; the other half is clean.",
    source="Laugros, thesis, section 3.3.4.3, the LS model of table 3.6",
)
class LabelSmoothed(Intervention):
    """TLAT's images, labelled (1 - eps) * y + eps / K: the share eps goes to all K classes alike.

    The other classes get the eps / K that the thesis prints. The label's own is what makes the sum 1, 1 - eps + eps / K, as
    label smoothing is described in section 3.3.2.2; the printed 1 - eps would leave eps / K out.
    """

    eps_max: float = setting(tlat.EPS_MAX, above=0, high=1, help=tlat.EPS_HELP)

    def views(self, step: Step) -> Sequence[View]:
        half = len(step.ids) // 2
        images, _, eps = towards_random_classes(step, step.pixels[:half], self.eps_max, self.name)
        smoothed = (1 - eps) * step.targets[:half] + eps / step.targets.shape[1]
        return [View(torch.cat([images, step.pixels[half:]]), torch.cat([smoothed, step.targets[half:]]))]
