"""Interventions: the registry, and `create`, which builds one from its name and settings."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import Any

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.training.data import TrainingSet
from robustcore.training.interventions._base import (
    FAMILIES,
    KINDS,
    Intervention,
    Outcome,
    Step,
    View,
    intervention,
    registry,
    setting,
    type_name,
)
from robustcore.training.interventions._joined import SIGN, Joined

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    if not _module.name.rpartition(".")[2].startswith("_"):
        importlib.import_module(_module.name)

__all__ = [
    "FAMILIES",
    "Intervention",
    "Outcome",
    "Step",
    "TrainingSet",
    "View",
    "create",
    "get",
    "intervention",
    "is_known",
    "names",
    "parts",
    "setting",
]


def names() -> list[str]:
    """The names of all interventions, sorted."""
    return registry.names()


def get(name: str) -> type[Intervention]:
    """The registered intervention of that name; its dataclass fields are its settings."""
    return registry[name]


def parts(name: str) -> list[str]:
    """The names of the interventions that a name stands for: of "deepaugment+augmix" the two, in order."""
    return name.split(SIGN)


def is_known(name: str) -> bool:
    """Whether a name is that of an intervention, or of several that are registered."""
    return all(part in registry for part in parts(name))


def create(name: str, **settings: Any) -> Intervention:
    """An intervention with its settings, checked; of several, joined by "+", each setting is named after its own: "augmix.width".

    Raises:
        UnknownNameError: no such intervention, or it has no such setting.
        InvalidArgumentError: a setting outside its limits, one without a default is missing, or interventions that cannot be joined.
    """
    if SIGN in name:
        several = parts(name)
        for key in settings:
            if key.partition(".")[0] not in several:
                raise UnknownNameError(
                    f"setting of {name}", key, [f"{part}.{own}" for part in several for own in _fields(part)]
                )
        return Joined(
            tuple(
                create(part, **{k.partition(".")[2]: v for k, v in settings.items() if k.partition(".")[0] == part})
                for part in several
            )
        )
    cls = registry[name]
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in settings:
        if key not in fields:
            if not fields:
                raise InvalidArgumentError(f"The intervention {name} has no settings; {key!r} was given.")
            raise UnknownNameError(f"setting of {name}", key, fields)
    for key, field in fields.items():
        if field.default is dataclasses.MISSING and key not in settings:
            raise InvalidArgumentError(f"The intervention {name} needs the setting {key}: {field.metadata['help']}.")
    return cls(**settings)


def usage(name: str) -> list[str]:
    """How an intervention's settings are written: each with its default, or with its name in capitals where it has none; of several
    interventions with their own before each, "augmix.width=3"."""
    several = parts(name)
    written = []
    for part in several:
        for field in dataclasses.fields(registry[part]):  # type: ignore[arg-type]
            value = field.name.upper() if field.default is dataclasses.MISSING else field.default
            written.append(f"{f'{part}.' if len(several) > 1 else ''}{field.name}={value}")
    return written


def _fields(name: str) -> list[str]:
    return [field.name for field in dataclasses.fields(registry[name])]  # type: ignore[arg-type]


def parse(name: str, texts: dict[str, str]) -> dict[str, Any]:
    """Settings from a command line's texts, turned into the types that the intervention's fields declare."""
    if SIGN in name:
        several: dict[str, Any] = {}
        for key, text in texts.items():
            part, _, own = key.partition(".")
            known = part in parts(name)
            several[key] = (
                parse(part, {own: text})[own] if known else text
            )  # `create` names the settings that there are
        return several
    types = {field.name: type_name(field) for field in dataclasses.fields(registry[name])}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, text in texts.items():
        try:
            values[key] = {"float": float, "int": int}.get(types.get(key, ""), str)(text)
        except ValueError as error:
            raise InvalidArgumentError(
                f"The setting {key} of {name} is a {KINDS[types[key]]}, not {text!r}."
            ) from error
    return values
