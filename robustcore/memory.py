"""What the C library does with memory that a process has freed; where it is another than glibc, nothing happens."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping

# Options of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8


def keep() -> None:
    """Keep freed memory for the next batch instead of giving it back and asking again: the page faults of that are a
    quarter of a small network's time. For processes that evaluate and end."""
    _set({_TRIM_THRESHOLD: 1 << 30, _MMAP_THRESHOLD: 1 << 30, _TOP_PAD: 1 << 26, _ARENA_MAX: 1})


def give_back() -> None:
    """Give large pieces back at once, and keep the small ones together. For a server: each run of a page is a thread of
    its own, and by default each would leave a heap behind. To be called before threads begin."""
    _set({_TRIM_THRESHOLD: 1 << 24, _MMAP_THRESHOLD: 1 << 20, _ARENA_MAX: 2})


def _set(options: Mapping[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
