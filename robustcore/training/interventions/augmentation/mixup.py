"""Mixup: each image is mixed with another one of the batch, and its label in the same shares."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting

ALPHA = 0.4  # where the thesis reached the highest clean accuracy (3.3.3.2)
ALPHA_HELP = "of the Beta distribution of the shares: near 0 images stay almost alone, 1 is uniform"


@intervention(
    "mixup",
    title="Mixup",
    family="augmentation",
    summary="Mixes each image and its label with another one of the batch.",
    source="Laugros, thesis, section 3.3.2.1, equation 3.1; Zhang et al. 2018",
)
class Mixup(Intervention):
    """x = lambda * x_i + (1 - lambda) * x_j and y likewise, lambda ~ Beta(alpha, alpha) for each image.

    The thesis leaves open whether lambda is drawn for an image or for a batch.
    """

    alpha: float = setting(ALPHA, above=0, high=1000, help=ALPHA_HELP)

    def views(self, step: Step) -> Sequence[View]:
        return [View(*mix(step, step.pixels, self.alpha))]


def mix(step: Step, pixels: Tensor, alpha: float, view: int = 0) -> tuple[Tensor, Tensor]:
    """Equation 3.1 within a batch; the partners are a random permutation of it.

    Args:
        step: whose labels and draws they are.
        pixels: float32 (N, 3, S, S) in [0, 1], the step's images or what has been made of them.
        alpha: more than 0.
        view: another number, other shares and partners.

    Returns:
        float32 (N, 3, S, S) images in [0, 1] and float32 (N, K) labels that sum to 1.
    """
    draws = step.draws("mixup", view)
    share = draws.beta(alpha, alpha)
    partner = draws.integers(0, 1 << 31).argsort(stable=True)
    images = torch.lerp(pixels[partner], pixels, share[:, None, None, None])
    return images, torch.lerp(step.targets[partner], step.targets, share[:, None])
