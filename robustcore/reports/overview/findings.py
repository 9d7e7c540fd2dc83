"""Findings: who is best where, and which corruption is hardest for all models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from robustcore.metrics import accuracy
from robustcore.notes import Note, note
from robustcore.reports.overview.overview import EPS, Overview

# Finding -> (column of the overview, what counts its conditions, what counts its images). Ranked by `Overview.ranked`.
_COLUMNS = {
    "corruption": ("mean", "conditions", "labelled"),
    "attack": ("attack_1", "", "attack_images"),
    "shift": ("shifted", "shifts", "shift_images"),
    "balance": ("balance", "", "attack_images"),
}
Range = tuple[float, float]  # the lowest and the highest accuracy


@dataclasses.dataclass(frozen=True)
class Finding:
    """The best model in one respect.

    Attributes:
        key: "corruption", "attack", "shift", "balance", or "hardest" for the corruption with the lowest best accuracy.
        value: its accuracy, 0..1.
        model: its name.
        models: how many models were compared.
        conditions: how many conditions the value is a mean of, or for "hardest" of how many it is the lowest; else 0.
        second: the second best model, "" without one.
        second_value: its accuracy, NaN without one.
        too_close: whether the second lies within the 95 % interval of the best.
        condition: the corruption's name for "hardest", else "".
    """

    key: str
    value: float
    model: str
    models: int
    conditions: int = 0
    second: str = ""
    second_value: float = float("nan")
    too_close: bool = False
    condition: str = ""


def findings(overview: Overview) -> list[Finding]:
    """The best under corruption, under attack and under natural shifts, the best trade-off, and the hardest corruption."""
    best = [_best(overview, key) for key in _COLUMNS]
    return [finding for finding in [*best, _hardest(overview)] if finding is not None]


def summary(overview: Overview, interventions: Mapping[str, str]) -> Note:
    """How many models there are, and the range of their accuracies.

    Args:
        overview: as gathered.
        interventions: model -> how it was trained.
    """
    table = overview.table
    return models_and_accuracies(
        str(table["model"].iloc[0]),
        len(table),
        len({interventions.get(model, "") for model in table["model"]}),
        *(_range(table.loc[overview.ranked(c), c]) for c in ("clean", "mean", "attack_1", "shifted")),
    )


@note
def models_and_accuracies(
    first: str,
    models: int,
    interventions: int,
    clean: Range | None,
    corrupted: Range | None,
    attacked: Range | None,
    shifted: Range | None,
) -> str:
    who = f"{models} models" if models > 1 else first
    if models > 1 and interventions > 1:
        who += f", {interventions} training methods"
    values = [
        (clean, "on clean images"),
        (corrupted, "under corruption"),
        (attacked, f"under attack (PGD, ε = {eps(EPS[0])})"),
        (shifted, "under natural shifts"),
    ]
    evaluated = [f"{_percent_range(*span)} {where}" for span, where in values if span is not None]
    return f"{who}. Accuracy: {', '.join(evaluated)}." if evaluated else f"{who}. Nothing is evaluated yet."


def eps(value: float) -> str:
    """A radius as people write it: 2/255."""
    return f"{255 * value:g}/255"


def _best(overview: Overview, key: str) -> Finding | None:
    """The model with the highest value among those that can be ranked by it."""
    column, counted, images = _COLUMNS[key]
    evaluated = overview.table[overview.ranked(column)]
    if evaluated.empty:
        return None
    ordered = evaluated.sort_values(column, ascending=False, kind="stable")
    best = ordered.iloc[0]
    conditions = int(best[counted]) if counted else 0
    finding = Finding(key, float(best[column]), str(best["model"]), len(ordered), conditions)
    if len(ordered) == 1:
        return finding
    second = ordered.iloc[1]
    return dataclasses.replace(
        finding,
        second=str(second["model"]),
        second_value=float(second[column]),
        too_close=within_interval(best[column], second[column], int(best[images])),
    )


def _hardest(overview: Overview) -> Finding | None:
    """The corruption under which even the best model is worst."""
    means = overview.by_condition[overview.by_condition["kind"] == "corruption"]
    counts = means.groupby("name")["model"].nunique()
    common = means[means["name"].isin(counts.index[counts == counts.max()])] if len(counts) else means
    if common["name"].nunique() < 2:
        return None
    best = common.sort_values("accuracy", ascending=False, kind="stable").drop_duplicates("name")
    row = best.iloc[-1]
    return Finding(
        "hardest",
        float(row["accuracy"]),
        str(row["model"]),
        int(common["model"].nunique()),
        int(common["name"].nunique()),
        condition=str(row["name"]),
    )


def within_interval(best: float, second: float, images: int) -> bool:
    """Whether the second lies within the best one's interval, taken as wide as for one answer an image."""
    row = pd.DataFrame([{"model": "", "dataset": "", "kind": "", "name": "", "accuracy": best, "n": images}])
    return bool(second >= accuracy(row)["low"].iloc[0])


def _range(values: pd.Series[float]) -> Range | None:
    return (float(values.min()), float(values.max())) if values.notna().any() else None


def _percent_range(low: float, high: float) -> str:
    return f"{100 * high:.0f} %" if round(100 * low) == round(100 * high) else f"{100 * low:.0f}–{100 * high:.0f} %"
