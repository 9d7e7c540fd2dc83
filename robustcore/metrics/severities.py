"""Whether a severity is harder than the one before it, with an interval that says how sure that is."""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import accuracies

Correct = npt.NDArray[np.bool_]  # (n,) whether each image is answered rightly

HARDER, EASIER, LEVEL = "harder", "easier", "no harder"
# What tells the rows of one corruption apart, but for the severity.
_KEYS = (*accuracies.MODEL, "kind", "name", "variant", "storage", "params", "seed", "precision")


@dataclasses.dataclass(frozen=True)
class Drop:
    """A loss of accuracy, before minus after, and its interval; -1 .. 1, positive where accuracy is lost."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """`HARDER` or `EASIER` where the interval leaves out 0, else `LEVEL`: no harder than chance explains."""
        if self.low > 0:
            return HARDER
        return EASIER if self.high < 0 else LEVEL


def paired_drop(before: Correct, after: Correct, confidence: float = 0.95) -> Drop:
    """The loss of accuracy on the same images in the same order.

    Agresti & Min (2005): Wald's interval of the difference of paired proportions with half an answer added to each of the
    four outcomes, so that it stays sensible where few answers change.
    """
    if before.shape != after.shape or before.ndim != 1 or not len(before):
        raise InvalidArgumentError(
            f"Paired answers are to the same images, one or more; these have shapes {before.shape} and {after.shape}."
        )
    n = len(before)
    lost, won = int((before & ~after).sum()), int((~before & after).sum())
    centre = (lost - won) / (n + 2)
    spread = math.sqrt(lost + won + 1 - (lost - won) ** 2 / (n + 2)) / (n + 2)
    half = _quantile(confidence) * spread
    return Drop((lost - won) / n, max(-1.0, centre - half), min(1.0, centre + half))


def unpaired_drop(before: tuple[float, float, float], after: tuple[float, float, float]) -> Drop:
    """The loss between two accuracies, (value, low, high) each with its Wilson interval: Newcombe (1998), method 10."""
    (p, p_low, p_high), (q, q_low, q_high) = before, after
    drop = p - q
    return Drop(drop, drop - math.hypot(p - p_low, q_high - q), drop + math.hypot(p_high - p, q - q_low))


def steps(
    table: pd.DataFrame, *, correct: Mapping[Any, Correct] | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Each severity against the one before it, for each model and corruption.

    Args:
        table: tidy, with severity and n; rows without a severity are left out.
        correct: for rows of the table, by their index, whether each image is answered rightly. Two rows that both have
            it, for as many images, are compared image by image, which is much sharper.
        confidence: of the intervals.

    Returns:
        One row for each severity but the first of a corruption: what tells it apart (model, dataset, ... as far as the
        table has it), severity, before (the severity that it is compared with), accuracy, accuracy_before, drop, low and
        high (the lost accuracy and its interval), paired, verdict ("harder", "easier", "no harder", or "undefined" with
        NaN drops where an accuracy is missing).
    """
    accuracies.check(table, "severity", "n")
    keys = [key for key in _KEYS if key in table]
    answers = dict(correct or {})
    rows = []
    with_bounds = accuracies.accuracy(table, confidence=confidence)
    ordered = with_bounds[with_bounds["severity"].notna()].sort_values("severity", kind="stable")
    for values, group in ordered.groupby(keys, sort=False, dropna=False):
        if group["severity"].duplicated().any():
            raise InvalidArgumentError(f"The table has a severity of {group['name'].iloc[0]} twice for one model.")
        records = list(zip(group.index, group.to_dict("records"), strict=True))
        for (i, before), (j, after) in itertools.pairwise(records):
            paired = i in answers and j in answers and answers[i].shape == answers[j].shape
            drop = paired_drop(answers[i], answers[j], confidence) if paired else _unpaired(before, after)
            rows.append(
                dict(zip(keys, values, strict=True))
                | {
                    "severity": int(after["severity"]),
                    "before": int(before["severity"]),
                    "accuracy": after["accuracy"],
                    "accuracy_before": before["accuracy"],
                    "drop": drop.value,
                    "low": drop.low,
                    "high": drop.high,
                    "paired": paired,
                    "verdict": "undefined" if math.isnan(drop.value) else drop.verdict,
                }
            )
    columns = ["severity", "before", "accuracy", "accuracy_before", "drop", "low", "high", "paired", "verdict"]
    return pd.DataFrame(rows, columns=[*keys, *columns])


def _unpaired(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Drop:
    p, q = ((row["accuracy"], row["low"], row["high"]) for row in (before, after))
    return unpaired_drop(p, q)


def _quantile(confidence: float) -> float:
    return statistics.NormalDist().inv_cdf((1 + arguments.share(confidence, "confidence")) / 2)
