"""Training on images that are equalised as the defence CLAHE does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from robustcore.models import defences
from robustcore.training import image_memory
from robustcore.training.data import TrainingSet
from robustcore.training.interventions._base import Intervention, intervention

_BLOCK = 256  # images whose float32 copies are in memory at once


@intervention(
    "clahe",
    title="Training on CLAHE images",
    family="augmentation",
    summary="Trains on images equalised by CLAHE, for a model that is used behind the defence of that name.",
    source="Hendrycks & Dietterich, section 5.2",
    defence="clahe",
)
class ClaheImages(Intervention):
    """All training images are equalised once, with the constants of the defence, and flipped and shifted afterwards.

    The document fine-tunes a trained network for five epochs on such images and equalises what it is tested on too: start from a
    standard model, and evaluate NAME?defence=clahe. Accuracies of the training are measured behind the defence.
    """

    def prepare(
        self,
        data: TrainingSet,
        *,
        seed: int,
        device: torch.device,
        count: Callable[[int, int], None] | None = None,
    ) -> TrainingSet:
        clahe, side = defences.create(self.defence), data.images.shape[-1]
        images = image_memory.images(len(data), side, "the equalised training set")
        for start in range(0, len(data), _BLOCK):
            part = slice(start, min(start + _BLOCK, len(data)))
            (equalised,) = clahe.views(data.images[part].to(torch.float32).div_(255), side)
            images[part] = equalised.mul_(255).round_().to(torch.uint8)
            if count is not None:
                count(part.stop, len(data))
        return dataclasses.replace(data, images=images)
