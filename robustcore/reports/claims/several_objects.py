"""What Basart's dissertation says about several objects on an image: anomalies among pixels, and several labels.

Its own sets cannot be had; these are street scenes of the renderer, one network for each, as `robustcore demo` trains and measures them.
A difference of two scores is judged as that of `claims.detection`: REPRODUCED where its 95 % interval lies above 0, NOT_REPRODUCED where
the interval ends below one point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from robustcore.multilabel import scores as label_scores
from robustcore.notes import Note, note
from robustcore.reports import multilabel
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims.questions import signed
from robustcore.reports.claims.sources import Part, Sources
from robustcore.reports.multilabel import LabelsReport
from robustcore.reports.segmentation import SegmentationReport
from robustcore.reports.segmentation import shipped as segmentation
from robustcore.segmentation.scores import SCORES

TOPIC = "objects"
_LABELS = "Several labels"
MARGIN = 0.01  # of AUROC: a smaller difference is none
OWN = "max_logit"
_AFTERWARDS = "All of it was written when these figures had been seen; it is that of the other scores' claims."
_STREET = "Street scenes of the renderer are no photographs, and one network was trained once."
_BY_US = (
    "How strong each factor is at its ends is our choice, so that which one hurts most follows from it in part. "
    + _STREET
)
_RULE = "{}: each difference in AUROC lies above 0 with its interval; not reproduced where one ends below +1 point; undecided otherwise."
Compared = tuple[str, float, float, float]  # a score, and what the maximum logit has more of AUROC, with its interval


@note
def nothing_measured(what: str) -> str:
    return f"{what} are not measured: run robustcore demo"


@note
def leads_of_the_maximum_logit(own: float, leads: tuple[Compared, ...]) -> str:
    each = "; ".join(f"over {name} {_points(value, low, high)}" for name, value, low, high in leads)
    return f"Maximum logit {100 * own:.1f} % AUROC; its lead {each}"


@note
def pixels_compared(images: int, anomalous: int, miou: float) -> str:
    return (
        f"n = {anomalous} of {images} images, those with an anomaly; the figure of each, then their mean; mIoU of the network {100 * miou:.1f} %; "
        "a difference takes its two scores as independent, so that its interval is wider than a paired one"
    )


@note
def shares_of_pixels(chance: float, values: tuple[tuple[str, float, float, float], ...]) -> str:
    each = "; ".join(
        f"{name} {100 * value:.1f} % ({100 * low:.1f} to {100 * high:.1f})" for name, value, low, high in values
    )
    return f"AUPR: {each}; chance is {100 * chance:.1f} %"


@note
def labels_compared(known: int, unknown: int, precision: float) -> str:
    return (
        f"n = {known} scenes of known and {unknown} of unknown shapes, paired bootstrap over images; mAP of the network in "
        f"distribution {100 * precision:.1f} %"
    )


@note
def gaps_of_precision(gaps: tuple[tuple[str, float, float, float], ...], images: int) -> str:
    each = "; ".join(f"{name} {_points(value, low, high)}" for name, value, low, high in gaps)
    return f"mAP lost: {each}; n = {images} scenes of each set, two sets a factor"


@note
def least_lead_of_factors(first: str, second: str, lead: float, low: float, high: float) -> str:
    return f"Least lead: {first} over {second}, {_points(lead, low, high)}"


def _points(value: float, low: float, high: float) -> str:
    ends = " to ".join(signed(100 * each, 1) for each in (low, high))
    return f"{signed(100 * value, 1)} points ({ends})"


def judge_pixels(report: SegmentationReport | None) -> tuple[Claim, ...]:
    """The claims on anomalies among pixels."""
    best, poor, low = _PIXEL_TEXTS
    if report is None:
        return tuple(_unjudged(text, "Street scenes of one network") for text in _PIXEL_TEXTS)
    metrics = report.clean.metrics
    known = _rows(metrics[metrics["auroc"].notna()])
    sizes = pixels_compared(report.clean.images, report.clean.anomalous, report.clean.miou)
    rivals = [name for name in known if name != OWN]
    claims = []
    for text, names in ((best, rivals), (poor, [name for name in ("background", "autoencoder") if name in rivals])):
        table = pd.DataFrame([_apart(known, name) for name in names])
        figures = (_leads(table, known[OWN]["auroc"], lambda name: SCORES[name].title), sizes)
        claims.append(_claim(text, _verdict(table), figures, table, _STREET, _AFTERWARDS))
    ends: list[tuple[str, float, float, float]] = [
        (SCORES[name].title, row["aupr"], row["aupr_low"], row["aupr_high"]) for name, row in known.items()
    ]
    chance = report.clean.anomaly_share
    fine = all(high < 0.5 and lower > chance for _, _, lower, high in ends)
    broken = any(lower > 0.5 or high < chance for _, _, lower, high in ends)
    table = pd.DataFrame(ends, columns=["score", "aupr", "aupr_low", "aupr_high"])
    verdict = REPRODUCED if fine else NOT_REPRODUCED if broken else UNDECIDED
    claims.append(_claim(low, verdict, (shares_of_pixels(chance, tuple(ends)), sizes), table, _STREET, _AFTERWARDS))
    return tuple(claims)


def judge_labels(report: LabelsReport | None) -> tuple[Claim, ...]:
    """The claims on several labels."""
    if report is None:
        return tuple(_unjudged(text, _LABELS) for text in _LABEL_TEXTS)
    better, hurt = _LABEL_TEXTS
    return _compared(better, report, ("logit_avg", "lof")), _size_and_occlusion(hurt, report)


def forced_softmax(report: LabelsReport | None) -> Claim:
    """The claim on a softmax over the logits of several labels, of the topic of detection."""
    return _unjudged(_SOFTMAX, _LABELS) if report is None else _compared(_SOFTMAX, report, ("msp",))


def _compared(text: tuple[str, str, str], report: LabelsReport, names: Sequence[str]) -> Claim:
    detected = _rows(report.detected)
    table = pd.DataFrame([_paired(detected, name) for name in names])
    sizes = labels_compared(report.known, report.unknown, float(report.precision["map"].iloc[0]))
    figures = (_leads(table, detected[OWN]["auroc"], label_scores.TITLES.__getitem__), sizes)
    return _claim(text, _verdict(table), figures, table, _STREET)


def _size_and_occlusion(text: tuple[str, str, str], report: LabelsReport) -> Claim:
    rows = {str(row["factor"]): row for row in report.hurts.to_dict("records")}
    leads: list[tuple[str, str, float, float, float]] = [
        (first, second, *(float(rows[first][f"{end}_{second}"]) for end in ("lead", "low", "high")))  # type: ignore[misc]
        for first in ("size", "occlusion")
        for second in ("viewpoint", "zoom")
    ]
    least = min(leads, key=lambda lead: lead[2])
    above = all(low > 0 for *_, low, _ in leads)
    below = any(high < 0 for *_, high in leads)
    gaps = tuple((name, float(row["gap"]), float(row["low"]), float(row["high"])) for name, row in rows.items())
    figures = (gaps_of_precision(gaps, int(report.precision["images"].iloc[0])), least_lead_of_factors(*least))
    table = pd.DataFrame(gaps, columns=["factor", "value", "low", "high"])
    return _claim(text, REPRODUCED if above else NOT_REPRODUCED if below else UNDECIDED, figures, table, _BY_US)


def _rows(table: pd.DataFrame) -> dict[str, dict[Hashable, Any]]:
    """Score -> its row."""
    return {str(row["score"]): row for row in table.to_dict("records")}


def _apart(known: Mapping[str, Mapping[Hashable, Any]], name: str) -> dict[str, Any]:
    """The lead of the maximum logit over a score, from the two intervals."""
    own, other = known[OWN], known[name]
    value = own["auroc"] - other["auroc"]
    reach = math.hypot(*((each["auroc_high"] - each["auroc_low"]) / 2 for each in (own, other)))
    row = {"score": OWN, "against": name, "auroc": own["auroc"], "auroc_against": other["auroc"]}
    return row | {"value": value, "low": value - reach, "high": value + reach}


def _paired(detected: Mapping[str, Mapping[Hashable, Any]], name: str) -> dict[str, Any]:
    """The same, of intervals over the same drawings."""
    row = detected[name]
    ends = {"value": row["lead"], "low": row["lead_low"], "high": row["lead_high"]}
    return {"score": OWN, "against": name, "auroc": detected[OWN]["auroc"], "auroc_against": row["auroc"]} | ends


def _inside(title: str) -> str:
    return title[:1].lower() + title[1:]


def _leads(table: pd.DataFrame, own: float, title: Callable[[str], str]) -> Note:
    rows = table[["against", "value", "low", "high"]].itertuples(index=False)
    return leads_of_the_maximum_logit(own, tuple((_inside(title(str(name))), *ends) for name, *ends in rows))


def _verdict(table: pd.DataFrame) -> str:
    if (table["high"] < MARGIN).any():
        return NOT_REPRODUCED
    return REPRODUCED if (table["low"] > 0).all() else UNDECIDED


def _claim(
    text: tuple[str, str, str],
    verdict: str,
    figures: Sequence[Note],
    table: pd.DataFrame,
    limits: str,
    set_afterwards: str = "",
) -> Claim:
    claim, source, rule = text
    return Claim(TOPIC, claim, source, verdict, rule, tuple(figures), table, limits, set_afterwards=set_afterwards)


def _unjudged(text: tuple[str, str, str], what: str) -> Claim:
    claim, source, rule = text
    return Claim(TOPIC, claim, source, UNDECIDED, rule, (nothing_measured(what),))


# (claim, source, rule)
_PIXEL_TEXTS = (
    (
        "The maximum logit finds anomalous pixels better than all other scores, the maximum softmax probability among them.",
        "Basart, dissertation, section 4.4, table 4.3 (its figures are lost)",
        _RULE.format("One network on street scenes, against every other score"),
    ),
    (
        "The posterior of the background class and the error of an autoencoder find anomalous pixels poorly.",
        "Basart, dissertation, section 4.4, table 4.3 (its figures are lost)",
        _RULE.format("One network on street scenes, the maximum logit against each of the two"),
    ),
    (
        "The area under precision and recall of anomalous pixels is low for every score, and above chance.",
        "Basart, dissertation, section 4.4, table 4.3 (its figures are lost)",
        "Each score's AUPR lies below 50 % and above the share of anomalous pixels with its interval; not reproduced where one lies "
        "beyond either with its interval.",
    ),
)
_LABEL_TEXTS = (
    (
        "With several labels the maximum logit detects unknown images better than the mean logit and the local outlier factor.",
        "Basart, dissertation, section 6.4, table 6.1 (its figures are lost)",
        _RULE.format("One network of several labels on street scenes"),
    ),
    (
        "With several labels size and occlusion cost more mAP than viewpoint and zoom.",
        "Basart, dissertation, section 6.4, table 6.2 (DeepFashion Remixed)",
        "The mean mAP lost by size and that by occlusion each exceed those by viewpoint and by zoom: all four differences lie above 0 with "
        "their intervals; not reproduced where one lies below 0 with its interval.",
    ),
)


_SOFTMAX = (
    "A softmax over the logits of a network that gives several labels detects unknown images worse than the maximum logit.",
    "Basart, dissertation, section 6.4 (MS-COCO: 19.6 points of AUROC)",
    _RULE.format("One network of several labels on street scenes, with the softmax forced on its logits"),
)


def _pixels(_: Sources) -> Sequence[Claim]:
    return judge_pixels(segmentation.read())


def _labels(_: Sources) -> Sequence[Claim]:
    return judge_labels(multilabel.read())


PARTS = (
    Part("pixels", _pixels, lambda sources: sources.files({"pixels": segmentation.path()})),
    Part("labels", _labels, lambda sources: sources.files({"labels": multilabel.path()})),
)
