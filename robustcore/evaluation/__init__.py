"""Evaluation: conditions, the plan, the store, the runner and the jobs; `evaluate` is what most callers want."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustcore.evaluation.api import evaluate, lookup
    from robustcore.evaluation.condition import Condition
    from robustcore.evaluation.plan import Subject
    from robustcore.evaluation.run.runner import Progress
    from robustcore.evaluation.store.store import Store

__all__ = ["Condition", "Progress", "Store", "Subject", "evaluate", "lookup"]

_HOMES = {
    "Condition": "condition",
    "Progress": "run.runner",
    "Store": "store.store",
    "Subject": "plan",
    "evaluate": "api",
    "lookup": "api",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"robustcore.evaluation.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'robustcore.evaluation' has no attribute {name!r}")
