"""Caches of what was read of the results: kept as long as the results are the same, and emptied when an evaluation has ended."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from dashboard import file_versions
from dashboard.file_versions import FileVersion

Reader = TypeVar("Reader", bound=Callable[..., Any])

_LOOK_AGAIN = 2.0  # seconds: while an evaluation is writing, results are read again at most so often
_LONGEST = 24 * 3600.0  # seconds

_readers: list[Any] = []
_lock = threading.Lock()
_looked: list[tuple[float, tuple[FileVersion, ...]]] = []  # (when, versions), one entry or none


def reads_results(
    *, max_entries: int, ttl: float = _LONGEST, show_spinner: str | bool = "Reading the results …"
) -> Callable[[Reader], Reader]:
    """`@reads_results(max_entries=16)`: a loader whose answers are kept until the files of results change, at most `ttl`
    seconds: for what reads other things too."""

    def cached(loader: Reader) -> Reader:
        @functools.wraps(loader)
        def read(results: tuple[FileVersion, ...], *args: Any, **kwargs: Any) -> Any:
            return loader(*args, **kwargs)

        # Streamlit tells arguments that it leaves out of the key by their names, which it reads here.
        own = inspect.signature(loader)
        first = inspect.Parameter("results", inspect.Parameter.POSITIONAL_ONLY)
        read.__signature__ = own.replace(parameters=[first, *own.parameters.values()])  # type: ignore[attr-defined]
        kept: Any = st.cache_data(ttl=ttl, max_entries=max_entries, show_spinner=show_spinner)(read)
        _readers.append(kept)

        @functools.wraps(loader)
        def look_up(*args: Any, **kwargs: Any) -> Any:
            return kept(result_versions(), *args, **kwargs)

        return look_up  # type: ignore[return-value]

    return cached


def result_versions() -> tuple[FileVersion, ...]:
    """The versions of the files of results and of their logs; looked up again after two seconds."""
    with _lock:
        if _looked and time.monotonic() - _looked[0][0] < _LOOK_AGAIN:
            return _looked[0][1]
    versions = versions_now()
    with _lock:
        _looked[:] = [(time.monotonic(), versions)]
    return versions


def versions_now() -> tuple[FileVersion, ...]:
    """The same as they are at this moment."""
    from robustcore.evaluation import Store

    versions = []
    for layer in Store().layers():
        for path in (layer.path, layer.path.with_name(f"{layer.path.name}-wal")):
            try:
                versions.append(file_versions.version(path))
            except FileNotFoundError:  # no log
                continue
    return tuple(versions)


def results_changed() -> None:
    """An evaluation has ended: what was read of the results is read again."""
    with _lock:
        _looked.clear()
    for reader in _readers:
        reader.clear()
