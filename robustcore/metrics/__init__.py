"""Metrics: pure functions from tidy tables to tidy tables. A metric sees no model and no store."""

from __future__ import annotations

from robustcore.metrics import detection
from robustcore.metrics.accuracies import accuracy, mean_over_severities, with_clean
from robustcore.metrics.corruption_errors import corruption_error, mean_corruption_error
from robustcore.metrics.robustness import app, residual

__all__ = [
    "accuracy",
    "app",
    "corruption_error",
    "detection",
    "mean_corruption_error",
    "mean_over_severities",
    "residual",
    "with_clean",
]
