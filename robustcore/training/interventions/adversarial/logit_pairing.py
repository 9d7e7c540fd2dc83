"""Adversarial logit pairing: the logits of an attacked image are to be those of the clean one."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from robustcore.attacks.goals import Goal
from robustcore.training.interventions._base import Intervention, Outcome, Step, intervention, setting
from robustcore.training.interventions.adversarial._crafting import craft


@intervention(
    "logit_pairing",
    title="Adversarial logit pairing",
    family="adversarial",
    summary="Attacks every image with PGD, trains on both, and asks for the same logits.",
    source="Hendrycks & Dietterich, section 5.2 (after Kannan et al. 2018)",
)
class LogitPairing(Intervention):
    """The loss is (CE(f(x), y) + CE(f(x'), y)) / 2 + weight * mean((f(x) - f(x'))^2), x' by PGD from the clean image.

    Kannan et al. 2018 call it mixed-minibatch PGD with adversarial logit pairing, with a weight of 0.5 on ImageNet. Their eps of
    16/255 is one of photographs at 299 pixels; the default is the one of the zoo's other adversarial trainings.
    """

    eps: float = setting(0.025, above=0, high=1, help="the attack's eps, with pixels in [0, 1]")
    steps: int = setting(5, low=1, high=1000, help="steps of eps / steps each")
    weight: float = setting(0.5, low=0, high=100, help="of the mean squared difference of logits")

    def loss(self, step: Step) -> Outcome:
        eps = torch.full((len(step.ids),), self.eps, device=step.images.device)
        attacked = craft(step.model, step.pixels, Goal(step.labels), eps, self.steps)
        clean, other = step.model(torch.cat([step.pixels, attacked])).chunk(2)
        trained = (F.cross_entropy(clean, step.labels) + F.cross_entropy(other, step.labels)) / 2
        return Outcome(trained + self.weight * F.mse_loss(clean, other), clean, step.labels)
