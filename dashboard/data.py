"""Everything that pages load and compute through caches: the only file with `st.cache_data` and `st.cache_resource`.

A cached loader takes plain values and its own digests, never an image or a model: Streamlit hashes large images by
samples and cannot hash models at all. Every cache is bounded.
"""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger(__name__)

_warm_up_lock = threading.Lock()
_warm_up_thread: threading.Thread | None = None


def warm_up() -> threading.Thread:
    """Start loading what the first page needs, once for the process; returns the thread that does it."""
    global _warm_up_thread
    with _warm_up_lock:
        if _warm_up_thread is None:
            _warm_up_thread = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
            _warm_up_thread.start()
    return _warm_up_thread


def _warm_up() -> None:
    """Runs beside the server: calls nothing of Streamlit's."""
    try:
        import robustcore.corruptions  # noqa: F401  (torch comes with it: seconds)
    except Exception:  # the page that needs it meets the same error again and shows it
        log.exception("The warm-up failed")


def read_only() -> bool:
    """Whether the dashboard was started with --read-only: nothing is launched, uploaded or deleted."""
    return os.environ.get("ROBUSTCORE_READ_ONLY") == "1"
