"""The page Calibration without a browser."""

from __future__ import annotations

import re

import pytest

from dashboard.views.calibration import temperature
from dashboard.views.calibration.controls import KEY
from robustcore.datasets import load_dataset
from robustcore.evaluation import Store, api
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import load_model
from robustcore.reports import calibration
from tests.dashboard.conftest import OpenPage, markup, sound

MODELS = ["scenes/resnet-standard", "scenes/vgg-standard"]


def numbers(text: str) -> dict[str, list[str]]:
    """Model -> the cells of its row."""
    return {
        model: re.findall(r"<td>([^<]*)</td>", cells)
        for model, cells in re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', text)
    }


def test_models_are_compared_clean_and_under_corruptions(open_page: OpenPage) -> None:
    at = open_page(KEY, calibration_model=MODELS)
    assert sound(at)
    shown = numbers(markup(at, f"{KEY}_numbers"))
    cells = api.prepare(EvaluationRequest.of(MODELS, "scenes", "clean")).cells
    rows = {row["model"]: row for row in calibration.gather(cells, Store()).table.to_dict("records")}
    assert list(shown) == MODELS
    for model, (accuracy, confidence, debiased, _, ece, _) in shown.items():
        expected = [rows[model][name] for name in ("accuracy", "confidence", "debiased", "ece")]
        values = [float(text.split("\N{NO-BREAK SPACE}")[0]) for text in (accuracy, confidence, debiased, ece)]
        assert values == pytest.approx([100 * value for value in expected], abs=0.051)
    assert markup(at, f"{KEY}_mistakes").count("<img") == 12
    assert len(at.get("plotly_chart")) == 4
    at.selectbox(key=f"{KEY}_under").set_value("fog").run()
    assert sound(at)
    assert {cells[4] for cells in numbers(markup(at, f"{KEY}_numbers")).values()} == {"–"}  # of bins there is no ECE
    assert [c for c in at.caption if "clean images" in c.value]


@pytest.mark.slow
def test_a_temperature_is_fitted_by_a_button(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temperature, "MOST", 192)
    at = open_page(KEY, calibration_model=MODELS[:1])
    before = len(at.get("plotly_chart"))
    at.button(key=f"{KEY}_fit").click().run()
    assert sound(at)
    assert len(at.get("plotly_chart")) == before + 1
    (text,) = [m.value for m in at.markdown if m.value.startswith("**T = ")]
    fitted = calibration.tempered(
        load_model(MODELS[0]), load_dataset("scenes"), load_dataset("scenes", split="val"), limit=192
    )
    assert f"{fitted.temperature:.2f}" in text
    surer = fitted.after >= fitted.before
    assert (surer if fitted.temperature <= 1 else ~surer | (fitted.before == 1)).all()


def test_without_confidences_the_reason_is_named(open_page: OpenPage) -> None:
    # Of this suite one class for each image ships, and no bins of confidences.
    at = open_page(
        KEY, calibration_model=["scenes/vgg-fgsm"], calibration_suite="Laugros", calibration_under="Contrast"
    )
    assert sound(at)
    assert [w for w in at.warning if "answer by answer" in w.value]
    assert not markup(at, f"{KEY}_numbers")


def test_own_answers_under_a_corruption_are_shown(open_page: OpenPage, evaluated: str) -> None:
    at = open_page(KEY, calibration_model=[evaluated], calibration_under="Contrast", calibration_split="test")
    assert sound(at)
    (cells,) = numbers(markup(at, f"{KEY}_numbers")).values()
    assert "–" not in cells
    assert "<img" in markup(at, f"{KEY}_mistakes")
