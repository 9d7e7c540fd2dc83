"""Which run of a page is the latest of its session: what an earlier one still waits for, nobody sees any more."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_RUNS = "_runs"  # in the session: the number of the latest run


def begin() -> None:
    """A run of a page begins."""
    _runs()["latest"] += 1


def overtaken() -> Callable[[], bool]:
    """Asks, from any thread, whether a later run of this session has begun; never where there is no session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return lambda: False
    runs = _runs()
    mine = runs["latest"]
    return lambda: runs["latest"] != mine


def _runs() -> dict[str, int]:
    runs: dict[str, int] = st.session_state.setdefault(_RUNS, {"latest": 0})
    return runs
