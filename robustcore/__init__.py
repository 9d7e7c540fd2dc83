"""robustcore: how image classifiers break, and what fixes them.

The public names, loaded when they are first used, so that importing the package runs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustcore import attacks, corruptions, datasets, errors, metrics, models, overlap, published
    from robustcore.attacks import attack
    from robustcore.corruptions import corrupt
    from robustcore.datasets import load_dataset
    from robustcore.evaluation import evaluate
    from robustcore.models import load_model

__all__ = [
    "attack",
    "attacks",
    "corrupt",
    "corruptions",
    "datasets",
    "errors",
    "evaluate",
    "load_dataset",
    "load_model",
    "metrics",
    "models",
    "overlap",
    "published",
]

_FUNCTIONS = {
    "attack": "attacks",
    "corrupt": "corruptions",
    "evaluate": "evaluation",
    "load_dataset": "datasets",
    "load_model": "models",
}


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f"robustcore.{_FUNCTIONS[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"robustcore.{name}")
    raise AttributeError(f"module 'robustcore' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
