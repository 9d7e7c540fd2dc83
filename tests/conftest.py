"""What every test gets: a cache of its own, and one thread, so that results and times do not depend on the machine."""

from __future__ import annotations

import os
import tempfile

# Before anything reads it, for modules that look at import; each test gets a folder of its own below.
os.environ["ROBUSTCORE_CACHE"] = tempfile.mkdtemp(prefix="robustcore-tests-")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own cache folder: no test sees what another computed, and none touches the real one."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(folder))
    return folder
