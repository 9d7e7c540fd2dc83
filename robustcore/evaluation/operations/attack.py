"""Attacks: what `robustcore.attack` makes of each image, for the model that is scored or on a surrogate.

A condition names an attack or a preset; its parameters are the budget (`eps`, `norm`), the goal (`goal`, `target`), the
attack's own options, and for a black-box attack the surrogate's fingerprint under `surrogate`. Success, norms and passes
are kept for each image, and their means with the counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from robustcore import attacks
from robustcore.attacks import budgets, cautions
from robustcore.attacks.goals import Goal
from robustcore.corruptions import suites
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Applied, Operation, Part, registry
from robustcore.models.classifier import Classifier

# Radii of the curve of accuracy against eps; the last one leaves an attack everything, which no honest model survives.
CURVE_EPS = (*(n / 255 for n in (0.5, 1, 2, 4, 8, 16)), 1.0)
_BUDGET = ("eps", "norm", "goal", "target")
AUTOATTACK_EPS = (2 / 255, 8 / 255)
TRANSFER_EPS = 8 / 255
_LENGTHS = {"steps": 2, "queries": 10, "directions": 1}  # with which the price of a long attack is measured

suites.register(
    "attacks",
    title="Attacks",
    order=220,
    kind="attack",
    description="The attacks of Laugros' thesis at its settings (chapters 3.2 and 3.3); its MI-FGSM is black-box: name a surrogate for that.",
    conditions=lambda: [Condition("attack", name) for name in attacks.preset_names()],
)
suites.register(
    "robust-accuracy",
    title="Robust accuracy",
    order=210,
    kind="attack",
    description="FGSM and PGD with 10 steps at growing eps in L-inf, up to an unbounded one.",
    conditions=lambda: [
        Condition("attack", name, params=(("eps", eps),)) for name in ("fgsm", "pgd") for eps in CURVE_EPS
    ],
)
suites.register(
    "transfer",
    title="Transfer",
    order=212,
    kind="attack",
    description="PGD with 10 steps at 8/255 in L-inf, to be crafted on other models: name them as surrogates.",
    conditions=lambda: [Condition("attack", "pgd", params=(("eps", TRANSFER_EPS),))],
)
suites.register(
    "autoattack",
    title="AutoAttack",
    order=215,
    kind="attack",
    description="AutoAttack's standard version (APGD-CE, APGD-T, FAB-T, Square) at 2/255 and 8/255 in L-inf.",
    conditions=lambda: [Condition("attack", "autoattack", params=(("eps", eps),)) for eps in AUTOATTACK_EPS],
)
suites.register(
    "nearest",
    title="Smallest change",
    order=216,
    kind="attack",
    description="The smallest change that fools the model, found by FMN, in L-inf and L2.",
    conditions=lambda: [Condition("attack", "fmn", params=(("norm", norm),)) for norm in ("linf", "l2")],
)


class AttackCondition(Operation):
    """A registered attack or preset."""

    kind = "attack"
    needs_model = True
    float32_only = True

    def check(self, condition: Condition) -> None:
        method, _ = attacks.resolve(condition.name)
        if condition.severity is not None or condition.strength is not None or condition.variant is not None:
            raise InvalidArgumentError(f"The attack {condition.name} has an eps, not a severity, strength or variant.")
        if condition.storage != "memory":
            raise InvalidArgumentError("Attacks are scored as they are made, in float32: their storage is 'memory'.")
        budget, options = _split(condition)
        method.check_options(options)
        if "norm" in budget:
            method.check_norm(budget["norm"])
        if "goal" in budget:
            method.check_goal(budget["goal"])
        eps = budget.get("eps")
        if eps is not None and (isinstance(eps, bool) or not isinstance(eps, (int, float)) or not eps >= 0):
            raise InvalidArgumentError(f"An eps is a number, 0 or more, with pixels in [0, 1]; {eps!r} is not.")
        if eps is not None and condition.norm == "linf" and eps > 1:
            raise InvalidArgumentError(
                f"An eps in L-inf is in 0 .. 1, and {eps:g} is not: write {eps:g}/255, not {eps:g}."
            )

    def missing(self, condition: Condition, base: Dataset) -> str:
        eps, most = condition.parameters.get("eps"), budgets.largest_eps(condition.norm, (3, base.side, base.side))
        if isinstance(eps, float) and eps > most * (1 + 1e-6):
            title = budgets.TITLES[condition.norm]
            return f"on images of {base.side} pixels an eps in {title} is at most {most:g}, and {eps:g} is not"
        return super().missing(condition, base)

    def sample(self, condition: Condition) -> tuple[Condition, float]:
        method, preset = attacks.resolve(condition.name)
        _, options = _split(condition)
        if not method.stages:
            return condition, 1.0
        whole = method.check_options({**(preset.options if preset else {}), **options})
        few = {name: min(length, whole[name]) for name, length in _LENGTHS.items() if name in whole}
        params = tuple({**condition.parameters, **few}.items())
        return dataclasses.replace(condition, params=params), method.passes(whole) / method.passes({**whole, **few})

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        method, preset = attacks.resolve(condition.name)
        _, options = _split(condition)
        identity: dict[str, Any] = {"attack": method.name, "revision": method.revision}
        if preset is not None:
            identity["preset"] = [preset.eps, preset.norm, preset.goal, dict(preset.options)]
            options = {**preset.options, **options}
        identity["options"] = method.check_options(options)
        if method.plugin:
            identity["plugin"] = method.plugin
        return identity

    def plugin(self, condition: Condition) -> str:
        return attacks.resolve(condition.name)[0].plugin

    def is_shared(self, condition: Condition) -> bool:
        # What is crafted on a surrogate does not depend on who judges it.
        return "surrogate" in condition.parameters

    def apply(
        self,
        condition: Condition,
        part: Part,
        seed: int,
        model: Classifier | None = None,
        surrogates: Mapping[str, Classifier] | None = None,
    ) -> Applied:
        assert model is not None, "an attack needs the model that it attacks"
        method, _ = attacks.resolve(condition.name)
        budget, options = _split(condition)
        fingerprint = condition.parameters.get("surrogate")
        crafts_on = model
        if fingerprint is not None:
            crafts_on = _surrogate(condition, fingerprint, surrogates or {}, model)
            # Within a budget the strongest image transfers better than the first that fools the surrogate.
            options = {"early_stop": method.nearest, **options}
        result = attacks.attack(
            crafts_on, part.images, part.labels, condition.name, seed=seed, ids=part.ids, **budget, **options
        )
        values = {
            "linf": result.linf,
            "l2": result.l2,
            "forwards": result.forwards.float(),
            "backwards": result.backwards.float(),
            **result.values,
        }
        if budget.get("norm") == "l1":
            values["l1"] = (result.images - part.images.float() / 255).abs().sum(dim=(1, 2, 3))
        if result.broken_by is not None:
            values |= cautions.first_breaks(result.stages, result.broken_by)
        goal = Goal(part.labels, result.targets)
        return Applied(
            result.images,
            values=values,
            logits=result.logits if crafts_on is model else None,
            judged=lambda logits: {"success": goal.reached(logits).float()},
        )


def _surrogate(
    condition: Condition, fingerprint: str, surrogates: Mapping[str, Classifier], model: Classifier
) -> Classifier:
    """The model of that fingerprint, if it is there and knows the same classes as the one that judges."""
    if fingerprint not in surrogates:
        raise InvalidArgumentError(
            f"The surrogate {fingerprint[:12]} of {condition.name} is not among the models given; name it as one."
        )
    attacks.check_surrogate(surrogates[fingerprint], model)
    return surrogates[fingerprint]


def _split(condition: Condition) -> tuple[dict[str, Any], dict[str, Any]]:
    """The condition's parameters: those of every attack, and the attack's own options."""
    options = {k: v for k, v in condition.parameters.items() if k != "surrogate"}
    return {k: v for k, v in options.items() if k in _BUDGET}, {k: v for k, v in options.items() if k not in _BUDGET}


def crafted_on(conditions: Sequence[Condition], surrogate: str) -> list[Condition]:
    """The attacks among conditions as black-box ones, crafted on the model of that fingerprint."""
    return [
        dataclasses.replace(c, params=(*c.params, ("surrogate", surrogate))) if c.kind == "attack" else c
        for c in conditions
    ]


registry.add("attack", AttackCondition())
