"""Overlap: which corruptions measure the same thing, and what a benchmark of them weighs twice or forgets."""

from __future__ import annotations

import streamlit as st

from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.overlap import architectures, balance, categories, controls, coverage, heatmap, matrix, models
from dashboard.widgets import states

PAGE = Page(
    title="Overlap",
    icon=":material/grid_on:",
    order=35,
    group="Understand",
    question="Which corruptions measure the same thing?",
    purpose="One model was trained on each corruption and tested on all: where training on one helps against another, the two "
    "overlap.",
    help="Click a cell of the map to see the accuracies that made it. The other views show the categories, what a benchmark "
    "weighs twice and what it forgets, and whether another architecture says the same.",
)
VIEWS = {
    "heatmap": ("Heatmap", heatmap.view),
    "categories": ("Categories", categories.view),
    "balance": ("Balance", balance.view),
    "coverage": ("Coverage", coverage.view),
    "architectures": ("Architectures", architectures.view),
    "models": ("Models", models.view),
}


def render() -> None:
    """The page below its heading."""
    chosen = controls.pick()
    if chosen is None:
        _nothing()
        return
    view = selection.segmented(
        "View",
        list(VIEWS),
        key=f"{controls.KEY}_view",
        kind="view",
        text=lambda v: VIEWS[v][0],
        label_visibility="collapsed",
    )
    VIEWS[view][1](matrix.find(chosen))


def _nothing() -> None:
    with states.empty(
        "No atlas yet",
        "An atlas is one model for each corruption, tested on all of them. This command trains and tests them, goes on where "
        "it was stopped, and its table then stands here.",
        icon=":material/grid_on:",
    ):
        st.code("robustcore overlap --suite imagenet-c --model scenes/resnet --seeds 2", language="bash")
