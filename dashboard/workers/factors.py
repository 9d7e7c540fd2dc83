"""What worker processes do for the page Factors: one scene along a factor, and a row of the plane of two factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    from dashboard.workers.tasks import ModelKey
    from robustcore.reports.factors.walk import Walk


def walked(models: tuple[ModelKey, ...], index: int, factor: str) -> Walk:
    """A test scene at every step of a factor, and the models' answers."""
    from robustcore.reports.factors import walk

    return walk.walk([tasks.model_of(model) for model in models], index, factor)


def row(
    model: ModelKey, first: str, strength: float, second: str, strengths: tuple[float, ...], images: int
) -> list[int]:
    """How many of the first test scenes a model has right at a strength of one factor and at several of another."""
    from robustcore.reports.factors import walk

    network = tasks.model_of(model)
    return [int(walk.right(network, {first: strength, second: other}, images).sum()) for other in strengths]
