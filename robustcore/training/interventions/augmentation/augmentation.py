"""Augmentation on a corruption: half of each batch corrupted, half clean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from robustcore import corruptions
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting


@intervention(
    "augmentation",
    title="Training on one corruption",
    family="corruptions",
    summary="Corrupts half of each batch with one corruption and keeps the other half clean.",
    source="Laugros, thesis, section 4.2.3",
    changes_images=True,
)
class Augmentation(Intervention):
    """Each corrupted image gets its own draws in each epoch, and a strength of its own where the corruption has a range."""

    corruption: str = setting(among=corruptions.names, help="a corruption's name, as gaussian_noise")
    severity: int = setting(0, low=0, high=5, help="1 to 5; 0 draws one for each image, or a strength in the range")

    @property
    def label(self) -> str:
        return f"{self.name}-{self.corruption}" + (f"-{self.severity}" if self.severity else "")

    @property
    def corruptions(self) -> tuple[str, ...]:
        return (self.corruption,)

    def borrowed(self) -> Sequence[str]:
        return (corruptions.get(self.corruption).plugin,)

    def views(self, step: Step) -> Sequence[View]:
        half = len(step.ids) // 2  # the order of a batch is drawn anew in each epoch, and so is this half
        images = step.images.clone()
        images[:half] = corrupted(step, slice(0, half), self.corruption, self.severity)
        return [View(images, step.labels)]


def corrupted(step: Step, part: slice, name: str, severity: int = 0) -> Tensor:
    """uint8 (n, 3, S, S): a part of the batch under a corruption; severity 0 draws one (or a strength) for each image."""
    corruption = corruptions.get(name)
    images, ids = step.images[part], step.ids[part]

    def run(images: Tensor, ids: Tensor, **strength: Any) -> Tensor:
        with step.exact():
            return corruption(images, seed=step.seed, ids=ids, epoch=step.epoch, **strength)

    if not corruption.severities:
        return run(images, ids)
    if severity:
        return run(images, ids, severity=severity)
    return run(images, ids, strength="uniform")
