"""Compare in a browser: a click on a figure, and the address that leads back to what it showed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMAGES = ".st-key-compare_behind_open"


def test_a_click_on_a_bar_leads_to_images_beside_the_figure_and_stands_in_the_address(
    open_tab: Callable[..., Any],
) -> None:
    tab = open_tab("/compare")
    tab.page.locator(".js-plotly-plot .scatterlayer .points path").nth(3).click(force=True)
    tab.page.wait_for_selector(IMAGES)
    tab.settle()
    figure, images = (
        tab.page.locator(place).bounding_box() for place in (".st-key-compare_with_images .js-plotly-plot", IMAGES)
    )
    assert images["x"] >= figure["x"] + figure["width"]
    address = urlsplit(tab.page.url)
    assert "compare_behind_model" in address.query
    heading = tab.page.inner_text(f"{IMAGES} h3")
    again = open_tab(f"{address.path}?{address.query}")
    again.page.wait_for_selector(IMAGES)
    assert again.page.inner_text(f"{IMAGES} h3") == heading


def test_back_undoes_one_choice_at_a_time_and_then_leads_to_the_page_before(open_tab: Callable[..., Any]) -> None:
    tab = open_tab("/leaderboard")
    tab.page.get_by_role("link", name="Compare").first.click()
    tab.page.wait_for_selector(".st-key-compare_view")
    tab.settle()
    addresses = [tab.page.url]
    for name in ("Corruptions", "Heatmap"):
        tab.page.locator(".st-key-compare_view").get_by_text(name, exact=True).click()
        tab.page.wait_for_url(f"**compare_view={name}")
        tab.settle()
        addresses.append(tab.page.url)
    for address in addresses[-2::-1]:
        tab.page.go_back()
        tab.settle()
        assert tab.page.url == address
    tab.page.go_back()
    tab.settle()
    assert urlsplit(tab.page.url).path == "/leaderboard"
