"""A condition: what is done to the images before they are scored, as a value with one canonical form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from robustcore.corruptions import STORAGES
from robustcore.errors import InvalidArgumentError

KINDS = ("clean", "corruption", "sequence", "attack", "shift")


@dataclasses.dataclass(frozen=True, order=True)
class Condition:
    """One condition. Equal conditions have equal canonical forms, and so equal results.

    Attributes:
        kind: "clean", "corruption", "sequence", "attack" or "shift".
        name: the registered name; "clean" for clean.
        severity: 1..5, or None.
        strength: a number in the corruption's range, "uniform" (drawn in the range for each image), or None.
        variant: size variant of the constants, or None for the nearest one.
        storage: "memory", or "jpeg85" for the second JPEG of the released sets.
        params: every further parameter by name, JSON values. A shift names its clean dataset under "clean"; an attack
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
            raise InvalidArgumentError(f"A severity is 1, 2, 3, 4 or 5, not {self.severity!r}.")
        if self.severity is not None and self.strength is not None:
            raise InvalidArgumentError("A condition has a severity or a strength, not both.")
        object.__setattr__(self, "params", tuple(sorted(dict(self.params).items())))

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
