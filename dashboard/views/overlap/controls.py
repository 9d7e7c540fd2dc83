"""The controls of all views of Overlap: which matrix, and how its categories are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from dashboard.cache import overlaps
from dashboard.cache.overlaps import RULE, MatrixKey
from dashboard.session import selection
from dashboard.widgets import states
from robustcore import metrics
from robustcore.overlap.gains import METRICS
from robustcore.reports.overlap.atlas import MEAN, Entry, suite_title

KEY = "overlap"
_BY_RULE = "by the 0.5 rule"
_MOST = 15  # K that can be chosen


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the controls say.

    Attributes:
        entry: the atlas.
        entries: all that there are.
        which: its matrix.
        method: of the categories.
        size: K, or `RULE`; of HDBSCAN the fewest corruptions of a category.
        start: seed of K-means.
    """

    entry: Entry
    entries: Sequence[Entry]
    which: MatrixKey
    method: str
    size: int
    start: int


def training(seed: str, count: int) -> str:
    """One seed, or the mean of all, for people."""
    return f"Mean of {count}" if seed == MEAN else f"Seed {seed}"


def pick() -> Choice | None:
    """Draw the controls; None where there is no atlas."""
    entries, refused = overlaps.entries()
    for sentence in refused:
        states.notice(sentence)
    if not entries:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_controls"):
        name = selection.selectbox(
            "Table",
            list(dict.fromkeys(e.suite for e in entries)),
            key=f"{KEY}_table",
            kind="table",
            text=suite_title,
            width=210,
            help="The corruptions. One model was trained on each and tested on all.",
        )
        of_suite = [e for e in entries if e.suite == name]
        architecture = selection.selectbox(
            "Architecture",
            [e.architecture for e in of_suite],
            key=f"{KEY}_architecture",
            kind="architecture",
            width=160,
        )
        entry = next(e for e in of_suite if e.architecture == architecture)
        metric = selection.segmented(
            "Metric",
            list(METRICS),
            key=f"{KEY}_metric",
            kind="metric",
            text=lambda name: metrics.get(name).title,
            help="Residual robustness: accuracy lost (the thesis' experiments). APP: share of clean accuracy kept (its definition).",
        )
        seed = MEAN
        if len(entry.seeds) > 1:
            count = len(entry.seeds)
            seed = selection.segmented(
                "Training",
                [MEAN, *entry.seeds],
                key=f"{KEY}_seed",
                kind="seed",
                text=lambda s: training(s, count),
                help="Use the mean robustness over all training seeds, or one seed.",
            )
        which = overlaps.key(entry, metric, seed)
        method, size, start = _categories(which)
    return Choice(entry, entries, which, method, size, start)


def _categories(which: MatrixKey) -> tuple[str, int, int]:
    """Method, size and seed of the categories, in a popover whose label names them."""
    overlap = overlaps.measured(which)
    usable = len(overlap.names) - len(overlap.undefined)
    method_key, k_key, least_key = f"{KEY}_method", f"{KEY}_k", f"{KEY}_smallest"
    place = st.popover(
        _label(method_key, k_key),
        icon=":material/category:",
        key=f"{KEY}_categories",
        help="How the categories are found.",
    )
    with place:
        method = selection.segmented(
            "Method", list(overlaps.METHODS), key=method_key, kind="method", text=overlaps.METHODS.__getitem__
        )
        if method == "hdbscan":
            high = max(2, min(10, usable))
            least = selection.number(
                "Smallest category",
                2,
                high,
                key=least_key,
                default=2,
                kind="smallest category",
                help="HDBSCAN chooses the number of categories itself and may leave a corruption without one.",
            )
            return method, least, 0
        size = selection.selectbox(
            "Number of categories K",
            [RULE, *range(2, max(2, min(_MOST, usable - 1)) + 1)],
            key=k_key,
            kind="K",
            text=lambda k: str(k) if k else _BY_RULE,
            help="Rule of Laugros' thesis: the first K where rows of the same category correlate by more than 0.5 (SCC).",
        )
        start = 0
        if method == "k-means":
            start = selection.number(
                "Seed of K-means",
                0,
                10_000,
                key=f"{KEY}_start",
                default=0,
                kind="seed",
                help="Of its 100 initialisations. The view Categories shows whether it matters.",
            )
    return method, size, start


def _label(method_key: str, k_key: str) -> str:
    """The popover's label. The value of a bound widget is in the session before the widget is drawn."""
    method = st.session_state.get(method_key) or st.query_params.get(method_key) or "k-means"
    text = overlaps.METHODS.get(method, method if method in overlaps.METHODS.values() else overlaps.METHODS["k-means"])
    k = st.session_state.get(k_key) or st.query_params.get(k_key)
    return (
        text
        if text == overlaps.METHODS["hdbscan"]
        else f"{text}, K {f'= {k}' if str(k).isdigit() and str(k) != str(RULE) else _BY_RULE}"
    )
