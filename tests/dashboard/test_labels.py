"""Names and numbers for people."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.views.claims import claim_list
from dashboard.widgets import labels
from robustcore.evaluation.request import EvaluationRequest
from robustcore.reports.claims.questions import signed


@pytest.mark.parametrize(("probability", "text"), [(1.0, ">99 %"), (0.998, ">99 %"), (0.5, "50 %"), (0.0, "<1 %")])
def test_a_model_is_never_wholly_sure(probability: float, text: str) -> None:
    assert labels.confidence(probability).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_share_of_all_is_all() -> None:
    assert labels.percent(1.0).startswith("100")


@pytest.mark.parametrize(("value", "text"), [(-0.0004, "0.00"), (0.0004, "0.00"), (-0.02, "−0.02"), (0.02, "+0.02")])
def test_what_rounds_to_nothing_has_no_sign(value: float, text: str) -> None:
    assert signed(value, 2) == text


def test_a_claim_in_points_has_an_axis_in_points() -> None:
    table = pd.DataFrame({"value": [0.012, -0.03], "low": [0.0, -0.04], "high": [0.02, -0.01], "measure": "accuracy"})
    dots = str(claim_list._dots(table))
    assert "−3.0" in dots
    assert "points" in dots
    assert "points" not in str(claim_list._dots(table.assign(measure="APP")))


def test_two_jobs_that_differ_in_the_seed_have_different_titles() -> None:
    one, two = (EvaluationRequest("scenes/resnet-standard", "scenes", "clean", seed=seed).describe() for seed in (0, 7))
    assert one != two
