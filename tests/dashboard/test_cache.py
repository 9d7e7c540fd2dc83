"""The loaders of the pages: all caches in one place, and fresh after an evaluation."""

from __future__ import annotations

from pathlib import Path

from dashboard import cache
from dashboard.cache.expiry import reads_results

PACKAGE = Path(cache.__file__).resolve().parent


def test_caches_stand_in_one_place() -> None:
    """What is cached for how long, and what a cache may hold, can be read in one folder."""
    elsewhere = [p for p in PACKAGE.parent.rglob("*.py") if PACKAGE not in p.parents]
    assert len(elsewhere) > 20
    assert not [p for p in elsewhere if "st.cache_" in p.read_text()]


def test_public_names_are_there_once() -> None:
    """Their order is the linter's, constants first."""
    assert len(set(cache.__all__)) == len(cache.__all__)
    assert all(hasattr(cache, name) for name in cache.__all__)


def test_what_was_read_is_read_again_when_results_change() -> None:
    reads: list[str] = []

    @reads_results(max_entries=2, show_spinner=False)
    def read(name: str) -> int:
        reads.append(name)
        return len(reads)

    assert (read("a"), read("a")) == (1, 1)
    cache.expiry.results_changed()
    assert read("a") == 2
