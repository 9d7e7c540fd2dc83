"""What a page owes to every reader: contrast, names of controls, one heading, figures whose text can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboard import pages
from tests.browser.conftest import Tab

pytestmark = pytest.mark.browser

# The navigation's nested lists are Streamlit's own.
OUTSIDE = {"exclude": [["[data-testid=stSidebarNav]"]]}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "rules": {"page-has-heading-one": {"enabled": True}},
}
# The lowest contrast of a text of a figure on the page's background, and that text. axe does not look into SVG.
FIGURES = """() => {
    const light = c => { const l = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                         return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const ground = parts(getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor).slice(0, 3);
    let worst = [99, ''];
    for (const text of document.querySelectorAll('[data-testid=stPlotlyChart] :is(.xtick, .ytick, .g-xtitle, .textpoint, .legend) text')) {
        for (const each of [text, ...text.querySelectorAll('tspan')]) {
            if (![...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
            const style = getComputedStyle(each), fill = parts(style.fill), alpha = Number(style.opacity) * (fill[3] ?? 1);
            const seen = fill.slice(0, 3).map((v, i) => alpha * v + (1 - alpha) * ground[i]);
            const [low, high] = [light(seen), light(ground)].sort((a, b) => a - b);
            const contrast = (high + 0.05) / (low + 0.05);
            if (contrast < worst[0]) worst = [contrast, each.textContent];
        }
    }
    return worst;
}"""


def look_at(tab: Tab) -> None:
    """What axe-core finds on the page, and the text of its figures."""
    found = Axe().run(tab.page, context=OUTSIDE, options=RULES).response["violations"]
    assert not found, [(each["id"], node["html"][:200]) for each in found for node in each["nodes"]]
    assert tab.page.locator("h1").count() == 1
    assert tab.page.title().endswith(" · robustcore")
    contrast, text = tab.page.evaluate(FIGURES)
    assert contrast >= 4.5, text


def test_the_ranking_of_compare_can_be_read_in_the_dark(open_tab: Callable[..., Any]) -> None:
    look_at(open_tab("/compare", dark=True))


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("page", [view.address for view in pages.views()])
def test_every_page(open_tab: Callable[..., Any], page: str, dark: bool) -> None:
    look_at(open_tab("/" if page == pages.views()[0].address else f"/{page}", dark=dark))
