"""Stability training: the answer to a noisy image is to be that to the clean one."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from robustcore.training.interventions._base import Intervention, Outcome, Step, intervention, setting


@intervention(
    "stability",
    title="Stability training",
    family="augmentation",
    summary="Adds weak uniform noise to each image and asks for the answer that the clean image gets.",
    source="Hendrycks & Dietterich, appendix F (after Zheng et al. 2016)",
)
class Stability(Intervention):
    """The loss is CE(f(x), y) + weight * H(p(x), p(x + u)), u uniform in -noise .. noise for each value, with pixels in [0, 1].

    H(p, q) = -sum p log q is the cross-entropy from the softmax of the noisy image to that of the clean one. The document tunes the
    noise and the weight over 0.01, 0.05 and 0.1 each, in five epochs from a trained network, and sees no gain.
    """

    noise: float = setting(0.05, above=0, high=1, help="the greatest change of a value, with pixels in [0, 1]")
    weight: float = setting(0.05, low=0, high=100, help="of the cross-entropy between the two answers")

    def loss(self, step: Step) -> Outcome:
        with step.exact():
            draws = step.draws("stability")
            change = draws.uniform(*step.pixels.shape[1:], low=-self.noise, high=self.noise)
            noisy = (step.pixels + change).clamp_(0, 1)
        clean, disturbed = step.model(torch.cat([step.pixels, noisy])).chunk(2)
        gap = -(clean.softmax(1) * disturbed.log_softmax(1)).sum(1).mean()
        return Outcome(F.cross_entropy(clean, step.labels) + self.weight * gap, clean, step.labels)
