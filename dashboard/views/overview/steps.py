"""Three steps for a newcomer, until they are dismissed."""

from __future__ import annotations

import streamlit as st

from dashboard.views.overview.addresses import KEY
from dashboard.widgets import links

STEPS = (("corruptions", "1. See it break"), ("compare", "2. Compare"), ("models_and_data", "3. Test yours"))
_DISMISSED = f"_{KEY}_steps_dismissed"  # in the session


def show() -> None:
    """The steps in one row, and a button that takes them away."""
    if st.session_state.get(_DISMISSED):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"{KEY}_steps"):
        for view, title in STEPS:
            links.to(view, title)
        st.button(
            "Dismiss",
            icon=":material/close:",
            help="Take these steps away.",
            type="tertiary",
            key=f"{KEY}_dismiss",
            on_click=lambda: st.session_state.update({_DISMISSED: True}),
        )
