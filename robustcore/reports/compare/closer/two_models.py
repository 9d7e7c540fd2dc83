"""Two models against each other: the paired difference under each condition, and the answers that only one of them has right."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import baseline, intervals
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.provenance import Footer

MEAN = "mean"  # the row of all conditions together
COLUMNS = [
    "name",
    "family",
    "difference",
    "low",
    "high",
    "n",
    "answers",
    "only_first",
    "only_second",
    "both",
    "neither",
    "counted",
    "reason",
]


def differences(comparison: Comparison, first: str, second: str, *, answers: Answers | None = None) -> pd.DataFrame:
    """The accuracy of one model less that of another under each condition, on the same images.

    The interval is the paired bootstrap over the images (`intervals`): all severities of an image are drawn together. For single
    conditions the counts are those of McNemar's table.

    Args:
        comparison: as gathered, both models in it.
        first, second: two different models of it.
        answers: the answers behind it; without them there are neither intervals nor counts.

    Returns:
        A row for `MEAN`, then one for each condition in the comparison's order: name (its label), family, difference (first less
        second, -1..1), low, high (95 %), n (images), answers (images times severities that both have), only_first, only_second, both
        and neither (how many of the answers are right by which), counted (1 where they are counted, 0 where the answers to single images
        are not stored; of `MEAN`, whose counts are sums, the number of conditions that are in them), reason (why the difference is NaN,
        or "").

    Raises:
        InvalidArgumentError: the two are one, or one of them has no results.
    """
    if first == second:
        raise InvalidArgumentError(f"Two models are compared; {first!r} is both of them. Choose another one.")
    for model in (first, second):
        if model not in comparison.models:
            raise InvalidArgumentError(
                f"The model {model!r} has no results here; it is one of {', '.join(comparison.models)}."
            )
    result = baseline.differences(comparison, "accuracy", second, models=[first], answers=answers)
    table = result.table.assign(difference=result.table["value"])
    counts = pd.DataFrame([_counts(comparison, first, second, str(name), answers) for name in table["name"]])
    table = pd.concat([table.reset_index(drop=True), counts], axis=1)
    whole = result.means.iloc[0]
    mean = {
        "name": MEAN,
        "family": "",
        "difference": whole["value"],
        "low": whole["low"],
        "high": whole["high"],
        "n": table["n"].min(),
        "reason": whole["reason"],
        **{column: table[column].sum(min_count=1) for column in counts},
        "counted": int(table["counted"].sum()),
    }
    return pd.concat([pd.DataFrame([mean]), table], ignore_index=True)[COLUMNS]


def _counts(comparison: Comparison, first: str, second: str, label: str, answers: Answers | None) -> dict[str, float]:
    """How many answers under a condition are right by which; NaN where they are not stored."""
    rows = comparison.corrupted[(comparison.corrupted["label"] == label) & (comparison.corrupted["n"] > 0)]
    of_first = set(rows.loc[rows["model"] == first, "condition"])
    both = [c for c in dict.fromkeys(rows.loc[rows["model"] == second, "condition"]) if c in of_first]
    totals = np.zeros(4)
    for condition in both:
        cells = [answers.cells.get((model, condition)) for model in (first, second)] if answers else [None]
        if any(cell is None for cell in cells):
            totals[:] = np.nan
            break
        right = [cell.correct for cell in cells if cell is not None]
        n = min(map(len, right))
        a, b = (each[:n] for each in right)
        totals += [np.sum(a & ~b), np.sum(b & ~a), np.sum(a & b), np.sum(~a & ~b)]
    if not both:
        totals[:] = np.nan
    names = ("only_first", "only_second", "both", "neither")
    counted = int(np.isfinite(totals).all())
    return {"answers": float(totals.sum()), **dict(zip(names, map(float, totals), strict=True)), "counted": counted}


def footer(comparison: Comparison, first: str, second: str, table: pd.DataFrame) -> Footer:
    """The footer of a figure of `differences`."""
    return comparison.only([first, second]).provenance.footer(
        formula=f"Difference = accuracy of {first} less that of {second} on the same images, the mean over the severities",
        interval=intervals.SENTENCE if table["low"].notna().any() else "",
    )
