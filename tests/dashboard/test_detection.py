"""The page Detection without a browser."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.views.detection import score_table
from robustcore.datasets import load_dataset
from robustcore.detection import scores
from robustcore.models import load_model
from robustcore.reports.detection import detect
from tests.dashboard.conftest import OpenPage, markup, sound

MODEL = cache.models.DEFAULT_MODEL
KEY = "detection"


def cells(at: AppTest) -> dict[tuple[str, str], float]:
    """(score, set) -> the percentage in the table."""
    matches = re.findall(r'data-pick="([^"]+)".*?<b>([\d.]+)', markup(at, f"{KEY}_table"))
    return {tuple(pick.split(score_table.SEPARATOR)): float(value) for pick, value in matches}


def test_stored_answers_are_shown_at_once_and_a_cell_can_be_chosen(open_page: OpenPage) -> None:
    at = open_page(KEY, detection_score="msp")
    assert sound(at)
    shown = cells(at)
    assert {name for _, name in shown} == {"scenes/unknown"}
    assert {score for score, _ in shown} >= {"msp", "max_logit", "energy"}
    assert at.selectbox(key=f"{KEY}_score").value == "msp"
    assert 'aria-pressed="true" aria-label="Maximum softmax' in markup(at, f"{KEY}_table")
    assert markup(at, f"{KEY}_familiar").count("<img") == 12
    assert markup(at, f"{KEY}_course_images").count("<img") == 6  # clean, and five severities
    assert len(at.get("plotly_chart")) == 3


def test_all_scores_are_computed_and_are_the_library_s(open_page: OpenPage, own_cache: object) -> None:
    address = {"detection_limit_scenes": "48", "detection_unknown_scenes": ["scenes/unknown", "rademacher"]}
    at = open_page(KEY, **address)
    at.button(key=f"{KEY}_start").click().run()
    assert sound(at)
    shown = cells(at)
    report = detect(
        load_model(MODEL),
        load_dataset("scenes"),
        ["scenes/unknown", "rademacher"],
        score_names=["msp", "typicality", "vim"],
        validation=load_dataset("scenes", split="val"),
        limit=48,
    )
    rows = {(row["score"], row["set"]): row for row in report.table.to_dict("records")}
    for key, row in rows.items():
        assert shown[key] == pytest.approx(100 * row["auroc"], abs=0.051)
    assert [c for c in at.caption if "Nearest neighbours" in c.value]  # 48 validation images are too few
    at.segmented_control(key=f"{KEY}_metric").set_value("aupr").run()
    assert cells(at)["msp", "rademacher"] == pytest.approx(100 * rows["msp", "rademacher"]["aupr"], abs=0.051)
    assert markup(at, f"{KEY}_table").count("chance 50.0") == 2


def test_of_too_few_images_no_score_is_the_best(open_page: OpenPage) -> None:
    at = open_page(KEY, detection_limit_scenes="19")
    assert sound(at)
    assert any("19 known" in each.value for each in at.markdown)
    assert 'class="best"' not in markup(at, f"{KEY}_table")


def test_a_scene_is_followed_to_another_viewpoint(open_page: OpenPage) -> None:
    at = open_page(KEY, detection_way="Natural shift")
    assert sound(at)
    assert markup(at, f"{KEY}_course_images").count("<img") == 6
    assert at.segmented_control(key=f"{KEY}_way").options == ["Corruption", "Attack", "Natural shift"]


def test_the_provenance_names_model_images_formula_and_version(open_page: OpenPage) -> None:
    at = open_page(KEY)
    at.session_state["evidence-detection"] = True
    at.run()
    assert sound(at)
    (lines,) = [code.value for code in at.code if "SHA-256" in code.value]
    for part in (
        cache.models.fingerprint(MODEL),
        load_dataset("scenes").fingerprint,
        scores.get("max_logit").formula,
        "robustcore",
    ):
        assert part in lines


@pytest.mark.slow
def test_an_attack_is_followed_query_by_query(open_page: OpenPage) -> None:
    at = open_page(KEY, detection_way="Attack", detection_eps="8/255")
    assert sound(at)
    assert markup(at, f"{KEY}_course_images").count("<img") == 5
    assert "rc-changed" in markup(at, f"{KEY}_course_images")


def test_what_cannot_be_compared_is_a_sentence(open_page: OpenPage) -> None:
    at = open_page(KEY, detection_unknown_scenes=["gaussian"], detection_unknown_folder="/nowhere/textures")
    assert not at.exception
    assert at.error
    assert not at.get("plotly_chart")


@pytest.mark.slow
def test_uploads_are_unknown_images_of_an_imagenet_model(open_page: OpenPage) -> None:
    """Four pictures without labels beside the photographs: few images are scored without being asked for."""
    at = open_page(
        KEY,
        detection_model="imagenet/efficientnet-lite0",
        detection_limit_other="4",
        detection_unknown_other=["uploads"],
    )
    pixels = np.random.default_rng(0).integers(0, 256, (4, 90, 120, 3), dtype=np.uint8)
    uploader = at.file_uploader(key=f"{KEY}_set_upload")
    for number, picture in enumerate(pixels):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        uploader.upload(f"{number}.png", file.getvalue())
    at.run()
    assert sound(at)
    assert {of_set for _, of_set in cells(at)} == {"uploads"}
