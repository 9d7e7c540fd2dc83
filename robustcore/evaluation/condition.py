"""A condition: what is done to the images before they are scored, as a value with one canonical form."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from robustcore import arguments, attacks, corruptions
from robustcore.attacks import budgets
from robustcore.corruptions import check_severity
from robustcore.errors import InvalidArgumentError, UnknownNameError

KINDS = ("clean", "corruption", "sequence", "attack", "shift", "unknown")
RELEASED = "released"  # the storage of corrupted images that others published, as files
STORAGES = (*corruptions.STORAGES, RELEASED)
SET = "set"  # the parameter of a released corruption: the folder of its set


def _frozen(value: Any) -> Any:
    """A parameter's value in hashable form, without types of NumPy."""
    rule = "A condition's parameters are numbers, texts, booleans and lists of them"
    value = arguments.scalar(value)
    if value is None or isinstance(value, (bool, str)):
        return value
    plain = arguments.real(value)
    if plain is None:
        return tuple(_frozen(item) for item in arguments.several(value, rule))
    if not math.isfinite(plain):
        raise arguments.refuse(rule, value)
    return plain


def _number_types(kind: str, name: str) -> dict[str, type]:
    """What the numbers among the parameters are by what they mean: where a parameter is a whole number, 3.0 is 3, and where
    it is a real one, 1 is 1.0, so that both are one condition."""
    if kind == "sequence":
        return {"difficulty": int}
    if kind != "attack":
        return {}
    budget = {"eps": float, "target": int}
    try:
        method, _ = attacks.resolve(name)
    except UnknownNameError:  # said where the condition is checked
        return budget
    return budget | {key: option.type for key, option in method.options.items() if option.type in (int, float)}


def _settled_number(value: Any, type_: type) -> Any:
    """The value in the type that its parameter has, where it is a number that can have it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if type_ is float:
        return float(value) + 0.0  # -0.0 is 0.0
    return int(value) if float(value).is_integer() else value


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition. Equal conditions have equal canonical forms, and so equal results.

    Attributes:
        kind: one of `KINDS`.
        name: the registered name; "clean" for clean.
        severity: 1..5, or None.
        strength: a number in the corruption's range, "uniform" (drawn in the range for each image), or None.
        variant: size variant of the constants, or None for the nearest one.
        storage: "memory", "jpeg85" for the second JPEG of the released sets, or "released" for the files of such a set.
        params: every further parameter by name: numbers, texts, booleans and lists of them (lists become tuples). A shift names its clean dataset under "clean"; an attack
            its eps, norm, goal, and surrogate's fingerprint; a sequence its difficulty; a released corruption the folder of
            its set under "set".
    """

    kind: str
    name: str
    severity: int | None = None
    strength: float | str | None = None
    variant: str | None = None
    storage: str = "memory"
    params: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        # Equal conditions have one canonical form: 3.0 is 3 as a severity, 1 is 1.0 as a strength.
        settled: dict[str, Any] = {
            "kind": arguments.one_of(self.kind, KINDS, "A condition's kind"),
            "name": arguments.text(self.name, "A condition's name is a text"),
            "storage": arguments.one_of(self.storage, STORAGES, "A storage"),
        }
        if self.variant is not None:
            settled["variant"] = arguments.text(self.variant, "A condition's variant is a text or None")
        if self.severity is not None:
            settled["severity"] = check_severity(self.severity)
        if self.severity is not None and self.strength is not None:
            raise InvalidArgumentError("A condition has a severity or a strength, not both.")
        strength = arguments.scalar(self.strength)
        if strength is not None and not (isinstance(strength, str) and strength == "uniform"):
            strength = arguments.number(strength, "A strength is a number or 'uniform'")
        settled |= {"strength": strength, "params": self._settled_parameters()}
        for field, value in settled.items():
            object.__setattr__(self, field, value)

    def _settled_parameters(self) -> tuple[tuple[str, Any], ...]:
        """The parameters sorted by name, each in its one form; the difficulty that a sequence has anyway is left out."""
        try:
            params = {str(name): _frozen(value) for name, value in dict(self.params).items()}
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidArgumentError):
                raise
            raise arguments.refuse("A condition's parameters are pairs of a name and a value", self.params) from error
        for key, type_ in _number_types(self.kind, self.name).items():
            if key in params:
                params[key] = _settled_number(params[key], type_)
        if self.kind == "sequence" and params.get("difficulty") == 1 and params["difficulty"] is not True:
            del params["difficulty"]
        return tuple(sorted(params.items()))

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

    def written(self) -> dict[str, str]:
        """The further parameters as people write them: the radius of an attack in L-inf as a fraction of 255."""
        texts = {name: str(value) for name, value in self.params}
        eps = self.parameters.get("eps")
        if self.kind == "attack" and isinstance(eps, float):
            texts["eps"] = budgets.written(eps, self.norm)
        return texts

    @property
    def norm(self) -> str:
        """The norm of an attack: its own, or the preset's, or the method's usual one; "" of an attack that is not here, and of all else."""
        if self.kind != "attack":
            return ""
        if "norm" in self.parameters:
            return str(self.parameters["norm"])
        try:
            method, preset = attacks.resolve(self.name)
        except UnknownNameError:  # said where the condition is checked
            return ""
        return preset.norm if preset else method.norms[0]

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Condition:
        """The inverse of `to_dict`; an unknown key is an error that names it."""
        names = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(fields) - names)
        if unknown:
            raise InvalidArgumentError(f"A condition has no field {unknown[0]!r}; it has {', '.join(sorted(names))}.")
        if "kind" not in fields or "name" not in fields:
            raise InvalidArgumentError("A condition needs a kind and a name.")
        return cls(**fields)

    def __str__(self) -> str:
        parts = [self.name]
        if self.severity is not None:
            parts.append(f"severity {self.severity}")
        if self.strength is not None:
            parts.append(f"strength {self.strength}")
        parts += [f"{k} {v}" for k, v in self.written().items() if k != SET]
        if self.storage != "memory":
            parts.append(self.storage)
        return ", ".join(parts)
