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


@metric(
    "confidence_change",
    input="mean_confidences",
    title="Change of confidence",
    short="change of confidence",
    axis="mean change of confidence (points)",
    unit="points",
    formula="Change of confidence = mean confidence under the condition - mean confidence on the clean images",
    better="higher",
    limits=(-1, 1),
    axis_limits=(None, None),
    neutral=0,
)
def confidence_change(mean_confidence: Array, clean_mean_confidence: Array) -> Array:
    """How much surer of its answers, right or wrong, the model is than on the clean images, on the mean; below 0: less sure."""
    return mean_confidence - clean_mean_confidence
