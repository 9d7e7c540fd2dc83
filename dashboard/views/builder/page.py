"""Benchmark builder: choose corruptions, and see what the benchmark counts twice, leaves out and predicts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.pages import Page
from dashboard.views.builder import assessment, checklist, controls, export, scores
from dashboard.views.builder.inputs import CandidateAtlas
from dashboard.widgets import states
from robustcore.atlas.populations import Population
from robustcore.overlap.criteria import Difference
from robustcore.reports.overlap import benchmark
from robustcore.reports.overlap.benchmark import IMAGENET_C, YOURS

PAGE = Page(
    title="Benchmark builder",
    icon=":material/construction:",
    order=41,
    group="Research",
    question="Which corruptions make a benchmark that predicts natural shifts?",
    purpose="Choose corruptions, or draw them by category. See what the benchmark counts twice, leaves out and predicts.",
    help="A benchmark is judged by the overlaps of its corruptions, and by how well robustness to it predicts robustness to "
    "natural shifts. ImageNet-C, ImageNet-P's counterparts and Syn2Nat are shown for comparison. Save your choice as a suite to "
    "evaluate models on it.",
    terms=("Benchmark", "Candidate", "Category", "Overlap", "Population"),
)


def render() -> None:
    """The page below its heading."""
    picked = controls.pick()
    if picked is None:
        states.empty(
            "No overlaps have been computed yet",
            "An atlas of overlaps needs one model for each corruption, tested on all corruptions. This command makes one: "
            "robustcore overlap --suite imagenet-c --model scenes/resnet --seeds 2",
            icon=":material/grid_on:",
        )
        return
    atlas, seed = picked
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        names = controls.chosen(atlas)
        checklist.summary(names)
        checklist.show(atlas, names)
    with right:
        _assess(atlas, names, seed)
        export.show(atlas, names)


def _assess(atlas: CandidateAtlas, names: list[str], seed: int) -> None:
    """The tiles and the figure of a selection."""
    models = atlas.tested(names)
    correlations = _correlations(atlas, names, models)
    own = benchmark.assess(atlas.overlap, atlas.labels, names) if names else None
    if own is not None:
        assessment.show(atlas, own, _reference(atlas), correlations, _gain(atlas, names, models))
    else:
        st.caption("Nothing is selected. The figures show the known benchmarks.")
    scores.show(atlas, own, correlations, models, seed)


def _correlations(atlas: CandidateAtlas, names: list[str], models: Population) -> pd.DataFrame:
    benchmarks = atlas.others(models)
    # A benchmark that is the selection itself is not drawn twice.
    others = {label: each.names for label, each in benchmarks.items() if set(each.names) != set(names)}
    return benchmark.predicted({YOURS: names, **others}, models)


def _reference(atlas: CandidateAtlas) -> benchmark.Assessment | None:
    """ImageNet-C by the same overlaps, where it is among the candidates."""
    import robustcore.corruptions as corruptions

    whole = corruptions.names("imagenet-c")
    if not set(whole) <= set(atlas.candidates):
        return None
    return benchmark.assess(atlas.overlap, atlas.labels, whole)


def _gain(atlas: CandidateAtlas, names: list[str], models: Population) -> Difference | None:
    """How much more the selection predicts than ImageNet-C."""
    other = atlas.others(models).get(IMAGENET_C)
    if other is None or set(other.names) == set(names):
        return None
    return benchmark.against(names, other.names, models)
