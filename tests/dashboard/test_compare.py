"""The page Compare: what is drawn is what is stored, and what must not be compared is refused with a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import robustcore as rc
from robustcore.reports.measures import MEASURES
from tests.dashboard.conftest import OpenPage, sound


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def texts(at: AppTest) -> str:
    parts = [*at.caption, *at.markdown, *at.warning, *at.info, *at.error]
    return " ".join(part.value.replace("\\", "") for part in parts)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_drawn_with_clean_accuracy_and_provenance(
    open_page: OpenPage, evaluated: str, measure: str
) -> None:
    at = open_page("compare", compare_model=evaluated, compare_measure=measure, compare_reference=evaluated)
    assert sound(at)
    assert any("Clean accuracy" in html.proto.body for html in at.get("html"))
    said = texts(at)
    assert MEASURES[measure].formula in said
    assert "6 images" in said
    assert "robustcore" in said
    assert "seed 0" in said
    if MEASURES[measure].reference:
        assert "over 2 corruptions, not the 15 of ImageNet-C" in said
        assert f"errors of {evaluated}" in said


def test_the_table_is_what_is_drawn(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated)
    table = at.dataframe[0].value
    stored = rc.evaluate(evaluated, "scenes", ["contrast", "gaussian_noise"], limit=6)
    means = stored[stored["kind"] == "corruption"].groupby("name")["accuracy"].mean()
    assert dict(zip(table["name"], table["value"], strict=True)) == pytest.approx(means.to_dict())
    (bars, *_) = figures(at)
    drawn = [trace for trace in bars["data"] if trace["type"] == "bar"]
    assert len(drawn) == 1
    assert evaluated in drawn[0]["name"]
    assert "(clean " in drawn[0]["name"]


def test_published_alexnet_is_refused_for_scenes(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated, compare_measure="ce", compare_reference="alexnet")
    (error,) = at.error
    assert "12 classes at 64 pixels" in error.value
    assert "Choose one of the evaluated models" in error.value
    assert not at.get("plotly_chart")


def test_a_model_without_results_leads_to_evaluate(open_page: OpenPage, own_model: str) -> None:
    at = open_page("compare", compare_model=own_model, compare_suite="imagenet-c-extra")
    assert sound(at)
    assert f"Nothing is stored of {own_model} here" in texts(at)
    (link,) = at.get("page_link")
    assert link.proto.page == "evaluate"
    assert "evaluate_suite=ImageNet-C+extra" in link.proto.query_string
    assert not at.get("plotly_chart")


def test_models_on_different_numbers_of_images_meet_on_those_that_they_share(
    open_page: OpenPage, evaluated: str
) -> None:
    name = "scenes/vgg?weights=none&classes=12"
    rc.evaluate(name, "scenes", ["contrast", "gaussian_noise"], limit=4)
    at = open_page("compare", compare_model=[evaluated, name])
    assert sound(at)
    assert "4 images" in texts(at)
    assert set(at.dataframe[0].value["n"]) == {4}


def test_the_address_is_the_state(open_page: OpenPage, evaluated: str) -> None:
    at = open_page(
        "compare", compare_model=evaluated, compare_order="name", compare_curve="one", compare_condition="gaussian_noise",
        compare_severity=["2", "4"],
    )  # fmt: skip
    assert sound(at)
    assert list(at.dataframe[0].value["name"]) == ["contrast", "gaussian_noise"]
    assert set(at.dataframe[0].value["severities"]) == {"2 4"}
    assert list(at.dataframe[1].value["severity"]) == [0, 2, 4]
    assert "mean over severities 2, 4" in texts(at)


def test_an_unknown_name_in_the_address_is_said_and_left_out(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=[evaluated, "own/smal"], compare_measure="acuracy")
    assert not at.exception
    said = " ".join(w.value.replace("\\", "") for w in at.warning)
    assert "no model named 'own/smal'" in said
    assert "no metric named 'acuracy'" in said
    assert at.get("plotly_chart")


def test_nothing_chosen_is_no_error(open_page: OpenPage, evaluated: str) -> None:
    at = open_page("compare", compare_model=evaluated)
    at.session_state["compare_model"] = []
    at.run()
    assert sound(at)
    assert "Choose a model" in texts(at)
