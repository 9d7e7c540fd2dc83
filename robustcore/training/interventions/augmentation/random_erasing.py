"""Random erasing: a rectangle of some images becomes noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from robustcore.errors import InvalidArgumentError
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.augmentation._boxes import inside

ASPECTS = (0.3, 1 / 0.3)  # height over width
TRIALS = 10  # for a rectangle that fits; an image without one is left alone


@intervention(
    "random_erasing",
    title="Random erasing",
    family="augmentation",
    summary="Replaces a random rectangle of half of the images by noise.",
    source="Basart, thesis, section 6.4 (after Zhong et al. 2017)",
    changes_images=True,
)
class RandomErasing(Intervention):
    """Area uniform in a range, aspect ratio log-uniform in 0.3 .. 1/0.3, inside the image; every value uniform in 0 .. 255.

    The defaults are Zhong et al.'s for ImageNet and those of torchvision's transform, which draws one rectangle for a whole
    batch; here every image has its own.
    """

    probability: float = setting(0.5, above=0, high=1, help="that an image is erased in")
    least: float = setting(0.02, above=0, high=1, help="least area, as a share of the image's")
    most: float = setting(0.33, above=0, high=1, help="greatest area; what exceeds the least one is drawn")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least > self.most:
            raise InvalidArgumentError(
                f"The setting least of {self.name} is at most the setting most, {self.most:g}; it is {self.least:g}."
            )

    def views(self, step: Step) -> Sequence[View]:
        rows, erased = self.erased(step)
        draws = step.draws("random_erasing:noise").take(rows)
        images = step.images.clone()
        noise = draws.uniform(*images.shape[1:], high=256.0).to(torch.uint8)
        images[rows] = torch.where(erased, noise, images[rows])
        return [View(images, step.labels)]

    def erased(self, step: Step) -> tuple[Tensor, Tensor]:
        """(M,) places of the images that are erased in, and their rectangles, bool (M, 1, S, S)."""
        side = step.images.shape[-1]
        draws = step.draws("random_erasing")
        drawn = draws.uniform() < self.probability
        area = draws.uniform(TRIALS, low=self.least, high=self.most)
        aspect = draws.uniform(TRIALS, low=math.log(ASPECTS[0]), high=math.log(ASPECTS[1])).exp()
        place = draws.uniform(2)
        height = (side * (area * aspect).sqrt()).round()  # (N, TRIALS)
        width = (side * (area / aspect).sqrt()).round()
        fits = (height < side) & (width < side) & (height > 0) & (width > 0)
        first = fits.to(torch.int8).argmax(1, keepdim=True)
        height, width = (length.gather(1, first)[:, 0].to(torch.int64) for length in (height, width))
        top = (place[:, 0] * (side - height + 1)).to(torch.int64)
        left = (place[:, 1] * (side - width + 1)).to(torch.int64)
        rows = (drawn & fits.any(1)).nonzero().flatten()
        return rows, inside(top, left, top + height, left + width, side)[rows]
