"""Computations that leave the server's process, from a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.session import runs
from dashboard.workers import pool


def offload(kind: str, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """The value of a function of plain values, kept on the disk, else computed by a worker process (`pool.call`).

    A page that has been overtaken by a later run of its session stops here.
    """
    try:
        return pool.call(kind, key, function, *arguments, overtaken=runs.overtaken())
    except pool.OvertakenError:
        st.stop()
