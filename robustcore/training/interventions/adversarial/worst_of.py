"""Worst-of-k training: each image is shown in the worst of a few random positions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from robustcore.attacks.steps.placement import DEGREES, SHIFT, placed
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial._crafting import evaluating


@intervention(
    "worst_of",
    title="Worst of k positions",
    family="adversarial",
    summary="Moves and turns each image at random a few times and trains on the position with the greatest loss.",
    source="Laugros, thesis, table 4.3 (worst of 10, 3 pixels and 30 degrees; Engstrom et al. 2019, section 4)",
    changes_images=True,
)
class WorstOf(Intervention):
    """x becomes the one of `tries` positions T(x) with the greatest cross-entropy, each drawn uniformly for each image.

    The thesis' 3 pixels are Engstrom et al.'s for images of 32; the default is their share of the side. What moves in is black.
    As there, the whole batch is moved. The network judges the positions in evaluation mode, as in the other adversarial trainings.
    """

    tries: int = setting(10, low=1, high=1000, help="positions that are drawn for each image")
    shift: float = setting(SHIFT, low=0, high=1, help="greatest movement each way, as a share of the side")
    degrees: float = setting(DEGREES, low=0, high=180, help="greatest turn each way")

    @property
    def corruptions(self) -> tuple[str, ...]:
        names = ("laugros_rotation",) if self.degrees else ()
        return (*names, "laugros_translation") if self.shift else names

    def views(self, step: Step) -> Sequence[View]:
        with step.exact():
            right, down, turn = step.draws("worst_of").uniform(3, self.tries, low=-1.0, high=1.0).unbind(1)
            worst = step.pixels
            highest = torch.full((len(worst),), -torch.inf, device=worst.device)
            for place in range(self.tries):
                moved = placed(
                    step.pixels,
                    self.shift * right[:, place],
                    self.shift * down[:, place],
                    self.degrees * turn[:, place],
                )
                with evaluating(step.model), torch.no_grad():
                    loss = F.cross_entropy(step.model(moved), step.labels, reduction="none")
                worst = torch.where((loss > highest)[:, None, None, None], moved, worst)
                highest = torch.maximum(highest, loss)
        return [View(worst, step.labels)]
