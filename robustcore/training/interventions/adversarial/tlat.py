"""Targeted labelling adversarial training: the label says what the attack was after, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial._crafting import towards_random_classes

EPS_MAX = 0.025  # section 3.3.3.2, with pixels in [0, 1]
EPS_HELP = "the greatest eps, with pixels in [0, 1]; each image draws its own from 0 to this"


@intervention(
    "tlat",
    title="TLAT",
    family="adversarial",
    summary="Attacks half of each batch towards random classes, which get a share in the labels; the other half is clean.",
    source="Laugros, thesis, section 3.3.2.2, equations 3.4 and 3.5",
)
class Tlat(Intervention):
    """x - eps * sign(grad L(x, y_target)), labelled (1 - eps) * y + eps * y_target.

    y_target is uniform over the classes and eps ~ U(0, eps_max), both for each image. The eps in the label is the one of
    the pixels in [0, 1], as in the thesis' experiments (3.3.3.2): at most 0.025 of a label is the target's by default. The
    thesis trains on both clean and attacked images, without their proportion; here they are halves, as in its section
    3.2.3.
    """

    eps_max: float = setting(EPS_MAX, above=0, high=1, help=EPS_HELP)

    def views(self, step: Step) -> Sequence[View]:
        half = len(step.ids) // 2  # the order of a batch is drawn anew in each epoch, and so is this half
        images, labels = perturb(step, step.pixels[:half], step.targets[:half], self.eps_max)
        return [View(torch.cat([images, step.pixels[half:]]), torch.cat([labels, step.targets[half:]]))]


def perturb(step: Step, pixels: Tensor, labels: Tensor, eps_max: float) -> tuple[Tensor, Tensor]:
    """Equation 3.4 on the step's first n images, or on what has been made of them.

    Args:
        pixels: float32 (n, 3, S, S) in [0, 1].
        labels: float32 (n, K) distributions.

    Returns:
        Images and labels of the same shapes.
    """
    attacked, target, eps = towards_random_classes(step, pixels, eps_max, "tlat")
    return attacked, torch.lerp(labels, target, eps)
