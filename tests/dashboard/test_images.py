"""The page Images without a browser."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.images.controls import KEY
from tests.dashboard.conftest import OpenPage, markup, sound

SECOND = "scenes/vgg-standard"


def pictures(at: AppTest, *keys: str) -> list[int]:
    """How many pictures there are under each key."""
    return [markup(at, f"{KEY}_{key}").count("<img") for key in keys]


def test_images_that_break_first_and_last(open_page: OpenPage) -> None:
    at = open_page(KEY)
    assert sound(at)
    assert pictures(at, "breaking_first", "breaking_last") == [12, 12]
    at.selectbox(key=f"{KEY}_under").set_value("fog").run()
    assert sound(at)
    assert pictures(at, "breaking_first", "breaking_last") == [36, 36]  # clean and five severities of six images


def test_a_cell_of_the_confusion_matrix_leads_to_its_images(open_page: OpenPage) -> None:
    at = open_page(KEY, images_view="Confusion matrix", images_under="Fog", images_severity="3")
    assert sound(at)
    counts = at.dataframe[0].value.set_index("is")
    assert counts.to_numpy().sum() == 2400
    frequent = counts.loc["arrow", "key"]
    assert pictures(at, "cell") == [min(24, frequent)]
    chart = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert [0, 1] in chart["data"][1]["customdata"]


def test_models_disagree(open_page: OpenPage) -> None:
    at = open_page(KEY, images_view="Disagreements", images_beside=SECOND, images_under="Clean images")
    assert sound(at)
    assert pictures(at, "disagree_0", "disagree_1", "disagree_2") == [12, 12, 12]


def test_own_answers_have_confident_mistakes_under_a_corruption(open_page: OpenPage, evaluated: str) -> None:
    at = open_page(KEY, images_model=evaluated, images_view="Confident mistakes", images_under="Contrast")
    assert sound(at)
    assert "%" in markup(at, f"{KEY}_mistakes")
    assert not [c for c in at.caption if "on clean images" in c.value]
    assert [w for w in at.caption if "left out" in w.value]  # thirteen corruptions of the suite


@pytest.mark.slow
def test_a_map_of_images(open_page: OpenPage) -> None:
    at = open_page(KEY, images_view="Map", images_under="Fog", images_count="64")
    assert sound(at)
    assert len(at.dataframe[0].value) == 64
    chart = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert sum(len(trace["customdata"]) for trace in chart["data"]) == 128
