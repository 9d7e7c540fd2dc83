"""The map of overlaps in a real browser: a cell that is clicked shows the numbers that made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robustcore import overlap
from robustcore.atlas import plan
from robustcore.figures.overlap import cell_side
from tests.browser.conftest import Tab
from tests.overlap.tables import atlas, write

pytestmark = pytest.mark.browser
NAMES = ["gaussian_noise", "shot_noise", "defocus_blur", "zoom_blur", "fog", "frost"]


@pytest.fixture(scope="session")
def table(server_cache: Path) -> Path:
    return write(server_cache, "clicked", atlas(NAMES))


def test_a_click_on_a_cell_shows_its_formula(open_tab: Callable[..., Tab], table: Path) -> None:
    tab = open_tab("/overlap?overlap_table=clicked", width=390)
    squares = tab.page.locator(".st-key-overlap_scroll .scatterlayer .point")
    squares.first.wait_for(timeout=60_000)
    tab.settle()
    assert squares.count() == len(NAMES) ** 2
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    names = {name.replace("_", " ").capitalize(): name for name in NAMES}
    rows = [names[text] for text in tab.page.locator(".st-key-overlap_scroll .ytick text").all_text_contents()]
    overlaps = overlap.measure(plan.read(table), metric="residual")
    # A cell that is not the one shown to begin with: of the second row, and of a column of another category.
    cell = overlaps.pair(rows[1], rows[4])
    plot = tab.page.locator(".st-key-overlap_scroll .nsewdrag").first
    plot.scroll_into_view_if_needed()
    side = cell_side(len(NAMES))
    plot.click(position={"x": 4.5 * side, "y": 1.5 * side})
    panel = tab.page.locator(".st-key-overlap_cell")
    share = panel.locator(".katex-mathml", has_text=f"={cell.onto_second:.2f}".replace("-", "−")).first
    share.wait_for(state="attached", timeout=30_000)
    tab.settle()
    assert panel.locator("img").count() == 3
    assert panel.get_by_text(f"{max(0.0, cell.signed):.2f}", exact=True).count() >= 1
