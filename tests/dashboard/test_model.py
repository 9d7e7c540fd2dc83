"""The page of one model: its card and numbers, and ways to every other page with it chosen."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from dashboard import pages
from dashboard.views.model import onward
from tests.dashboard.conftest import OpenPage, markup, sound

NAME = "scenes/resnet-pgd"


def test_it_shows_the_card_the_numbers_next_to_standard_training_and_the_epochs(open_page: OpenPage) -> None:
    at = open_page("model", name=NAME)
    assert sound(at)
    assert any("PGD training (ResNet" in each.value for each in at.subheader)
    drawn = markup(at, "model_numbers")
    assert len(re.findall(r'<th scope="row">', drawn)) == 8  # clean, four families, two radii, shifts
    assert "points" in drawn
    assert len(at.get("plotly_chart")) == 1
    assert "<img" in markup(at, "model_lost")


def test_the_standard_model_is_compared_with_none(open_page: OpenPage) -> None:
    at = open_page("model", name="scenes/resnet-standard")
    assert sound(at)
    assert "Difference" not in markup(at, "model_numbers")


def test_every_page_is_reached_with_the_model_chosen(open_page: OpenPage) -> None:
    at = open_page("model", name=NAME)
    asked = {link.proto.page: parse_qs(link.proto.query_string) for link in at.get("page_link")}
    addresses = {view.name: view.address for view in pages.views()}
    for view, (key, _) in onward.PAGES.items():
        assert (
            asked[addresses[view]].get(key) == [NAME] or view == "compare"
        )  # whose link below the table has two models


def test_a_model_without_results_can_be_evaluated(open_page: OpenPage) -> None:
    at = open_page("model", name="imagenet/efficientnet-lite0")
    assert sound(at)
    assert not at.get("plotly_chart")
    assert any("evaluate_model" in link.proto.query_string for link in at.get("page_link"))
