"""What Basart's dissertation says about detecting unknown images, checked against the shipped AUROCs of `reports.detection.shipped`.

A difference of two scores' AUROC is the mean over networks and sets of unknown images. It is REPRODUCED where its 95 % interval lies
above 0, NOT_REPRODUCED where the interval ends below one point, and UNDECIDED otherwise, or where the rival leaves less than one point
to gain, or where fewer than 50 images are known: a bootstrap of so few has no interval that could be trusted.
Intervals are over images, known and unknown ones, and do not cover repeated trainings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore import published
from robustcore.detection import scores
from robustcore.metrics import bootstrap
from robustcore.notes import Note, note
from robustcore.reports import multilabel
from robustcore.reports.claims import several_objects
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims._evidence import of_interval
from robustcore.reports.claims.contrasts import Estimate
from robustcore.reports.claims.questions import signed
from robustcore.reports.claims.sources import Part, Sources
from robustcore.reports.detection import shipped
from robustcore.reports.detection.shipped import IMAGENET, SCENES, Aurocs, Share
from robustcore.reports.multilabel import LabelsReport

TOPIC = "detection"
MARGIN = 0.01  # of AUROC: a smaller difference is none
FEWEST = 50  # known images
_MEAN = "mean over networks and sets"
_BETTER = (
    f"{{}}: the {_MEAN} of the difference in AUROC lies above 0 with its interval; not reproduced where the interval ends below "
    "+1 point; undecided otherwise, and where the rival's mean AUROC is above 99 % or fewer than 50 images are known."
)
_FEWEST_AFTERWARDS = f"That fewer than {FEWEST} known images give no verdict was added after figures had been seen."
_NOISE_ALONE = "The document's photographs of other kinds (Textures, LSUN, Places69) are not in the package."
_ONE_LABEL = "The document's networks give several labels to an image; these give one."


@dataclasses.dataclass(frozen=True)
class Compared:
    """One score against another on all networks and sets of a share.

    Attributes:
        table: a row for each network and set: score, against, model, set, known, unknown, auroc, auroc_against, value, low, high.
        mean: of the differences, with its interval.
        rival: the mean AUROC of the other score.
    """

    table: pd.DataFrame
    mean: Estimate
    rival: float

    @property
    def verdict(self) -> str:
        """Whether the score is better than the other one."""
        if self.rival > 1 - MARGIN or self.table["known"].min() < FEWEST:
            return UNDECIDED
        return of_interval(self.mean.low, self.mean.high, MARGIN)

    @property
    def note(self) -> Note:
        """The figures."""
        score, against = (str(self.table[column].iloc[0]) for column in ("score", "against"))
        values = self.table["value"]
        own = float(self.table["auroc"].mean())
        return aurocs_compared(score, against, own, self.rival, self.mean, int((values > 0).sum()), len(values))


def judge(aurocs: Aurocs, labels: LabelsReport | None = None) -> list[Claim]:
    """The claims, in the order of the document.

    Args:
        aurocs, labels: what ships.
    """
    return [
        _many_classes(aurocs),
        _few_classes(aurocs),
        _typicality(aurocs),
        _beyond_averages(aurocs),
        _forest(aurocs),
        _several_labels(labels),
        _pretraining(),
    ]


def _judge(_: Sources) -> list[Claim]:
    return judge(shipped.load(), multilabel.read())


PARTS = (Part(TOPIC, _judge, lambda sources: sources.files({TOPIC: shipped.path(), "labels": multilabel.path()})),)


def compare(aurocs: Aurocs, share: Share, score: str, against: str) -> Compared:
    """One score against another on all networks and sets of a share."""
    rows_of = {
        (row["model"], row["set"], row["score"]): (place, row)
        for place, row in enumerate(aurocs.table.to_dict("records"))
    }
    rows, draws = [], []
    for model in share.models:
        for of_set in share.sets:
            (at, own), (beside, other) = rows_of[model, of_set, score], rows_of[model, of_set, against]
            drawn = aurocs.draws[at] - aurocs.draws[beside]
            low, high = bootstrap.interval(drawn)
            value = float(own["auroc"] - other["auroc"])
            sizes = int(own["known"]), int(own["unknown"])
            both = float(own["auroc"]), float(other["auroc"])
            rows.append((score, against, model, of_set, *sizes, *both, value, float(low), float(high)))
            draws.append(drawn)
    columns = ["score", "against", "model", "set", "known", "unknown", "auroc", "auroc_against", "value", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    low, high = bootstrap.interval(np.mean(draws, axis=0))
    mean = Estimate(float(table["value"].mean()), float(low), float(high))
    return Compared(table, mean, float(table["auroc_against"].mean()))


def _many_classes(aurocs: Aurocs) -> Claim:
    compared = compare(aurocs, IMAGENET, "max_logit", "msp")
    return _claim(
        "Where classes are many, the maximum logit detects unknown images better than the maximum softmax probability.",
        "Basart, dissertation, section 4.3, table 4.2 (ImageNet and Places365; its figures are lost)",
        compared.verdict,
        _BETTER.format("Three ImageNet networks on photographs against noise and scenes"),
        [compared],
        limits=f"The package has a handful of photographs of ImageNet's classes, too few for a verdict. {_NOISE_ALONE}",
        set_afterwards=_FEWEST_AFTERWARDS,
    )


def _few_classes(aurocs: Aurocs) -> Claim:
    compared = compare(aurocs, SCENES, "max_logit", "msp")
    low, high = compared.mean.low, compared.mean.high
    apart = low > MARGIN or high < -MARGIN
    verdict = REPRODUCED if low > -MARGIN and high < MARGIN else NOT_REPRODUCED if apart else UNDECIDED
    return _claim(
        "Where classes are few, the difference between maximum logit and maximum softmax probability is marginal.",
        "Basart, dissertation, section 4.3 (CIFAR-10)",
        verdict,
        f"Four networks on 12 classes of scenes: the {_MEAN} of the difference in AUROC lies within ±1 point with its interval; not "
        "reproduced where the interval lies outside; undecided otherwise.",
        [compared],
        further=(_printed_softmax(),),
        limits=_NOISE_ALONE,
    )


def _typicality(aurocs: Aurocs) -> Claim:
    compared = compare(aurocs, SCENES, "typicality", "msp")
    return _claim(
        "Typicality detects unknown images better than the maximum softmax probability.",
        "Basart, dissertation, section 1 (in all settings but segmentation), section 6.4, table 6.1 (its figures are lost)",
        compared.verdict,
        _BETTER.format("Four networks on scenes"),
        [compared],
        beside=[compare(aurocs, SCENES, "typicality", "max_logit")],
        limits=_ONE_LABEL,
        set_afterwards=_FEWEST_AFTERWARDS,
    )


def _beyond_averages(aurocs: Aurocs) -> Claim:
    compared = [compare(aurocs, SCENES, "max_logit", rival) for rival in ("logit_avg", "lof")]
    verdicts = {each.verdict for each in compared}
    verdict = NOT_REPRODUCED if NOT_REPRODUCED in verdicts else UNDECIDED if UNDECIDED in verdicts else REPRODUCED
    return _claim(
        "The maximum logit detects unknown images better than the mean logit and the local outlier factor.",
        "Basart, dissertation, section 6.4, table 6.1 (its figures are lost)",
        verdict,
        _BETTER.format("Four networks on scenes, against each of the two"),
        compared,
        beside=[compare(aurocs, SCENES, "max_logit", "isolation_forest")],
        limits=_ONE_LABEL,
        set_afterwards=_FEWEST_AFTERWARDS,
    )


def _forest(aurocs: Aurocs) -> Claim:
    compared = compare(aurocs, SCENES, "isolation_forest", "isolation_forest_logits")
    return _claim(
        "An isolation forest on the greatest logit detects unknown images better than one on all logits.",
        "Basart, dissertation, section 6.3",
        compared.verdict,
        _BETTER.format("Four networks on scenes"),
        [compared],
        beside=[compare(aurocs, SCENES, "isolation_forest", "msp")],
        limits=_ONE_LABEL,
        set_afterwards=_FEWEST_AFTERWARDS,
    )


def _several_labels(labels: LabelsReport | None) -> Claim:
    difference = _printed("section 6.4", "MS-COCO")["softmax on the logits of many labels"]
    claim = several_objects.forced_softmax(labels)
    printed = printed_figures((("difference in AUROC, points", difference),))
    return dataclasses.replace(claim, topic=TOPIC, figures=(*claim.figures, printed))


def _pretraining() -> Claim:
    values = _printed("section 3.4", "imagenet-o")
    names = ("ResNet-50", "ResNet-50 + Places365 Pretraining", "ResNet-50 + ImageNet-21K Pretraining", "chance")
    missing = "No two networks of the package differ in their pretraining alone, and ImageNet-O is not part of it"
    return Claim(
        TOPIC,
        "Pretraining on Places365 does not help a network to detect ImageNet-O; pretraining on ImageNet-21K helps.",
        "Basart, dissertation, section 3.4",
        UNDECIDED,
        "With Places365 the interval of the difference in AUPR ends below +1 point; with ImageNet-21K it lies above 0.",
        (printed_figures(tuple((f"AUPR of {name}, %", values[name]) for name in names)), not_in_package(missing)),
    )


def _claim(
    text: str,
    source: str,
    verdict: str,
    rule: str,
    compared: Sequence[Compared],
    *,
    beside: Sequence[Compared] = (),
    further: Sequence[Note] = (),
    limits: str = "",
    set_afterwards: str = "",
) -> Claim:
    tables = [each.table for each in (*compared, *beside)]
    joined = pd.concat(tables, ignore_index=True)
    sizes = (int(joined["known"].min()), int(joined["unknown"].min()), int(joined["unknown"].max()))
    figures = [
        *(each.note for each in compared),
        *(outside_the_rule(each.note) for each in beside),
        *further,
        images_compared(*sizes, joined["model"].nunique(), joined["set"].nunique()),
    ]
    return Claim(TOPIC, text, source, verdict, rule, tuple(figures), joined, limits, set_afterwards=set_afterwards)


def _printed(table: str, condition: str) -> dict[str, float]:
    """Model or score -> the figure that the document prints."""
    figures = published.load("basart", table)
    figures = figures[figures["condition"] == condition]
    return {str(row["model"]): float(row["value"]) for row in figures.to_dict("records")}


def _printed_softmax() -> Note:
    figures = published.load("basart", "section 4.3")
    rows = figures[figures["metric"] == "auroc"].to_dict("records")
    return printed_figures(tuple((f"AUROC of {row['model']}, %", float(row["value"])) for row in rows))


# Figures, each without a full stop.


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _written(value: float) -> str:
    return signed(value, 2) if value < 0 else f"{value:.2f}"


@note
def aurocs_compared(score: str, against: str, own: float, rival: float, mean: Estimate, above: int, count: int) -> str:
    value, low, high = (signed(100 * each, 1) for each in dataclasses.astuple(mean))
    return (
        f"{scores.get(score).title} {_percent(own)} % AUROC, {scores.get(against).title[:1].lower()}{scores.get(against).title[1:]} "
        f"{_percent(rival)} %: {value} points ({low} to {high}) on average, above 0 in {above} of {count}"
    )


@note
def outside_the_rule(compared: Note) -> str:
    return f"Not part of the rule: {compared.text}"


@note
def images_compared(known: int, fewest_unknown: int, most_unknown: int, networks: int, sets: int) -> str:
    unknown = f"{fewest_unknown:,}" if fewest_unknown == most_unknown else f"{fewest_unknown:,} to {most_unknown:,}"
    return f"{networks} networks, {sets} sets; n = {known:,} known and {unknown} unknown images; 95 % intervals"


@note
def printed_figures(figures: tuple[tuple[str, float], ...]) -> str:
    return f"In print: {'; '.join(f'{name}: {_written(value)}' for name, value in figures)}"


@note
def not_in_package(reason: str) -> str:
    return reason
