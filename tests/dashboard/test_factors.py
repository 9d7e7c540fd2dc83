"""The page Factors without a browser."""

from __future__ import annotations

import pytest

from tests.dashboard.conftest import OpenPage, markup, sound


def test_a_slider_changes_one_scene_and_curves_and_gaps_are_drawn(open_page: OpenPage) -> None:
    at = open_page("factors", factors_factor="Occlusion", factors_class="heart")
    assert sound(at)
    assert markup(at, "factors_steps").count("<img") == 5
    before = markup(at, "factors_pair")
    at.slider(key="factors_strength_one").set_value(1.0).run()
    assert sound(at)
    assert markup(at, "factors_pair") != before
    assert len(at.get("plotly_chart")) == 3
    assert {each.value for each in at.subheader} >= {
        "Several labels an image",
        "Set membership: a negative result",
    }
    (novel,) = (each.value for each in at.markdown if "On **novel** classes" in str(each.value))
    assert "prototypes reach" in novel


def test_two_factors_are_computed_when_asked_for(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.factors.two_factors._IMAGES", 6)
    at = open_page("factors", factors_factor="Zoom", factors_models="scenes/resnet-standard")
    assert sound(at)
    at.button(key="factors_plane").click().run()
    assert sound(at)
    assert len(at.get("plotly_chart")) == 4


def test_compare_offers_the_suite(open_page: OpenPage) -> None:
    at = open_page("compare", compare_suite="factors")
    assert sound(at)
    assert any("600 images, factors" in str(each.value) for each in at.caption)
