"""Speckle noise augmentation: every value times a random factor around 1."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from robustcore.errors import InvalidArgumentError
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting


@intervention(
    "speckle_noise",
    title="Speckle noise",
    family="corruptions",
    summary="Multiplies every value of a part of each batch by 1 + z, with normal z.",
    source="Basart, thesis, section 5.5 (after Rusak et al. 2020)",
    changes_images=True,
)
class SpeckleNoise(Intervention):
    """x * (1 + z) with z ~ N(0, std**2) for every value, clipped; std is uniform in a range for each noisy image.

    Basart's thesis says neither how strong the noise is nor how many images get it. The range goes from the least to the
    greatest deviation of ImageNet-C's speckle_noise for 224 pixels, and half of the batch stays clean (both ours).
    """

    least: float = setting(0.15, low=0, high=2, help="least standard deviation")
    most: float = setting(0.6, above=0, high=2, help="greatest standard deviation")
    share: float = setting(0.5, above=0, high=1, help="of a batch that becomes noisy")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least > self.most:
            raise InvalidArgumentError(
                f"The setting least of {self.name} is at most the setting most, {self.most:g}; it is {self.least:g}."
            )

    @property
    def corruptions(self) -> tuple[str, ...]:
        return ("speckle_noise",)

    def views(self, step: Step) -> Sequence[View]:
        part = torch.arange(max(1, round(self.share * len(step.ids))), device=step.images.device)
        draws = step.draws("speckle_noise:training").take(part)
        std = draws.uniform(low=self.least, high=self.most).view(-1, 1, 1, 1)
        images = step.images.clone()
        factor = draws.normal(*images.shape[1:]).mul_(std).add_(1)
        images[part] = factor.mul_(images[part]).round_().clamp_(0, 255).to(torch.uint8)
        return [View(images, step.labels)]
