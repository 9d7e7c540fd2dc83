"""Overlap: which corruptions measure the same thing, and what a benchmark of them counts twice or leaves out."""

from __future__ import annotations

import streamlit as st

from dashboard.pages import Page
from dashboard.session import selection
from dashboard.views.overlap import architectures, balance, categories, controls, coverage, heatmap, matrix, models
from dashboard.widgets import states

PAGE = Page(
    title="Overlap",
    icon=":material/grid_on:",
    order=40,
    group="Research",
    question="Which corruptions measure the same thing?",
    purpose="Two corruptions overlap where training on one makes a model robust to the other.",
    help="For each corruption one model was trained on it and tested on all. Click a cell of the map to see its accuracies. The "
    "other views show categories of corruptions, what a benchmark counts twice, what it leaves out, and whether another "
    "architecture gives the same overlaps.",
    terms=("Overlap", "Atlas", "Category", "APP", "Residual robustness"),
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
    choice = controls.pick()
    if choice is None:
        _no_atlas()
        return
    view = selection.segmented(
        "View",
        list(VIEWS),
        key=f"{controls.KEY}_view",
        kind="view",
        text=lambda v: VIEWS[v][0],
        label_visibility="collapsed",
    )
    VIEWS[view][1](matrix.load(choice))


def _no_atlas() -> None:
    with states.empty(
        "No atlas yet",
        "An atlas has one model for each corruption, tested on all corruptions. This command trains and tests them; its table "
        "then appears here. Stopped, it continues where it was.",
        icon=":material/grid_on:",
    ):
        st.code("robustcore overlap --suite imagenet-c --model scenes/resnet --seeds 2", language="bash")
