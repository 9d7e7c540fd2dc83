"""The dashboard in a real browser: the grid appears, answers, fits its window, and asks nobody but its own server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dashboard import pages
from tests.browser.conftest import POLLING, Tab

pytestmark = pytest.mark.browser
OpenTab = Callable[..., Tab]
QUESTION = next(view.page.question for view in pages.views() if view.name == "corruptions")
CELLS = ".st-key-corruptions_grid .rc-cell[data-pick]"
ALL_LOADED = """selector => {
    const images = [...document.querySelectorAll(selector + ' img')];
    return images.length > 0 && images.every(image => image.complete && image.naturalWidth > 0);
}"""


def wait_for_images(tab: Tab, selector: str) -> None:
    tab.page.wait_for_function(ALL_LOADED, arg=selector, polling=POLLING, timeout=60_000)


def test_the_grid_is_painted_and_a_click_a_key_and_the_next_image_change_it(open_tab: OpenTab) -> None:
    tab = open_tab("/corruptions?corruptions_from=Scenes")
    page = tab.page
    wait_for_images(tab, ".st-key-corruptions_grid")
    assert page.locator(CELLS).count() == 75
    assert page.locator(".st-key-corruptions_grid img:not([alt])").count() == 0
    assert page.get_by_role("heading", name=QUESTION).is_visible()

    # A click on a thumbnail shows it large and writes the address, which leads back to it.
    page.locator('.rc-cell[data-pick="fog-5"]').click()
    page.get_by_text("Fog, severity 5").wait_for(timeout=30_000)
    page.wait_for_url(re.compile("corruptions_shown=Fog.*corruptions_level=5"), timeout=30_000)
    again = open_tab(page.url.removeprefix(tab.server))
    again.page.get_by_text("Fog, severity 5").wait_for(timeout=30_000)
    again.page.context.close()

    # The keyboard reaches a thumbnail.
    tab.settle()
    page.locator('.rc-cell[data-pick="snow-2"]').focus()
    page.keyboard.press("Enter")
    page.get_by_text("Snow, severity 2").wait_for(timeout=30_000)

    # The next image changes the grid.
    tab.settle()
    first = page.locator(f"{CELLS} img").first
    before = first.get_attribute("src")
    page.get_by_role("button", name="Next").click()
    page.wait_for_function(
        "([selector, old]) => document.querySelector(selector).src !== old",
        arg=[f"{CELLS} img", before],
        polling=POLLING,
        timeout=30_000,
    )
    wait_for_images(tab, ".st-key-corruptions_grid")


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (1440, False),
        (390, True),
        pytest.param(1440, True, marks=pytest.mark.slow),
        pytest.param(390, False, marks=pytest.mark.slow),
    ],
)
def test_fits_its_window(open_tab: OpenTab, width: int, dark: bool) -> None:
    tab = open_tab("/corruptions?corruptions_from=Scenes", width=width, dark=dark)
    wait_for_images(tab, ".st-key-corruptions_grid")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = tab.page.evaluate(
        "width => [...document.querySelectorAll('.st-key-corruptions_grid .rc-cell')]"
        ".filter(cell => cell.getBoundingClientRect().right > width).length",
        width,
    )
    assert beyond == 0
    background = tab.page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 384) == dark


def test_an_upload_that_is_no_image_is_one_sentence(open_tab: OpenTab) -> None:
    tab = open_tab("/corruptions?corruptions_from=Upload")
    tab.page.set_input_files(
        "input[type=file]", files=[{"name": "broken.png", "mimeType": "image/png", "buffer": b"no image"}]
    )
    tab.page.get_by_text("broken.png is not a readable image").wait_for(timeout=30_000)
    assert tab.page.get_by_text("Traceback").count() == 0


def test_an_unknown_page_leads_to_the_start(open_tab: OpenTab) -> None:
    tab = open_tab("/nowhere")
    assert tab.page.get_by_role("heading", name=pages.views()[0].page.question).count() == 1
