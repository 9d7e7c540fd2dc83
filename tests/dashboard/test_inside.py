"""The page Inside without a browser."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from robustcore.inside import similarity
from tests.dashboard.conftest import OpenPage, sound

SECOND = "scenes/vgg-standard"


def pictures(at: AppTest) -> int:
    """How many pictures the page shows in its sheets and rows of maps."""
    return sum(str(element.proto.body).count("data:image/") for element in at.get("html"))


def test_maps_of_two_models(open_page: OpenPage) -> None:
    at = open_page("inside", inside_beside=SECOND, inside_corruption="fog", inside_severity="4")
    assert sound(at)
    assert pictures(at) == 12
    said = " ".join(str(each.value) for each in at.markdown)
    assert said.count("correlation") == 4
    assert said.count("inside the object") == 4
    at.query_params["inside_eps"] = "ε 4/255"
    at.session_state["inside_eps"] = 4
    at.run()
    assert sound(at)
    assert pictures(at) == 18
    layer = at.selectbox(key="inside_layer_0")
    layer.set_value("stages.0").run()
    assert sound(at)
    assert at.selectbox(key="inside_layer_0").value == "stages.0"


def test_feature_maps_and_weights(open_page: OpenPage) -> None:
    at = open_page("inside", inside_view="Feature maps", inside_beside=SECOND)
    assert sound(at)
    assert pictures(at) == 8
    at = open_page("inside", inside_view="Weights", inside_beside=SECOND)
    assert sound(at)
    assert pictures(at) == 4
    assert len(at.get("plotly_chart")) == 1
    assert set(at.dataframe[0].value["model"]) == {"scenes/resnet-standard", SECOND}


def test_layers_are_compared_and_a_click_names_two(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.inside.similarity.IMAGES", 32)
    monkeypatch.setattr(similarity, "LAYERS", 6)
    at = open_page("inside", inside_view="Layer similarity", inside_beside=SECOND)
    assert sound(at)
    chart = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert chart["data"][1]["customdata"]
    assert at.dataframe[0].value.shape[1] > 2


def test_a_photograph_has_no_maps_of_a_demo_model(open_page: OpenPage) -> None:
    at = open_page("inside", inside_from="Photographs")
    assert not at.exception
    assert at.warning
    assert pictures(at) == 2


def test_combined_trainings_have_a_point_each(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.inside.combining.IMAGES", 8)
    monkeypatch.setattr(similarity, "LAYERS", 4)
    at = open_page("inside", inside_view="Combined trainings")
    assert sound(at)
    assert at.dataframe[0].value["combined"].tolist() == ["scenes/resnet-iat", "scenes/resnet-mtlat"]
    assert at.dataframe[0].value[["cka", "gain"]].notna().all(axis=None)
    assert [m for m in at.markdown if "too few" in m.value]
