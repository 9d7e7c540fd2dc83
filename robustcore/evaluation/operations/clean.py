"""Clean: the images as the dataset prepares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Operation, registry


class Clean(Operation):
    """Does nothing to the images."""

    kind = "clean"

    def check(self, condition: Condition) -> None:
        if condition != Condition.clean():
            raise InvalidArgumentError(f"The clean condition has no fields of its own; this one is {condition}.")

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        return {"revision": 1}

    def is_random(self, condition: Condition) -> bool:
        return False


registry.add("clean", Clean())
