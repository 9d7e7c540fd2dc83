"""Which models differ in rank over the conditions: the Friedman test, and the Nemenyi test after it.

Demsar, Statistical comparisons of classifiers over multiple data sets, JMLR 7 (2006), section 3.2. A condition takes the place of
a data set: under each the models are ranked, 1 for the best, models that are equal share the mean of their ranks.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.notes import Note, note
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer

ALPHA = 0.05
_FORMULA = (
    "Rank 1 is the best under a condition, equal ones share the mean; Friedman's chi-square = 12 N / (k (k + 1)) (sum of squared mean "
    "ranks - k (k + 1)^2 / 4), F = (N - 1) chi-square / (N (k - 1) - chi-square) (Iman and Davenport); critical difference = "
    "q sqrt(k (k + 1) / 6 N), q the studentized range over sqrt 2 (Nemenyi; Demsar 2006, section 3.2)"
)


@note
def ranked_without(conditions: tuple[str, ...]) -> str:
    return f"Not ranked, because a model has no value there: {', '.join(conditions)}."


@note
def too_few_to_rank(models: int, conditions: int) -> str:
    return f"Ranks are compared of 2 or more models over 2 or more conditions; here are {models} and {conditions}. Choose more of them."


@note
def related_conditions(conditions: int) -> str:
    return (
        f"The test takes the {conditions} conditions for independent data sets. Corruptions of the same images are not: a small p says less "
        "than it seems to."
    )


@note
def nobody_differs(p_value: float) -> str:
    return (
        f"The Friedman test finds no difference among these models (p = {p_value:.2g}): no pair is compared on its own."
    )


@dataclasses.dataclass(frozen=True)
class RankTest:
    """Mean ranks and what can be said of them.

    Attributes:
        table: model, rank (the mean over the conditions, 1 is best), low and high (rank less and plus half of the critical difference:
            two models differ where these do not overlap), conditions (N); in order of the rank.
        chi_square, f: Friedman's statistic and that of Iman and Davenport, NaN where they are undefined.
        p_value: of f.
        critical_difference: how far two mean ranks have to be apart, at `ALPHA`.
        among: all models of the comparison, in the order in which they have their colours.
        notes: what has to be said with it; why there is nothing to compare.
        footer: where it comes from.
    """

    table: pd.DataFrame
    chi_square: float
    f: float
    p_value: float
    critical_difference: float
    among: tuple[str, ...]
    notes: tuple[Note, ...]
    footer: Footer


def mean_ranks(result: Bars) -> RankTest:
    """Compare models by their ranks under each condition of a metric.

    Args:
        result: of `measures.bars`: the values of any metric. Conditions under which a model has none are left out.
    """
    values = result.table.pivot(index="name", columns="model", values="value").reindex(
        index=list(dict.fromkeys(result.table["name"])), columns=result.models
    )
    undefined = values.index[values.isna().any(axis=1)]
    values = values.drop(index=undefined)
    n, k = values.shape
    left_out = (ranked_without(tuple(map(str, undefined))),) if len(undefined) else ()
    footer = result.footer.replace(formula=f"{result.footer.formula}. {_FORMULA}", interval="")
    if n < 2 or k < 2:
        nothing = pd.DataFrame(columns=["model", "rank", "low", "high", "conditions"])
        return RankTest(nothing, *(math.nan,) * 4, result.among, (too_few_to_rank(k, n), *left_out), footer)
    sign = -1 if result.definition.better == "higher" else 1
    # Twelve digits: equal means over severities may differ in the last bit, by the order of the sum.
    ranks = _stats().rankdata(sign * values.to_numpy(float).round(12), axis=1).mean(axis=0)
    chi_square, f, p_value = friedman(ranks, n)
    apart = critical_difference(k, n)
    table = pd.DataFrame(
        {"model": result.models, "rank": ranks, "low": ranks - apart / 2, "high": ranks + apart / 2, "conditions": n}
    ).sort_values("rank", kind="stable", ignore_index=True)
    notes: tuple[Note, ...] = (related_conditions(n), *left_out)
    if p_value >= ALPHA:
        notes = (nobody_differs(p_value), *notes)
    return RankTest(table, chi_square, f, p_value, apart, result.among, notes, footer)


def friedman(ranks: npt.NDArray[np.float64], conditions: int) -> tuple[float, float, float]:
    """Friedman's chi-square, the F of Iman and Davenport, and the p of the latter (Demsar 2006, section 3.2.2).

    Args:
        ranks: (k,) mean ranks of k models, 2 or more.
        conditions: N, over how many they are means.

    Returns:
        F is infinite and p 0 where all conditions rank the models the same way.
    """
    k, n = len(ranks), conditions
    chi_square = 12 * n / (k * (k + 1)) * (float(np.sum(ranks**2)) - k * (k + 1) ** 2 / 4)
    rest = n * (k - 1) - chi_square
    f = math.inf if rest <= 1e-9 else (n - 1) * chi_square / rest
    return chi_square, f, float(_stats().f.sf(f, k - 1, (k - 1) * (n - 1)))


def critical_difference(models: int, conditions: int, alpha: float = ALPHA) -> float:
    """How far apart two mean ranks have to be for the models to differ (Nemenyi; Demsar 2006, section 3.2.2, table 5a).

    Args:
        models: k, 2 or more.
        conditions: N.
        alpha: the chance of any false difference among all pairs.
    """
    q = float(_stats().studentized_range.ppf(1 - alpha, models, np.inf)) / math.sqrt(2)
    return q * math.sqrt(models * (models + 1) / (6 * conditions))


def _stats() -> Any:
    from scipy import stats  # importing it takes half a second

    return stats
