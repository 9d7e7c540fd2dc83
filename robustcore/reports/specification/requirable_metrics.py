"""What a row of a specification can require: the metrics, by what the evidence has of them."""

from __future__ import annotations

import dataclasses
import math

from robustcore import metrics
from robustcore.metrics import Metric

_ANY = ("corruption", "attack", "shift")
# Inputs that are read image by image -> the kinds of conditions that have them.
OF_IMAGES = {
    "answers": ("corruption", "attack"),
    "confidences": ("clean", *_ANY),
    "mean_confidences": ("clean", *_ANY),
    "scores": ("shift", "unknown"),
}
# The arrays of each input that the evidence of a specification has.
_ARRAYS = {
    "accuracies": ("accuracy", "clean", "reference", "reference_clean"),
    "frames": ("flips", "reference_flips"),
    "attacks": ("success",),
    "unions": ("holds",),
    **{kind: tuple(metrics.INPUTS[kind].arrays) for kind in OF_IMAGES},
}


@dataclasses.dataclass(frozen=True)
class Requirable:
    """What a row can require: a metric, or its mean over several conditions.

    Attributes:
        name: key.
        metric: its definition.
        single, several: whether it takes one condition's name, and whether it takes several (the mean over them).
    """

    name: str
    metric: Metric
    single: bool
    several: bool

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the conditions that it is defined for."""
        if self.metric.input in OF_IMAGES:
            return OF_IMAGES[self.metric.input]
        if self.metric.input != "accuracies":
            return ("sequence",) if self.metric.input == "frames" else ("attack",)
        if self.metric.severities:
            return ("corruption",)
        return _ANY if self.metric.relative else ("clean", *_ANY)

    @property
    def factor(self) -> int:
        """From the metric's value to the unit of thresholds."""
        return self.metric.written.percent

    @property
    def unit(self) -> str:
        """Of thresholds: "%", "points", or the metric's own."""
        return {"ratio": "%", "percent": "%"}.get(self.metric.unit, self.metric.unit)

    @property
    def range(self) -> tuple[float, float]:
        """The values that a threshold can have, in the unit."""
        low, high = self.metric.limits
        return -math.inf if low is None else self.factor * low, math.inf if high is None else self.factor * high

    @property
    def label(self) -> str:
        """How it is called in a sentence."""
        return self.metric.short if self.single else self.metric.mean

    @property
    def summary(self) -> str:
        """One sentence."""
        return self.metric.summary if self.single else f"The mean of {self.metric.name} over the conditions."


def requirable() -> dict[str, Requirable]:
    """Everything that a row can require, by name."""
    offered = []
    for kind, arrays in _ARRAYS.items():
        for metric in metrics.of_input(kind):
            if set(metric.arrays) <= set(arrays):
                own_mean = bool(metric.mean_name)
                offered.append(Requirable(metric.name, metric, True, not own_mean and kind != "attacks"))
                offered += [Requirable(metric.mean_name, metric, False, True)] if own_mean else []
    return {each.name: each for each in offered}
