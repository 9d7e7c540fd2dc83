"""A condition: what is done to the images before they are scored, as a value with one canonical form."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from robustcore.corruptions import STORAGES
from robustcore.errors import InvalidArgumentError

KINDS = ("clean", "corruption", "sequence", "attack", "shift")


def _frozen(value: Any) -> Any:
    """A parameter's value in hashable form."""
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(v) for v in value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InvalidArgumentError(
        f"A condition's parameters are numbers, texts, booleans and lists of them, not {type(value).__name__}."
    )


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition. Equal conditions have equal canonical forms, and so equal results.

    Attributes:
        kind: "clean", "corruption", "sequence", "attack" or "shift".
        name: the registered name; "clean" for clean.
        severity: 1..5, or None.
        strength: a number in the corruption's range, "uniform" (drawn in the range for each image), or None.
        variant: size variant of the constants, or None for the nearest one.
        storage: "memory", or "jpeg85" for the second JPEG of the released sets.
        params: every further parameter by name: numbers, texts, booleans and lists of them (lists become tuples). A shift names its clean dataset under "clean"; an attack
            its eps, norm, goal, and surrogate's fingerprint; a sequence its difficulty.
    """

    kind: str
    name: str
    severity: int | None = None
    strength: float | str | None = None
    variant: str | None = None
    storage: str = "memory"
    params: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidArgumentError(f"A condition's kind is one of {', '.join(KINDS)}, not {self.kind!r}.")
        if self.storage not in STORAGES:
            raise InvalidArgumentError(f"A storage is one of {', '.join(STORAGES)}, not {self.storage!r}.")
        if self.severity is not None and (isinstance(self.severity, bool) or self.severity not in (1, 2, 3, 4, 5)):
            raise InvalidArgumentError(
                f"A severity is 1, 2, 3, 4 or 5, not {self.severity!r}. Clean is a condition of its own."
            )
        if self.severity is not None and self.strength is not None:
            raise InvalidArgumentError("A condition has a severity or a strength, not both.")
        if isinstance(self.strength, str):
            if self.strength != "uniform":
                raise InvalidArgumentError(f"A strength is a number or 'uniform', not {self.strength!r}.")
        elif self.strength is not None:
            if isinstance(self.strength, bool) or not math.isfinite(self.strength):
                raise InvalidArgumentError(f"A strength is a number or 'uniform', not {self.strength!r}.")
            # 1 and 1.0 are one condition, so that they have one canonical form.
            object.__setattr__(self, "strength", float(self.strength))
        params = {str(name): _frozen(value) for name, value in dict(self.params).items()}
        object.__setattr__(self, "params", tuple(sorted(params.items())))

    @classmethod
    def clean(cls) -> Condition:
        """The images as they are."""
        return cls("clean", "clean")

    @classmethod
    def corruption(cls, name: str, severity: int | None = None, **fields: Any) -> Condition:
        """A corruption at a severity (or at a `strength=`)."""
        return cls("corruption", name, severity, **fields)

    def to_dict(self) -> dict[str, Any]:
        """The canonical dictionary: only what differs from the defaults."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "params"}
        fields = {k: v for k, v in fields.items() if v is not None and not (k == "storage" and v == "memory")}
        if self.params:
            fields["params"] = dict(self.params)
        return fields

    def canonical(self) -> str:
        """The canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def parameters(self) -> dict[str, Any]:
        """The further parameters as a dictionary."""
        return dict(self.params)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Condition:
        """The inverse of `to_dict`; an unknown key is an error that names it."""
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(fields) - known)
        if unknown:
            raise InvalidArgumentError(f"A condition has no field {unknown[0]!r}; it has {', '.join(sorted(known))}.")
        if "kind" not in fields or "name" not in fields:
            raise InvalidArgumentError("A condition needs a kind and a name.")
        values = dict(fields)
        values["params"] = tuple(dict(values.get("params", {})).items())
        return cls(**values)

    def __str__(self) -> str:
        parts = [self.name]
        if self.severity is not None:
            parts.append(f"severity {self.severity}")
        if self.strength is not None:
            parts.append(f"strength {self.strength}")
        parts += [f"{k} {v}" for k, v in self.params]
        if self.storage != "memory":
            parts.append(self.storage)
        return ", ".join(parts)
