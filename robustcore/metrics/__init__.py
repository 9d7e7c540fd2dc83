"""Metrics: pure functions of arrays, each defined once with its facts (`@metric`), and the tidy tables made of them.

A metric sees no model and no store. Every module of this package whose name ends in `_metrics` is imported here, so that a new
metric is one function in one of them.
"""

from __future__ import annotations

import importlib
import pkgutil

from robustcore.metrics import accuracies, calibration, detection
from robustcore.metrics._base import INPUTS, UNITS, Input, Metric, metric, registry
from robustcore.metrics.accuracies import accuracy, mean_over_severities, with_clean
from robustcore.metrics.corruption_errors import corruption_error, mean_corruption_error
from robustcore.metrics.tables import app, by_condition, residual, with_metric, with_metrics

for _module in pkgutil.iter_modules(__path__):
    if _module.name.endswith("_metrics"):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "INPUTS",
    "UNITS",
    "Input",
    "Metric",
    "accuracies",
    "accuracy",
    "app",
    "by_condition",
    "calibration",
    "corruption_error",
    "detection",
    "get",
    "mean_corruption_error",
    "mean_over_severities",
    "metric",
    "names",
    "of_input",
    "registry",
    "residual",
    "with_clean",
    "with_metric",
    "with_metrics",
]


def names(input: str | None = None) -> list[str]:
    """The names of all metrics, or of those that are computed from one kind of input, sorted."""
    return [each.name for each in registry if input in (None, each.input)]


def of_input(input: str) -> list[Metric]:
    """The metrics that are computed from one kind of input (a key of `INPUTS`), in the order in which they are offered."""
    return [each for each in registry.registered() if each.input == input]


def get(name: str) -> Metric:
    """The registered metric of that name."""
    return registry[name]
