"""CutMix: a rectangle of every image comes from another one, and so does a share of its label."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.augmentation._boxes import inside


@intervention(
    "cutmix",
    title="CutMix",
    family="augmentation",
    summary="Pastes a rectangle of another image of the batch into every image and mixes the labels by area.",
    source="Basart, thesis, section 3.4 (after Yun et al. 2019)",
)
class CutMix(Intervention):
    """With lambda ~ Beta(alpha, alpha) the rectangle's sides are sqrt(1 - lambda) of the image's; its centre is uniform.

    What lies outside the image is cut off, and lambda becomes the share of the image that is left as it was: the label is
    lambda * y + (1 - lambda) * y_partner. lambda and the centre are drawn for each image (the source draws one for a batch);
    the partner is the image before it in the batch, whose order is new in each epoch.
    """

    alpha: float = setting(1.0, above=0, high=100, help="of the Beta distribution; 1 draws lambda uniformly")

    def views(self, step: Step) -> Sequence[View]:
        pasted = self.pasted(step)
        images = torch.where(pasted, step.images.roll(1, 0), step.images)
        share = 1 - pasted.flatten(1).to(torch.float32).mean(1, keepdim=True)  # (N, 1)
        return [View(images, share * step.targets + (1 - share) * step.targets.roll(1, 0))]

    def pasted(self, step: Step) -> Tensor:
        """bool (N, 1, S, S): the rectangles."""
        side = step.images.shape[-1]
        draws = step.draws("cutmix")
        length = (side * (1 - draws.beta(self.alpha, self.alpha)).sqrt()).to(torch.int64)
        centre = draws.integers(0, side, 2)
        top, left = centre[:, 0] - length // 2, centre[:, 1] - length // 2
        return inside(top, left, top + length, left + length, side)
