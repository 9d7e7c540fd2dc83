"""Next to a figure of results under attack: the images that a model lost and kept under the attack whose mark was clicked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import selection
from dashboard.views.compare import example_images
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.example_images import CLICKED, MODEL, PLACE, Mark
from dashboard.widgets import states
from robustcore.reports.attacks import evaluated

ATTACK = f"{PLACE}_attack"


def panel(stored: Stored, clicked: Mark | None) -> None:
    """What a click on a mark leads to; it stays in the address."""
    table = stored.every
    titles = evaluated.titles(table)
    _adopt(table, clicked)
    with st.container(border=True, key=PLACE):
        st.caption(
            ":material/touch_app: Click a mark in the figure to see images that the model lost there, and images that it kept; or choose:"
        )
        with st.container(horizontal=True):
            evaluated_models = set(table["model"])
            models = [m for m in stored.models if m in evaluated_models]
            model = selection.optional("Model", models, key=MODEL, kind="model", width=320)
            own = table if model is None else table[table["model"] == model]
            attack = selection.optional(
                "Attack",
                list(dict.fromkeys(own["condition"])),
                key=ATTACK,
                kind="attack",
                text=titles.__getitem__,
                width=320,
            )
        example_images.lead_here(model, attack)
        if model and attack:
            with st.container(key=f"{PLACE}_open"):  # by which the style sheet knows that there is something to see
                _show(stored, model, attack, titles[attack], own)


def _adopt(table: pd.DataFrame, clicked: Mark | None) -> None:
    """Take over a new click; one that is of no attack, such as that on clean accuracy, leads to the attack that costs most."""
    if clicked is None or st.session_state.get(CLICKED) == clicked:
        return
    st.session_state[CLICKED] = clicked
    own = table[table["model"] == clicked.model]
    if own.empty:
        return
    attack = clicked.label
    if attack not in set(own["condition"]):
        attack = str(own.sort_values("accuracy", kind="stable")["condition"].iloc[0])
    st.session_state.update({MODEL: clicked.model, ATTACK: attack})


def _show(stored: Stored, model: str, attack: str, title: str, own: pd.DataFrame) -> None:
    choice = stored.choice
    st.subheader(f"{states.plain(title)}: what {states.plain(model)} lost and kept", anchor=False)
    example_images.onward(model, choice)
    images = int(own.loc[own["condition"] == attack, "n"].iloc[0])
    subject = next(s for s in stored.subjects if s.name == model)
    outcome = cache.results.under_attack(subject, choice.data, attack, images, choice.seed)
    example_images.lost_and_kept(choice, model, subject.classes, attack, outcome)
