"""Anomaly scores by name: how strange an image seems to a model. One score is one function; see `_base`."""

from __future__ import annotations

import importlib

from robustcore.detection.scores._base import Score, Scores, from_stored, registry, score

# The simple ones first: tables have this order.
for _module in ("logit_scores", "fitted_scores", "feature_scores"):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["Score", "Scores", "from_stored", "get", "names", "registry", "score"]


def names() -> list[str]:
    """The names of all scores, in the order in which they are registered."""
    return [each.name for each in registry.registered()]


def get(name: str) -> Score:
    """The score of that name."""
    return registry[name]
