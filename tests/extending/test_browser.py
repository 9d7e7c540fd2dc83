"""A real browser on a server that was started with every block of docs/extending.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Tab, chromium, running

__all__ = ["chromium"]  # the fixture


@pytest.mark.slow
def test_the_page_the_corruption_the_metric_and_the_suite_are_seen(
    files: dict[str, Path], own_cache: Path, tmp_path: Path, chromium: Any
) -> None:
    flags = [word for path in files.values() for word in ("--plugin", str(path))]
    flags += ["--plugin", str(tmp_path / "missing.py")]
    evaluate = ["evaluate", "--model", "scenes/resnet-standard", "--dataset", "scenes", "--limit", "24"]
    command = [sys.executable, "-m", "robustcore.cli", *flags, *evaluate, "--suite", "salt", "bad-weather"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "ROBUSTCORE_CACHE": str(own_cache)})
    with running(own_cache, *flags, log=tmp_path / "server.log") as address:
        tab = Tab(chromium.new_page(), address)
        tab.open("/lab-notes")
        tab.page.locator("[data-testid=stSidebar]").get_by_text("missing.py").wait_for()
        assert tab.page.inner_text("h1").startswith("What do we have?")
        tab.page.locator("[data-testid=stMetric]").nth(6).wait_for()  # one a family
        tab.open("/corruptions?corruptions_suite=In+no+suite")
        tab.page.get_by_text("Salt", exact=True).first.wait_for()
        suites = "compare_suite=In+no+suite&compare_suite=Bad+weather"
        tab.open(f"/compare?compare_model=scenes/resnet-standard&{suites}&compare_measure=Error+growth")
        tab.page.get_by_text("Error growth = errors").first.wait_for()
        tab.page.get_by_text("In no suite + Bad weather").first.wait_for()
        tab.open("/evaluate?evaluate_suite=Bad+weather")
        tab.page.get_by_text("Bad weather").first.wait_for()
        assert tab.foreign() == []
        tab.page.close()
