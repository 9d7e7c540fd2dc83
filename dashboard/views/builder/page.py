"""Benchmark builder: choose corruptions, and see what the benchmark weighs, forgets and predicts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.pages import Page
from dashboard.views.builder import checklist, controls, export, meters, scores
from dashboard.views.builder.inputs import Ground
from dashboard.widgets import states
from robustcore.atlas.populations import Population
from robustcore.overlap.criteria import Difference
from robustcore.reports.overlap import benchmark
from robustcore.reports.overlap.benchmark import IMAGENET_C, YOURS

PAGE = Page(
    title="Benchmark builder",
    icon=":material/construction:",
    order=36,
    group="Understand",
    question="Which corruptions make a benchmark that predicts natural shifts?",
    purpose="Choose corruptions or draw them by category, and see what the benchmark weighs twice, what it forgets and what it predicts.",
    help="A benchmark is judged by the overlaps of its corruptions, and by how well robustness to it goes with robustness to "
    "natural shifts over the models that are known. ImageNet-C, ImageNet-P's counterparts and Syn2Nat stand beside it. What is "
    "chosen can be saved as a suite that every evaluation takes.",
)


def render() -> None:
    """The page below its heading."""
    picked = controls.pick()
    if picked is None:
        states.empty(
            "No overlaps have been computed yet",
            "An atlas of overlaps trains one model for each corruption and tests all of them on all: "
            "robustcore overlap --suite imagenet-c --model scenes/resnet --seeds 2",
            icon=":material/grid_on:",
        )
        return
    found, seed = picked
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        names = controls.chosen(found)
        checklist.summary(names)
        checklist.show(found, names)
    with right:
        _judge(found, names, seed)
        export.show(found, names)


def _judge(found: Ground, names: list[str], seed: int) -> None:
    """The meter and the figure of a selection."""
    models = found.tested(names)
    told = _told(found, names, models)
    meter = benchmark.meter(found.overlap, found.labels, names) if names else None
    if meter is not None:
        meters.show(found, meter, _reference(found), told, _gain(found, names, models))
    else:
        st.caption("Nothing is chosen yet: the figures show the benchmarks that are known.")
    scores.show(found, meter, told, models, seed)


def _told(found: Ground, names: list[str], models: Population) -> pd.DataFrame:
    known = found.others(models)
    # A benchmark that is the selection itself is not drawn twice.
    others = {label: each.names for label, each in known.items() if set(each.names) != set(names)}
    return benchmark.predicted({YOURS: names, **others}, models)


def _reference(found: Ground) -> benchmark.Meter | None:
    """ImageNet-C by the same overlaps, where it is among the candidates."""
    import robustcore.corruptions as corruptions

    whole = corruptions.names("imagenet-c")
    if not set(whole) <= set(found.candidates):
        return None
    return benchmark.meter(found.overlap, found.labels, whole)


def _gain(found: Ground, names: list[str], models: Population) -> Difference | None:
    """How much more the selection predicts than ImageNet-C."""
    other = found.others(models).get(IMAGENET_C)
    if other is None or set(other.names) == set(names):
        return None
    return benchmark.against(names, other.names, models)
