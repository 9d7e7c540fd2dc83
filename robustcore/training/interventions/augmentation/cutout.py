"""Cutout: a square of every image is hidden."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.augmentation._boxes import inside


@intervention(
    "cutout",
    title="Cutout",
    family="augmentation",
    summary="Hides one random square of every image.",
    source="Basart, thesis, section 3.4 (after DeVries & Taylor 2017)",
    changes_images=True,
)
class Cutout(Intervention):
    """The square's centre is uniform over the pixels, so that a part of it may lie outside the image.

    It is filled with what is zero after the model's normalisation, as in the source. Half of the image's side is the
    source's square for CIFAR-10 (16 of 32 pixels); Basart's thesis names no size.
    """

    size: float = setting(0.5, above=0, high=1, help="the square's side as a share of the image's")

    def views(self, step: Step) -> Sequence[View]:
        side = step.images.shape[-1]
        length = max(1, round(self.size * side))
        centre = step.draws("cutout").integers(0, side, 2)  # (N, 2)
        top, left = (centre - length // 2).unbind(1)
        hidden = inside(top, left, top + length, left + length, side)
        fill = (step.model.mean * 255).round().to(torch.uint8)
        return [View(torch.where(hidden, fill, step.images), step.labels)]
