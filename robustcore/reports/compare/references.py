"""Reference models of the corruption error: which can be used, and what a mean of it is over, against and on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from robustcore.corruptions import names as corruption_names
from robustcore.metrics import alexnet
from robustcore.reports.compare.comparison import Comparison

ALEXNET = "alexnet"  # the published reference, as the metrics call it


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A reference that is printed and cannot be drawn with the images: label -> accuracy, and the clean accuracy."""

    accuracy: Mapping[str, float]
    clean: float


def refused(comparison: Comparison, reference: str) -> str:
    """Why a model cannot be the reference here, or ""."""
    if reference != ALEXNET:
        if reference in comparison.models:
            return ""
        return f"The reference {reference!r} is none of the evaluated models; choose one of them."
    data = comparison.provenance.dataset
    if comparison.classes != 1000 or comparison.side != 224:
        return (
            f"AlexNet's published errors are those of the 1,000 classes of ImageNet at 224 pixels; {data} has "
            f"{comparison.classes} classes at {comparison.side} pixels, so that a quotient of the two says nothing. "
            "Choose one of the evaluated models as the reference."
        )
    unknown = sorted(
        set(comparison.corrupted["name"]) - {*corruption_names("imagenet-c"), *corruption_names("imagenet-c-extra")}
    )
    if unknown:
        return (
            f"AlexNet's published errors are those of ImageNet-C, which has no {unknown[0]}. Choose its suites, or one of "
            "the evaluated models as the reference."
        )
    return ""


def fixed_alexnet(comparison: Comparison) -> Fixed:
    """AlexNet's printed accuracies under the comparison's corruptions, the mean over its severities, by label."""
    severities = {int(s) for s in comparison.corrupted["severity"].dropna()}
    found = {}
    for label, name in comparison.corrupted[["label", "name"]].drop_duplicates().itertuples(index=False):
        errors = alexnet.ERRORS.get(name)
        if errors:
            found[label] = 1 - sum(errors[s - 1] for s in severities) / len(severities)
        elif name in alexnet.MEAN_ERRORS and severities == {1, 2, 3, 4, 5}:
            found[label] = 1 - alexnet.MEAN_ERRORS[name]
    return Fixed(found, 1 - alexnet.CLEAN_ERROR)


def title(reference: str) -> str:
    """How a reference is called for people."""
    return "AlexNet (published by Hendrycks & Dietterich 2019, 50,000 images)" if reference == ALEXNET else reference


def mean_in_words(comparison: Comparison, relative: bool, reference: str) -> str:
    """What a mean corruption error is over, against and on: said wherever one is shown."""
    what = "Relative mCE" if relative else "mCE"
    names = set(comparison.corrupted["name"])
    count = comparison.corrupted["label"].nunique()
    fifteen, extra = set(corruption_names("imagenet-c")), set(corruption_names("imagenet-c-extra"))
    which = {
        frozenset(fifteen): "the 15 corruptions of ImageNet-C",
        frozenset(fifteen | extra): "19 corruptions, the 15 of ImageNet-C and the 4 extra ones",
    }.get(
        frozenset(names),
        f"{count} corruption{'s' if count != 1 else ''}" + (", not the 15 of ImageNet-C" if names < fifteen else ""),
    )
    return (
        f"{what} is the mean over {which}, normalised by the errors of {title(reference)}"
        f"{_which_alexnet(reference)}, on {comparison.provenance.count} of {comparison.provenance.dataset}."
    )


def worked(comparison: Comparison, relative: bool, reference: str, model: str, label: str) -> str:
    """One corruption error with its numbers, in percent; "" where one of them is missing."""
    own = _errors(comparison, model, label)
    if reference == ALEXNET:
        name = comparison.corrupted.loc[comparison.corrupted["label"] == label, "name"].iloc[0]
        theirs = {s: 100 * e for s, e in enumerate(alexnet.ERRORS.get(name, ()), start=1) if s in own}
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
    what = "relative CE" if relative else "CE"
    return f"{what} of {model} under {label} = {total(own)} / {total(theirs)} = {100 * sums[0] / sums[1]:.1f}"


def _errors(comparison: Comparison, model: str, label: str) -> dict[int, float]:
    """Severity -> error in percent, 0 for the clean images; without severities that are not known."""
    rows = comparison.rows[(comparison.rows["model"] == model) & comparison.rows["accuracy"].notna()]
    under = rows[(rows["label"] == label) & rows["severity"].notna()]
    clean = rows[(rows["kind"] == "clean") & rows["shared"].isin(under["shared"])]
    found = {int(s): 100 * (1 - a) for s, a in zip(under["severity"], under["accuracy"], strict=True)}
    return {0: 100 * (1 - clean["accuracy"].iloc[0]), **found} if len(clean) else found


def _which_alexnet(reference: str) -> str:
    """There are several: printed by the paper on all images, in RobustBench's table on a part, and anybody's own."""
    if reference == ALEXNET or "alexnet" not in reference.lower():
        return "" if reference == ALEXNET else " (not by AlexNet's)"
    return " (AlexNet of the same table, not the one that the paper prints)"
