"""How to add things from outside the package: the ten decorators and functions, and the loading of plug-ins.

A plug-in is a .py file, a package or a module that registers things when it runs:

    from robustcore import extending

    @extending.corruption(family="noise", source="my lab notes", summary="Salt on the sensor.",
                          names=["share"], imagenet=[0.01, 0.02, 0.04, 0.08, 0.16])
    def salt(x, draws, size, share):
        return x.masked_fill(draws.uniform(*x.shape[1:]) < share, 1.0)

It is loaded by `robustcore --plugin FILE ...` (any command), by the variable ROBUSTCORE_PLUGINS, by an installed package's
entry point of the group "robustcore.plugins", and in a notebook by `extending.load("my.py")`. What it registers is then
everywhere: in `robustcore list`, evaluations, worker processes, pages. `docs/extending.md` shows each of the ten kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from robustcore.attacks._base import Option as AttackOption
from robustcore.attacks._base import Oracle, attack
from robustcore.corruptions import suites as _suites
from robustcore.corruptions._base import corruption
from robustcore.corruptions.families import LAST, family
from robustcore.datasets import ArrayDataset, dataset
from robustcore.detection.scores import score
from robustcore.evaluation.condition import Condition
from robustcore.metrics import metric
from robustcore.models import Card, Classifier, model
from robustcore.pages import page
from robustcore.plugins import failures, load, unload
from robustcore.sequences._base import sequence
from robustcore.training.interventions import Intervention, Step, View, intervention, setting

__all__ = [
    "ArrayDataset",
    "AttackOption",
    "Card",
    "Classifier",
    "Condition",
    "Intervention",
    "Oracle",
    "Step",
    "View",
    "attack",
    "corruption",
    "dataset",
    "failures",
    "family",
    "intervention",
    "load",
    "metric",
    "model",
    "page",
    "score",
    "sequence",
    "setting",
    "suite",
    "unload",
]


def suite(
    name: str,
    *,
    title: str,
    description: str,
    conditions: Sequence[Condition | str] | Callable[[], Sequence[Condition | str]] | None = None,
    order: int = LAST,
    kind: str = "",
) -> None:
    """Register a suite: a named list of conditions.

    Args:
        name: what `robustcore evaluate --suite` finds it by.
        title: for people.
        description: what it is for, one sentence.
        conditions: its conditions, or a function that gives them; a corruption's name stands for all its severities. Left
            out for a suite of the corruptions (or sequences) that name it in their `suites` (or `suite`); register it
            before them.
        order: its place among the suites.
        kind: "corruption", "sequence", "attack", "shift" or "unknown" where all conditions are of that kind; by default "mixed" for a
            suite with conditions, "corruption" for one without.
    """
    if conditions is None:
        _suites.register(name, title=title, description=description, order=order, kind=kind or "corruption")
        return
    make = conditions if callable(conditions) else lambda: conditions
    _suites.register(name, title=title, description=description, order=order, kind=kind or "mixed", conditions=make)
