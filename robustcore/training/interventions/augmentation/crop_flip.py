"""Crop and flip: a random part of each image, enlarged, mirrored or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting

ASPECTS = (3 / 4, 4 / 3)  # width over height
TRIALS = 10  # for a crop that fits; after that the whole image


@intervention(
    "crop_flip",
    title="Crops and flips",
    family="augmentation",
    summary="Shows a random crop of each image at full size, mirrored for half of them.",
    source="RobustNet, table 1 (CropAndFlip)",
    changes_images=True,
)
class CropFlip(Intervention):
    """A random resized crop: area uniform in least .. 1 of the image's, aspect ratio log-uniform in 3/4 .. 4/3, bilinear.

    The recipe's own flips and shifts move an image by a few pixels and keep its scale; this crop changes scale, aspect and
    what can be seen. It is torchvision's RandomResizedCrop with the draws of each image; torchvision's least area is 0.08,
    and RobustNet gives none. The default is greater (ours): a twelfth of a 64-pixel image seldom shows what the label says.
    """

    least: float = setting(0.25, above=0, high=1, help="least area of a crop, as a share of the image's")

    def views(self, step: Step) -> Sequence[View]:
        with step.exact():
            return [View(crop(step, self.least), step.labels)]


def crop(step: Step, least: float) -> Tensor:
    """uint8 (N, 3, S, S): a crop of each image, of the share `least` of its area or more."""
    side = step.images.shape[-1]
    top, left, height, width = boxes(step, least)
    mirrored = step.draws("crop_flip:flip").integers(0, 2) * 2 - 1
    matrices = torch.zeros(len(top), 2, 3, device=top.device)
    matrices[:, 0, 0], matrices[:, 1, 1] = width / side * mirrored, height / side
    matrices[:, 0, 2], matrices[:, 1, 2] = (2 * left + width) / side - 1, (2 * top + height) / side - 1
    grid = F.affine_grid(matrices, list(step.images.shape), align_corners=False)
    # Every crop is enlarged; positions are kept inside it, as in a resize of the crop alone.
    reach = torch.stack([width, height], 1)[:, None, None] / side - 1 / side
    middle = matrices[:, None, None, :, 2]
    grid = torch.minimum(torch.maximum(grid, middle - reach), middle + reach)
    pixels = F.grid_sample(step.images.to(torch.float32), grid, "bilinear", "border", align_corners=False)
    return pixels.round_().to(torch.uint8)


def boxes(step: Step, least: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Top, left, height and width of the crops in pixels, each int64 (N,)."""
    side = step.images.shape[-1]
    draws = step.draws("crop_flip")
    area = draws.uniform(TRIALS, low=least, high=1.0)
    aspect = draws.uniform(TRIALS, low=math.log(ASPECTS[0]), high=math.log(ASPECTS[1])).exp()
    place = draws.uniform(2)
    width = (side * (area * aspect).sqrt()).round()  # (N, TRIALS)
    height = (side * (area / aspect).sqrt()).round()
    fits = (width <= side) & (height <= side) & (width > 0) & (height > 0)
    first = fits.to(torch.int8).argmax(1, keepdim=True)
    width, height = (
        torch.where(fits.any(1), length.gather(1, first)[:, 0], side).to(torch.int64) for length in (width, height)
    )
    top = (place[:, 0] * (side - height + 1)).to(torch.int64)
    left = (place[:, 1] * (side - width + 1)).to(torch.int64)
    return top, left, height, width
