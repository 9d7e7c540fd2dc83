"""Corruptions: what `robustcore.corrupt` does, on a shard.

An open corruption, one without severity and strength, stands for the severities that are asked for. If none are, it
stands for 1..5 where its constants are tables, and for one condition with a strength drawn uniformly in the range for
each image where it has a continuous range, as Laugros' thesis evaluates those. A corruption that is defined without
severities is one condition, whatever severities are asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Applied, Operation, Part, registry
from robustcore.models.classifier import Classifier

# Raised when the second JPEG of storage "jpeg85" gives other pixels.
STORAGE_REVISION = 1


class Corrupt(Operation):
    """A registered corruption at a severity or a strength."""

    kind = "corruption"

    def expand(self, condition: Condition, severities: Sequence[int] | None) -> Sequence[Condition]:
        if condition.severity is not None or condition.strength is not None:
            return [condition]
        corruption = corruptions.get(condition.name)
        if not corruption.severities:
            return [condition]
        if severities is None and corruption.ranged:
            return [dataclasses.replace(condition, strength="uniform")]
        return [dataclasses.replace(condition, severity=s) for s in severities or corruptions.SEVERITIES]

    def check(self, condition: Condition) -> None:
        corruption = corruptions.get(condition.name)
        if condition.params:
            raise InvalidArgumentError(
                f"A corruption has no further parameters; {condition.name} was given {condition.params[0][0]!r}."
            )
        if condition.variant is not None and condition.variant not in corruptions.VARIANTS:
            raise UnknownNameError("size variant", condition.variant, corruptions.VARIANTS)
        if condition.strength is None:
            if condition.severity is not None and not corruption.severities:
                raise InvalidArgumentError(f"{condition.name} is defined without severities; leave the severity out.")
            if condition.severity is None and corruption.severities:
                raise InvalidArgumentError(
                    f"The corruption {condition.name} needs a severity, 1 to 5"
                    + (", or a strength." if corruption.ranged else ".")
                )
            return
        if corruption.tables and condition.strength == "uniform":
            return
        if corruption.limits is None:
            instead = (
                "give a severity, 1 to 5" if corruption.severities else "it is applied as defined, without a severity"
            )
            raise InvalidArgumentError(f"{condition.name} has no continuous strength; {instead}.")
        low, high = corruption.limits
        if not isinstance(condition.strength, str) and not low <= condition.strength <= high:
            raise InvalidArgumentError(
                f"The strength of {condition.name} is in {low:g} .. {high:g}; {condition.strength:g} is not."
            )

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        identity: dict[str, Any] = {"revision": corruptions.get(condition.name).revision_text(condition.strength)}
        if condition.storage != "memory":
            identity["storage_revision"] = STORAGE_REVISION
        return identity

    def plugin(self, condition: Condition) -> str:
        return corruptions.get(condition.name).plugin

    def is_random(self, condition: Condition) -> bool:
        # A strength that is drawn for each image is random even where the operation is not.
        return condition.strength == "uniform" or not corruptions.get(condition.name).deterministic

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        images = corruptions.corrupt(
            part.images,
            condition.name,
            condition.severity,
            strength=cast("float | Literal['uniform'] | None", condition.strength),
            seed=seed,
            ids=part.ids,
            variant=condition.variant,
            storage=condition.storage,
        )
        return Applied(images)


registry.add("corruption", Corrupt())
