"""Metrics of the answers to the same images, clean and under a condition."""

from __future__ import annotations

import numpy as np

from robustcore.metrics._base import Array, metric


@metric(
    "consistency",
    input="answers",
    title="Consistency",
    short="consistency",
    axis="answers as on the clean image (%)",
    unit="%",
    formula="Consistency = answers equal to the clean one / images",
    better="higher",
    limits=(0, 1),
    axis_limits=(0, 1),
)
def consistency(answer: Array, clean_answer: Array) -> float:
    """Answers that stay what they are on the clean image, right or wrong, in percent of the images."""
    return float(np.mean(answer == clean_answer)) if len(answer) else float("nan")
