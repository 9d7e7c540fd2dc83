"""Operations: a kind of condition -> how it is applied. One module a kind; they are registered here."""

from __future__ import annotations

import importlib
import pkgutil

from robustcore.evaluation.operations._base import Applied, Operation, Part, check, fingerprint, of, registry

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Applied", "Operation", "Part", "check", "fingerprint", "of", "registry"]
