"""Claims on several objects, judged by figures that are known."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from robustcore.reports import multilabel
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, UNDECIDED, several_objects
from robustcore.reports.multilabel import LabelsReport
from robustcore.reports.segmentation import shipped


def labels(**more: object) -> LabelsReport:
    """What ships, with other figures."""
    report = multilabel.read()
    assert report is not None
    return dataclasses.replace(report, **more)


def detected(lead: float, reach: float) -> pd.DataFrame:
    names = ("max_logit", "logit_avg", "lof", "msp")
    ends = {"lead": lead, "lead_low": lead - reach, "lead_high": lead + reach}
    return pd.DataFrame([{"score": name, "auroc": 0.8, **ends} for name in names])


@pytest.mark.parametrize(
    ("lead", "reach", "verdict"),
    [(0.1, 0.02, REPRODUCED), (0.01, 0.02, UNDECIDED), (0.0, 0.005, NOT_REPRODUCED), (-0.1, 0.02, NOT_REPRODUCED)],
)
def test_a_lead_is_judged_by_its_interval(lead: float, reach: float, verdict: str) -> None:
    report = labels(detected=detected(lead, reach))
    assert several_objects.judge_labels(report)[0].verdict == verdict
    softmax = several_objects.forced_softmax(report)
    assert softmax.verdict == verdict
    assert softmax.table is not None
    assert softmax.table[["against", "value"]].to_numpy().tolist() == [["msp", lead]]


def test_size_and_occlusion_hurt_most_where_both_lead_both_others() -> None:
    gaps = {"size": 0.2, "occlusion": 0.15, "viewpoint": 0.02, "zoom": 0.05}

    def hurts(reach: float) -> pd.DataFrame:
        return pd.DataFrame(
            [
                {"factor": name, "gap": gap, "low": gap - reach, "high": gap + reach}
                | {f"lead_{other}": gap - value for other, value in gaps.items()}
                | {f"low_{other}": gap - value - reach for other, value in gaps.items()}
                | {f"high_{other}": gap - value + reach for other, value in gaps.items()}
                for name, gap in gaps.items()
            ]
        )

    assert several_objects.judge_labels(labels(hurts=hurts(0.03)))[1].verdict == REPRODUCED
    (claim,) = several_objects.judge_labels(labels(hurts=hurts(0.12)))[1:]
    assert claim.verdict == UNDECIDED
    lead = next(note for note in claim.figures if note.kind == "least_lead_of_factors")
    assert (lead["first"], lead["second"], lead["lead"]) == ("occlusion", "zoom", pytest.approx(0.1))
    gaps["viewpoint"] = 0.5
    assert several_objects.judge_labels(labels(hurts=hurts(0.03)))[1].verdict == NOT_REPRODUCED


def test_pixels_are_judged_by_every_other_score() -> None:
    report = shipped.read()
    assert report is not None
    best, poor, low = several_objects.judge_pixels(report)
    assert best.table is not None
    assert set(best.table["against"]) == set(report.clean.metrics["score"]) - {"max_logit"}
    assert poor.verdict == REPRODUCED
    assert low.table is not None
    equal = report.clean.metrics.assign(auroc=0.9, auroc_low=0.85, auroc_high=0.95)
    same = dataclasses.replace(report, clean=dataclasses.replace(report.clean, metrics=equal))
    assert [claim.verdict for claim in several_objects.judge_pixels(same)[:2]] == [UNDECIDED] * 2


def test_without_measurements_nothing_is_judged() -> None:
    claims = [*several_objects.judge_pixels(None), *several_objects.judge_labels(None)]
    assert {claim.verdict for claim in claims} == {UNDECIDED}
    assert {note.kind for claim in claims for note in claim.figures} == {"nothing_measured"}
