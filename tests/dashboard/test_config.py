"""The settings beside the entry script: what keeps the dashboard to itself, and one palette for page and figures."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dashboard import pages
from robustcore.figures import _style

FILE = Path(pages.__file__).parent / ".streamlit" / "config.toml"
CONFIG = tomllib.loads(FILE.read_text())


def test_keeps_to_itself() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["enableXsrfProtection"] is True
    assert CONFIG["server"]["fileWatcherType"] == "none"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert "http" not in FILE.read_text()  # no font or theme from elsewhere


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_and_figures_have_one_palette(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    assert tuple(colours["chartCategoricalColors"]) == _style.PALETTE
    assert len(colours["chartSequentialColors"]) == len(colours["chartDivergingColors"]) == 10


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["textColor", "primaryColor", "linkColor", "redColor", "orangeColor", "grayColor"])
def test_words_and_marks_can_be_read(theme: str, name: str) -> None:
    high, low = sorted((luminance(CONFIG["theme"][theme][key]) for key in (name, "backgroundColor")), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
