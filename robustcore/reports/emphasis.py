"""Which of many models are shown first: the baseline, the best of each family of trainings, and those that a person pinned.

Forty lines or rows tell nobody anything. Every view of a comparison draws these few by name and in colour; the others are grey, or
only the medians of their families are drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

MOST = 12  # models up to this number are all shown by name
_LEAST = 6  # of more, at least so many are


@dataclasses.dataclass(frozen=True)
class Emphasis:
    """What is seen first.

    Attributes:
        first: the models that are drawn by name and in colour: the pinned ones first, then in order of their value.
        pinned: those that a person chose to follow, highlighted in every figure.
        others: how many models are not among the first.
    """

    first: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    others: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether some models are not among the first."""
        return self.others > 0

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table (model, ...) that are of the first models, the pinned ones on top; all rows where all are first."""
        rows = table[table["model"].isin(self.first)] if self.is_partial else table
        if self.pinned:
            rows = rows.loc[(~rows["model"].isin(self.pinned)).sort_values(kind="stable").index]
        rows.attrs |= table.attrs
        return rows


def choose(
    values: pd.DataFrame,
    families: Mapping[str, str],
    *,
    baseline: str = "",
    pinned: Sequence[str] = (),
    better: str = "higher",
    everything: bool = False,
    column: str = "value",
) -> Emphasis:
    """The models of a figure that are shown first.

    Up to `MOST` models all are. Of more: the pinned ones, the baseline and the best of each family by value; where these are few, the
    best of the rest too.

    Args:
        values: model and `column`: of several rows of a model their mean counts, NaN where one of them is; such a model comes last.
        families: model -> how it was trained.
        baseline: the model that others are read against, or "".
        pinned: those that a person chose; any that has no row is left out.
        better: whether a "higher" or a "lower" value is better.
        everything: whether all are shown, however many.
        column: what models are compared by.
    """
    means = values.groupby("model", sort=False)[column].agg(lambda own: own.mean(skipna=False))
    ranked = means.sort_values(ascending=better == "lower", na_position="last", kind="stable")
    models = [str(model) for model in ranked.index]
    own = tuple(model for model in dict.fromkeys(pinned) if model in models)
    if everything or len(models) <= MOST:
        return Emphasis(tuple(dict.fromkeys([*own, *models])), own)
    best: dict[str, str] = {}
    for model in models:
        best.setdefault(families.get(model, ""), model)
    wanted = {*own, *best.values(), *({baseline} if baseline in models else ())}
    for model in models:
        if len(wanted) >= _LEAST:
            break
        wanted.add(model)
    first = tuple(dict.fromkeys([*own, *(model for model in models if model in wanted)]))
    return Emphasis(first, own, len(models) - len(first))


def medians(table: pd.DataFrame, families: Mapping[str, str], by: Sequence[str], column: str = "value") -> pd.DataFrame:
    """The median over the models of each family: training (its name), the columns `by`, `column`, models (how many it is over).

    Args:
        table: model, the columns `by`, and `column`, whose NaN are left out.
        families: model -> how it was trained; models without a family are left out.
        by: what tells values of one model apart, such as the condition's name.
    """
    rows = table[table["model"].isin(list(families)) & table[column].notna()]
    rows = rows.assign(training=rows["model"].map(families))
    groups = rows.groupby(["training", *by], sort=False)[column]
    return groups.agg(["median", "size"]).rename(columns={"median": column, "size": "models"}).reset_index()
