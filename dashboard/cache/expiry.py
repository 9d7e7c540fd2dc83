"""Caches of what was read of the results: short-lived, and emptied as soon as an evaluation has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

Reader = TypeVar("Reader", bound=Callable[..., Any])

_readers: list[Any] = []


def reads_results(
    *, max_entries: int, ttl: float = 2, show_spinner: str | bool = "Reading the results …"
) -> Callable[[Reader], Reader]:
    """`@reads_results(max_entries=16)`: a loader whose answers are kept until results change, at most `ttl` seconds."""

    def cached(loader: Reader) -> Reader:
        kept: Any = st.cache_data(ttl=ttl, max_entries=max_entries, show_spinner=show_spinner)(loader)
        _readers.append(kept)
        return kept  # type: ignore[no-any-return]

    return cached


def results_changed() -> None:
    """An evaluation has ended: what was read of the results is read again."""
    for reader in _readers:
        reader.clear()
