"""The controls of an attack: which one, its budget, its goal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from dashboard.session import selection
from dashboard.widgets import states
from dashboard.widgets.addresses import ATTACK_RADII
from robustcore import attacks
from robustcore.attacks import presets
from robustcore.attacks.budgets import TITLES
from robustcore.display import display_name
from robustcore.reports.preview.attack_anatomy import Settings

# Radii that are offered, in units of the [0, 1] pixels; those of L-inf are `addresses.ATTACK_RADII`.
L2 = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
L1 = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 40.0, 60.0, 120.0)
_GOALS = {"untargeted": "Any wrong class", "targeted": "One class", "least_likely": "The least likely class"}
_LENGTHS = ("steps", "queries")  # the option that says how long an attack may run
_MOST = {"steps": 200, "queries": 2000}


def pick(prefix: str, classes: Sequence[str], label: int | None) -> Settings:
    """Draw the controls that the chosen attack has."""
    names = [*attacks.names(), *attacks.preset_names()]
    a, b = st.columns([2.2, 1], vertical_alignment="bottom")
    with a:
        name = selection.selectbox("Attack", names, key=f"{prefix}_name", kind="attack", default="pgd", text=_title)
    with b:
        seed = selection.number(
            "Seed", 0, 2**31 - 1, key=f"{prefix}_seed", default=0, kind="seed", help="For the random draws."
        )
    method, preset = attacks.resolve(name)
    if preset is not None:
        st.caption(states.plain(f"{preset.summary} {preset.document}, {preset.section}."))
        return Settings(name, seed=seed)
    st.caption(states.plain(f"{method.summary} Uses the model's {method.needs}. Source: {method.source}."))
    columns = iter(st.columns(5 if "targeted" in method.goals else 4, vertical_alignment="bottom"))
    norm, eps = _budget(prefix, method, columns)
    goal, target = _goal(prefix, method, columns, classes, label)
    with next(columns):
        length = _length(prefix, method)
    return Settings(name, eps, norm, goal, target, seed, length)


def _title(name: str) -> str:
    if name in attacks.names():
        return attacks.get(name).title
    preset = presets.registry[name]
    return f"{preset.plain_name} · preset of {preset.document} {preset.section}"


def _budget(prefix: str, method: attacks.Attack, columns: Iterator[Any]) -> tuple[str, float | None]:
    with next(columns):
        norm = selection.segmented(
            "Norm", list(method.norms), key=f"{prefix}_norm", kind="norm", text=TITLES.__getitem__, width="stretch"
        )
    if not method.bounded:
        return norm, None
    with next(columns):
        if norm == "linf":
            eps = selection.selectbox(
                "eps", list(ATTACK_RADII), key=f"{prefix}_eps", kind="eps", default=8.0, text=lambda v: f"{v:g}/255"
            )
            return norm, eps / 255
        radii, usual = (L2, 1.0) if norm == "l2" else (L1, 16.0)
        return norm, selection.selectbox(
            f"eps ({TITLES[norm]})",
            list(radii),
            key=f"{prefix}_eps_{norm}",
            kind="eps",
            default=usual,
            text=lambda v: f"{v:g}",
        )


def _goal(
    prefix: str, method: attacks.Attack, columns: Iterator[Any], classes: Sequence[str], label: int | None
) -> tuple[str, int | None]:
    with next(columns):
        goal = selection.selectbox(
            "Goal", list(method.goals), key=f"{prefix}_goal", kind="goal", text=_GOALS.__getitem__
        )
    if goal != "targeted":
        return goal, None
    others = [k for k in range(len(classes)) if k != label]
    with next(columns):
        target = selection.selectbox(
            "Target class", others, key=f"{prefix}_target", kind="class", text=lambda k: display_name(classes[k])
        )
    return goal, target


def _length(prefix: str, method: attacks.Attack) -> tuple[tuple[str, Any], ...]:
    """The number of steps or queries, for attacks that have one."""
    for option in _LENGTHS:
        if option in method.options:
            chosen = method.options[option]
            value = selection.number(
                option.capitalize(),
                int(max(1, chosen.low)),
                _MOST[option],
                key=f"{prefix}_{option}_{method.name}",
                default=int(chosen.default),
                kind=f"number of {option}",
                help=chosen.summary,
            )
            return ((option, value),)
    return ()
