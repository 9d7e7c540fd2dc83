"""Which of a table's corruptions make the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import robustcore.corruptions as corruptions
from dashboard.session import selection
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import labels

ALL, OWN = "all", "own"


def pick(matrix: Matrix) -> tuple[str, ...]:
    """A suite that is whole in the table, the whole table, or chosen corruptions."""
    names = matrix.overlap.names
    whole = [suite for suite in corruptions.suites.names("corruption") if is_part(corruptions.names(suite), names)]
    options = [*whole, ALL, OWN]
    name = selection.segmented("Benchmark", options, key=f"{KEY}_benchmark", kind="benchmark", text=_title)
    if name == ALL:
        return names
    if name != OWN:
        return tuple(n for n in names if n in corruptions.names(name))
    default = [n for n in names if whole and n in corruptions.names(whole[0])] or list(names[:6])
    ticked = selection.multiselect(
        "Corruptions of the benchmark",
        list(names),
        key=f"{KEY}_ticked",
        kind="corruption",
        default=default,
        text=matrix.labels.__getitem__,
    )
    if not ticked:
        st.caption("Choose one corruption or more.")
    return tuple(ticked)


def is_part(suite: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a suite of two corruptions or more is whole in a table that has others too."""
    return len(suite) > 1 and set(suite) < set(names)


def title(members: Sequence[str]) -> str:
    """A benchmark's name inside a sentence."""
    for suite in corruptions.suites.names("corruption"):
        if set(corruptions.names(suite)) == set(members):
            return labels.suite(suite)
    return f"a benchmark of {len(members)} corruption{'' if len(members) == 1 else 's'}"


def _title(name: str) -> str:
    return {ALL: "All", OWN: "My own"}.get(name) or labels.suite(name)
