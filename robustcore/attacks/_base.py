"""What an attack is: its function, its properties, and its options with their ranges."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import Tensor

from robustcore import arguments, plugins
from robustcore.attacks.budgets import NORMS, USUAL_NORMS
from robustcore.attacks.engine.oracle import Oracle
from robustcore.attacks.goals import GOALS
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.registry import Registry


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of an attack.

    Attributes:
        default: its value when it is not given.
        summary: what it does, one sentence for people.
        low, high: the least and greatest number allowed.
        choices: the values allowed, for texts.
        kind: its type: bool, int, float, str or Tensor; by default that of `default`.
        may_be_none: whether None is allowed.
    """

    default: Any
    summary: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    kind: type | None = None

    @property
    def type(self) -> type:
        """The type of its values."""
        return self.kind or type(self.default)

    def check(self, attack: str, name: str, value: Any) -> Any:
        """The value, if it is allowed."""
        value = arguments.scalar(value)
        if value is None and self.default is None:
            return None
        if self.choices:
            return arguments.one_of(value, self.choices, f"{name} of {attack}")
        if self.type in (int, float):
            return self._number(attack, name, value)
        if not isinstance(value, self.type):
            raise arguments.refuse(f"{name} of {attack} is a {self.type.__name__}", value)
        return value

    def _number(self, attack: str, name: str, value: Any) -> Any:
        whole = self.type is int
        plain = arguments.integer(value) if whole else arguments.real(value)
        if plain is None or not math.isfinite(plain) or not self.low <= plain <= self.high:
            noun = "a whole number" if whole else "a number"
            if math.isfinite(self.high):
                bounds = f" from {self.low:g} to {self.high:g}"
            else:
                bounds = f", {self.low:g} or more" if math.isfinite(self.low) else ""
            raise arguments.refuse(f"{name} of {attack} is {noun}{bounds}", value)
        return self.type(plain)


@dataclasses.dataclass(frozen=True)
class Attack:
    """One attack, as registered.

    Attributes:
        name: registry key; equals the function's name.
        title: its name on pages.
        needs: its access to the model: "gradients", "scores" (logits) or "decisions" (the best class alone).
        norms: supported norms; the first is the default.
        goals: supported goals; the first is the default.
        nearest: whether it looks for the nearest image that reaches the goal; otherwise for the lowest margin within eps.
        bounded: whether it needs an eps; a default is used if none is passed.
        source: document and section of its definition.
        summary: what it does, one sentence for people.
        options: by name.
        passes: options -> the largest number of queries, each one pass for every image.
        stages: names of the attacks that it consists of; `AttackResult.broken_by` counts them from 1.
        values: names of further numbers that it states of each image.
        revision: raised whenever a result changes; part of every fingerprint.
        plugin: SHA-256 of its plug-in's .py files; "" for the package's own.
        function: (oracle, **options) -> None; the oracle keeps the best images.
    """

    name: str
    title: str
    needs: Literal["gradients", "scores", "decisions"]
    norms: tuple[str, ...]
    goals: tuple[str, ...]
    nearest: bool
    bounded: bool
    source: str
    summary: str
    options: Mapping[str, Option]
    passes: Callable[[Mapping[str, Any]], int]
    revision: int
    function: Callable[..., None]
    plugin: str = ""
    stages: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def check_options(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their values; an unknown name or a value that is not allowed is an error."""
        for name in values:
            if name not in self.options:
                raise UnknownNameError(f"option of {self.name}", name, self.options)
        return {
            name: option.check(self.name, name, values[name]) if name in values else option.default
            for name, option in self.options.items()
        }

    def check_norm(self, norm: str | None) -> str:
        """The norm, or the default one."""
        others = [other.name for other in registry if norm in other.norms] if isinstance(norm, str) else []
        return _one_of(
            norm, self.norms, NORMS, "norm", self.name, f"; {', '.join(sorted(others))} can" if others else ""
        )

    def check_goal(self, goal: str | None) -> str:
        """The goal, or the default one; "least likely" and "least-likely" are understood."""
        spelled = goal.replace(" ", "_").replace("-", "_") if isinstance(goal, str) else goal
        return _one_of(spelled, self.goals, GOALS, "goal", self.name)


def _one_of(
    value: str | None, allowed: Sequence[str], names: Sequence[str], kind: str, attack: str, hint: str = ""
) -> str:
    if value is None:
        return allowed[0]
    value = arguments.choice(value, names, kind)
    if value not in allowed:
        raise InvalidArgumentError(f"{attack} has the {kind} {' or '.join(allowed)}, not {value}{hint}.")
    return value


registry: Registry[Attack] = Registry("attack")


def attack(
    *,
    title: str,
    needs: Literal["gradients", "scores", "decisions"],
    source: str,
    summary: str,
    options: Mapping[str, Option],
    passes: Callable[[Mapping[str, Any]], int],
    norms: Sequence[str] = USUAL_NORMS,
    goals: Sequence[str] = GOALS,
    nearest: bool = False,
    bounded: bool = True,
    revision: int = 1,
    stages: Sequence[str] = (),
    values: Sequence[str] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as an attack under its own name.

    The function takes (oracle, **options) and asks the oracle about images; the best one that it asks about is the result.
    The oracle projects every image into the budget, counts the questions, and ends the attack where all images have reached
    their goal. See `robustcore.attacks.fgsm` for a short one. All arguments are explained at `Attack`.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = function.__name__
        registry.add(
            name,
            Attack(
                name=name,
                title=title,
                needs=needs,
                norms=tuple(norms),
                goals=tuple(goals),
                nearest=nearest,
                bounded=bounded,
                source=source,
                summary=summary,
                options=options,
                passes=passes,
                revision=revision,
                function=function,
                plugin=plugins.digest_of(function),
                stages=tuple(stages),
                values=tuple(values),
            ),
            function,
        )
        return function

    return register


__all__ = ["Attack", "Option", "Oracle", "Tensor", "attack", "registry"]
