"""Reference models: which can be used, and what a mean of corruption errors is over, against and on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from robustcore.corruptions import names as corruption_names
from robustcore.metrics import Metric, alexnet
from robustcore.notes import Note, note
from robustcore.reports.compare.comparison import Comparison

ALEXNET = alexnet.NAME


@note
def mean_in_words(
    metric: str, corruptions: int, of_imagenet_c: int, extra: int, reference: str, images: str, dataset: str
) -> str:
    """The mean is over `corruptions`, of which `of_imagenet_c` are of ImageNet-C's 15 and `extra` of its 4 extra ones."""
    which = {
        (15, 15, 0): "the 15 corruptions of ImageNet-C",
        (19, 15, 4): "19 corruptions, the 15 of ImageNet-C and the 4 extra ones",
    }
    plain = f"{corruptions} corruption{'s' if corruptions != 1 else ''}"
    only_some = of_imagenet_c == corruptions < 15
    over = which.get((corruptions, of_imagenet_c, extra), plain + (", not the 15 of ImageNet-C" if only_some else ""))
    return f"{metric} is the mean over {over}, relative to {title(reference)}{_which_alexnet(reference)}, on {images} of {dataset}."


@dataclasses.dataclass(frozen=True)
class PublishedReference:
    """A reference whose answers to single images are not known: label -> accuracy, and the clean accuracy."""

    accuracy: Mapping[str, float]
    clean: float


def refused(comparison: Comparison, reference: str) -> str:
    """Why a model cannot be the reference here, or ""."""
    if reference != ALEXNET or reference in comparison.models:
        if reference in comparison.models:
            return ""
        return f"The reference {reference!r} is none of the evaluated models; choose one of them."
    dataset, names = comparison.provenance.dataset, sorted(set(comparison.corrupted["name"]))
    if why := alexnet.refused(dataset, comparison.classes, comparison.side):
        return f"{why} Choose one of the evaluated models as the reference."
    if why := alexnet.refused(dataset, comparison.classes, comparison.side, names):
        return f"{why} Choose its suites, or one of the evaluated models as the reference."
    return ""


def published_alexnet(comparison: Comparison) -> PublishedReference:
    """AlexNet's printed accuracies under the comparison's corruptions, the mean over its severities, by label."""
    severities = sorted({int(s) for s in comparison.corrupted["severity"].dropna()})
    pairs = comparison.corrupted[["label", "name"]].drop_duplicates().itertuples(index=False)
    accuracies = {str(label): alexnet.accuracy(str(name), severities) for label, name in pairs}
    return PublishedReference({k: v for k, v in accuracies.items() if not math.isnan(v)}, alexnet.CLEAN)


def title(reference: str) -> str:
    """How a reference is called for people."""
    return alexnet.TITLE if reference == ALEXNET else reference


def mean_note(comparison: Comparison, metric: Metric, reference: str) -> Note:
    """What the mean of a metric with a reference is over, against and on: said wherever one is shown."""
    names = set(comparison.corrupted["name"])
    return mean_in_words(
        metric.mean,
        int(comparison.corrupted["label"].nunique()),
        len(names & set(corruption_names("imagenet-c"))),
        len(names & set(corruption_names("imagenet-c-extra"))),
        reference,
        comparison.provenance.count,
        comparison.provenance.dataset,
    )


def worked(comparison: Comparison, metric: Metric, reference: str, model: str, label: str) -> str:
    """One corruption error with its numbers, in percent; "" where one of them is missing, and for other metrics."""
    if metric.name not in ("ce", "relative_ce"):
        return ""
    relative = metric.name == "relative_ce"
    own = _errors(comparison, model, label)
    if reference == ALEXNET and reference not in comparison.models:
        name = comparison.corrupted.loc[comparison.corrupted["label"] == label, "name"].iloc[0]
        published = {s: 100 * (1 - alexnet.accuracy(name, (s,))) for s in own if s}
        theirs = {s: error for s, error in published.items() if not math.isnan(error)}
        theirs[0] = 100 * alexnet.CLEAN_ERROR
    else:
        theirs = _errors(comparison, reference, label)
    levels = sorted(set(own) - {0})
    if not levels or set(own) != set(theirs):
        return ""

    def total(errors: Mapping[int, float]) -> str:
        less = f" - {len(levels)} x {errors[0]:.1f}" if relative else ""
        return "(" + " + ".join(f"{errors[s]:.1f}" for s in levels) + f"{less})"

    sums = [sum(e[s] - (e[0] if relative else 0) for s in levels) for e in (own, theirs)]
    if sums[1] <= 0:
        return ""
    return f"{metric.short} of {model} under {label} = {total(own)} / {total(theirs)} = {100 * sums[0] / sums[1]:.1f}"


def _errors(comparison: Comparison, model: str, label: str) -> dict[int, float]:
    """Severity -> error in percent, 0 for the clean images; without severities that are not evaluated."""
    rows = comparison.rows[(comparison.rows["model"] == model) & comparison.rows["accuracy"].notna()]
    under = rows[(rows["label"] == label) & rows["severity"].notna()]
    clean = rows[(rows["kind"] == "clean") & rows["shared"].isin(under["shared"])]
    errors = {int(s): 100 * (1 - a) for s, a in zip(under["severity"], under["accuracy"], strict=True)}
    return {0: 100 * (1 - clean["accuracy"].iloc[0]), **errors} if len(clean) else errors


def _which_alexnet(reference: str) -> str:
    """There are several: printed by the paper on all images, in RobustBench's table on a part, and anybody's own."""
    if reference == ALEXNET or "alexnet" not in reference.lower():
        return "" if reference == ALEXNET else " (not AlexNet)"
    return " (AlexNet of the same table, not the one that the paper prints)"
