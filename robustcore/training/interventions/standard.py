"""Standard training: the images as they are, flipped and shifted as the recipe says."""

from __future__ import annotations

from robustcore.training.interventions._base import Intervention, intervention


@intervention(
    "standard",
    title="Standard training",
    family="standard",
    summary="Trains on the clean images, with nothing beyond the recipe's flips and shifts.",
    source="the base line of all four source documents",
)
class Standard(Intervention):
    """Cross-entropy on the batch itself."""
