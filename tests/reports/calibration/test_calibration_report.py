"""Calibration by condition, from one's own answers and from what ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import robustcore as rc
from robustcore.evaluation import Store, api
from robustcore.evaluation.request import EvaluationRequest
from robustcore.metrics import calibration
from robustcore.reports.calibration import gather

MODEL = "scenes/resnet-standard"


def test_own_answers_have_every_number(tmp_path: Path) -> None:
    store = Store(tmp_path / "own.sqlite", shipped=False)
    rc.evaluate(MODEL, "scenes", ["fog", "unknown"], limit=150, severities=[3], store=store)
    request = EvaluationRequest.of(MODEL, "scenes", ["fog", "snow", "unknown"], limit=150, severities=[3])
    cells = api.prepare(request).cells
    report = gather(cells, store, draws=50)
    rows = {(row["kind"], row["name"]): row for row in report.table.to_dict("records")}
    fog = rows["corruption", "fog"]
    (key,) = [cell.key for cell in cells if cell.condition.name == "fog"]
    sure, right = report.answers[key]
    assert fog["n"] == 150
    assert fog["accuracy"] == pytest.approx(right.mean())
    assert fog["confidence"] == pytest.approx(sure.mean())
    assert fog["ece"] == pytest.approx(calibration.ece(confidence=sure, right=right))
    assert fog["rms_calibration"] == calibration.equal_mass(sure, right).rms
    assert fog["debiased_low"] <= fog["debiased"] <= fog["debiased_high"]
    assert fog["source"] == "answers"
    assert rows["clean", "clean"]["confidence"] > fog["confidence"]
    assert rows["corruption", "snow"]["reason"] == "not evaluated"
    assert "no right answer" in rows["unknown", "blobs"]["reason"]


def test_what_ships_for_clean_images_has_every_number_and_what_it_lacks_says_so() -> None:
    cells = api.prepare(EvaluationRequest.of("scenes/vgg-fgsm", "scenes", "speckle_noise", severities=[3])).cells
    clean, speckle = gather(cells, Store(), draws=50).table.to_dict("records")
    assert clean["n"] == 2400
    assert np.isfinite(clean["aurra"])
    assert clean["aurra"] > clean["accuracy"]
    assert speckle["reason"]  # the bins that ship are of the fifteen corruptions alone
    assert np.isnan(speckle["debiased"])
