"""Images: what an evaluated model loses, is sure of, confuses, and where its images lie."""

from __future__ import annotations

import streamlit as st

from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.images import breaking, confusion, controls, disagreement, embedding, mistakes
from dashboard.views.images.controls import KEY
from dashboard.widgets import states
from robustcore.reports.images.notes import conditions_left_out

PAGE = Page(
    title="Images",
    icon=":material/photo_library:",
    order=24,
    group="Explore",
    question="Which images are worth looking at?",
    purpose="Of an evaluated model: the images that break first and last, confident mistakes, disagreements, confusions, and a "
    "map of images by their features.",
    help="Choose an evaluated model and a corruption. All is chosen from stored answers; the pictures are made again when they "
    "are looked at. Click a cell of the confusion matrix, or draw a lasso on the map, for the images behind it.",
    terms=("Corruption", "Suite"),
)
VIEWS = {
    "breaking": ("First and last to break", breaking.show),
    "mistakes": ("Confident mistakes", mistakes.show),
    "disagreement": ("Disagreements", disagreement.show),
    "confusion": ("Confusion matrix", confusion.show),
    "map": ("Map", embedding.show),
}


def render() -> None:
    """The page below its heading."""
    choice = controls.pick()
    view = selection.segmented(
        "View",
        list(VIEWS),
        key=f"{KEY}_view",
        kind="view",
        text=lambda name: VIEWS[name][0],
        label_visibility="collapsed",
    )
    if choice is None:
        states.empty(
            "No answers are stored",
            "The model is not evaluated on the clean images with this seed: run an evaluation on the page Evaluate.",
            icon=PAGE.icon,
        )
        return
    VIEWS[view][1](choice)
    if choice.answered.left_out:
        names = tuple(dict.fromkeys(condition.name for condition in choice.answered.left_out))
        left_out = conditions_left_out(len(choice.answered.left_out), names, choice.answered.images)
        st.caption(states.plain(left_out.text))
