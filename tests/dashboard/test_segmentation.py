"""The page Segmentation without a browser."""

from __future__ import annotations

from tests.dashboard.conftest import OpenPage, markup, sound


def test_a_scene_its_truth_and_a_score_are_shown_and_the_threshold_moves(open_page: OpenPage) -> None:
    at = open_page("segmentation")
    assert sound(at)
    pictures = markup(at, "segmentation_pictures_1")
    assert (markup(at, "segmentation_pictures_0") + pictures).count("<img") == 4
    at.slider(key="segmentation_share").set_value(30).run()
    assert sound(at)
    assert markup(at, "segmentation_pictures_1") != pictures
    assert len(at.get("plotly_chart")) == 2


def test_a_corruption_changes_the_image(open_page: OpenPage) -> None:
    clean = markup(open_page("segmentation"), "segmentation_pictures_1")
    at = open_page("segmentation", segmentation_corruption="fog", segmentation_severity="5")
    assert sound(at)
    assert markup(at, "segmentation_pictures_1") != clean
