"""The whole path, as a person walks it: look at the models, see what breaks one, evaluate it, compare."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard import pages

pytestmark = pytest.mark.browser
FINISHED_WITHIN = 180_000  # milliseconds; on a machine that runs all the tests at once


def question(page: str) -> str:
    """The heading of a page."""
    return next(view.page.question for view in pages.views() if view.name == page)


def test_from_the_first_look_to_the_bars_of_ones_own_evaluation(open_tab: Callable[..., Any]) -> None:
    tab = open_tab("/")
    page = tab.page
    page.get_by_role("heading", name=question("overview")).wait_for()

    # What breaks a model: the link leads to the grid.
    page.get_by_test_id("stMain").locator("a[href*=corruptions]").last.click()
    page.get_by_role("heading", name=question("corruptions")).wait_for()
    page.locator(".rc-cell img").nth(20).wait_for(timeout=60_000)
    tab.settle()
    assert page.locator(".rc-cell .rc-answer").count() > 20

    # An evaluation of 64 images, chosen by hand. Its seed is one that no shipped result has.
    page.get_by_role("link", name="Evaluate", exact=True).click()
    page.get_by_role("heading", name=question("evaluate")).wait_for()
    tab.settle()
    page.get_by_role("button", name="ImageNet-C extra").click()
    tab.settle()
    page.get_by_role("button", name="ImageNet-C", exact=True).click()
    tab.settle()
    images = page.get_by_label("Images", exact=True)
    images.fill("64")
    images.press("Enter")
    tab.settle()
    page.get_by_role("button", name="Seed, storage, device").click()
    seed = page.get_by_label("Seed", exact=True)
    seed.fill("4711")
    seed.press("Enter")
    tab.settle()
    page.keyboard.press("Escape")
    price = page.locator(".st-key-evaluate_price")
    # The seed is heeded: what is random is not stored, clean images and the two deterministic corruptions are.
    price.get_by_text("11", exact=True).wait_for(timeout=60_000)
    price.get_by_text("21", exact=True).wait_for()  # units: clean, and four corruptions at five severities
    page.get_by_role("button", name="Launch").click()

    # The browser is closed while it runs; it is found again from the same address.
    page.locator(".st-key-job-1").wait_for(timeout=60_000)
    address = page.url
    assert "evaluate_limit=64" in address
    assert "evaluate_seed=4711" in address
    page.close()
    tab = open_tab(address.removeprefix(tab.server))
    page = tab.page
    job = page.locator(".st-key-job-1")
    job.get_by_text("finished").wait_for(timeout=FINISHED_WITHIN)
    job.get_by_text("21 of 21 units").wait_for()

    # Its bars.
    job.get_by_role("link", name="Compare the results").click()
    page.get_by_role("heading", name=question("compare")).wait_for()
    tab.settle()
    page.locator(".st-key-compare_view").get_by_text("Corruptions", exact=True).click()
    bars = page.locator(".st-key-card-compare-accuracy .js-plotly-plot .bars .point > path")
    bars.first.wait_for(timeout=60_000)
    tab.settle()
    assert bars.count() == 4
    card = page.locator(".st-key-card-compare-accuracy")
    # On 64 images; deterministic corruptions may be answered from shipped results on more.
    assert re.search(r"\b64 (to [\d,]+ )?images", card.inner_text())
    assert "seed 4711" in card.inner_text()
    assert "clean" in card.inner_text()
    # The address leads back to it.
    assert "compare_suite=ImageNet-C+extra" in page.url
    assert "compare_seed=4711" in page.url

    # Behind a bar: images that the model lost under that corruption and images that it kept.
    bars.first.click(force=True)
    page.locator(".st-key-compare_behind img").first.wait_for()
    tab.settle()
    # The figure as an image: the browser draws it, without a network.
    page.get_by_role("button", name="Save or reproduce").click()
    page.get_by_role("button", name="PNG, SVG").click()
    with page.expect_download() as saved:
        page.frame_locator("iframe").get_by_role("button", name="Save SVG").click()
    picture = Path(saved.value.path()).read_text()
    assert picture.startswith("<svg")
    assert "robustcore" in picture  # the footer is in it
    assert tab.foreign() == []
