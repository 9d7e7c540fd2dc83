"""Compare > Attacks: one figure at a time of what is stored of the models under attack, or all of it as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st

from dashboard import cache
from dashboard.session import selection
from dashboard.views.compare.attacks import budgets, every_attack, nearest, presets, transfer, union
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from dashboard.widgets import states
from robustcore.reports.attacks import robust_accuracy
from robustcore.reports.attacks import union as union_reports

TABLE = "table"
_FIGURES: dict[str, Callable[[Stored], View]] = {
    "ranking": union.ranking,
    "union": union.view,
    "nearest": nearest.view,
    "presets": presets.view,
    "budgets": budgets.view,
    "transfer": transfer.view,
}
_TITLES = {
    "ranking": "Every attack together",
    "union": "Attack by attack",
    "nearest": "Smallest change",
    "presets": "The thesis' attacks",
    "budgets": "By budget",
    "transfer": "Transfer",
    TABLE: "All results",
}


def view(stored: Stored) -> View | None:
    """The chosen figure, below the control that chooses it; None where a table, or a sentence on why there is nothing, is drawn."""
    offered = _offered(stored)
    if not offered:
        states.empty(
            "None of these models has been evaluated under attack",
            "Choose the suite “autoattack” or “robust-accuracy” on the page Evaluate.",
            icon=":material/bolt:",
        )
        return None
    chosen = selection.segmented(
        "Under attack", offered, key=f"{KEY}_under_attack", kind="figure", text=_TITLES.__getitem__
    )
    if chosen == TABLE:
        every_attack.show(KEY, stored.every)
        return None
    drawn = _FIGURES[chosen](stored.at(union_reports.telling_budget(stored.unions.value)))
    attacks = tuple(dict.fromkeys(map(str, stored.every["attack"])))
    signs = cache.results.masked_gradients(stored.subjects, stored.choice.data, stored.choice.seed)
    notes = (*drawn.notes, *(signs if chosen == "budgets" else ()))
    return dataclasses.replace(drawn, attacks=attacks, clickable=True, notes=notes)


def below(drawn: View) -> None:
    """What belongs below a figure."""
    if drawn.key == "presets":
        presets.printed()
    elif drawn.key == "robust-accuracy" and not drawn.notes:
        st.caption(
            "No sign of masked gradients: ten steps do better than one, knowing the model helps, and an unbounded attack wins."
        )


def _offered(stored: Stored) -> list[str]:
    """The figures of which something is stored."""
    curves = stored.curves.value
    known = {
        "ranking": not stored.unions.value.empty,
        "union": not stored.unions.value.empty,
        "nearest": not stored.nearest.value.empty,
        "presets": not stored.presets.value.empty,
        "budgets": not curves.empty,
        "transfer": not robust_accuracy.transferred(curves).empty,
        TABLE: not stored.every.empty or bool(stored.every.attrs["notes"]),
    }
    return [name for name, is_known in known.items() if is_known]
