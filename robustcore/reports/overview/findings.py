"""Findings: what an overview of models says to somebody who has a minute: who is best where, and what nobody withstands."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from robustcore.metrics import accuracy
from robustcore.reports.overview.overview import EPS, Overview

# Column of the overview -> (what counts how many conditions it is over, what counts its images).
_OVER = {
    "mean": ("conditions", "n"),
    "attack_1": ("", "attack_images"),
    "balance": ("", "attack_images"),
    "shifted": ("shifts", "shift_images"),
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing worth knowing.

    Attributes:
        key: "corruption", "attack", "shift", "balance" or "weakest".
        title: what is found.
        value: an accuracy in 0..1.
        model: who has it.
        next: the second best, "" where there is none.
        sentence: how to read it, with the second best and whether chance may have ordered the two.
        condition: for "weakest" the corruption's label, "" else.
    """

    key: str
    title: str
    value: float
    model: str
    next: str
    sentence: str
    condition: str = ""


def findings(overview: Overview) -> list[Finding]:
    """The best under corruption, under attack and under natural shifts, the best balance, and what is hardest for all."""
    first = eps(EPS[0])
    asked = [
        ("mean", "corruption", "Best under corruption", "of the answers right, on the mean over {count} corruptions"),
        ("attack_1", "attack", "Best under attack", f"right under PGD at eps {first}, which knows the model"),
        ("shifted", "shift", "Best under natural shifts", "right, on the mean over {count} shifted sets"),
        ("balance", "balance", "Best trade-off", f"on the mean of clean, corrupted and attacked images (eps {first})"),
    ]
    found = [_best(overview.table, *each) for each in asked]
    return [f for f in [*found, _weakest(overview)] if f is not None]


def headline(overview: Overview, interventions: Mapping[str, str]) -> str:
    """One sentence, or two: how many models, and what they lose.

    Args:
        overview: as gathered.
        interventions: model -> how it was trained.
    """
    table = overview.table
    count, different = len(table), len({interventions.get(m, "") for m in table["model"]})
    who = f"{count} models" if count > 1 else str(table["model"].iloc[0])
    if count > 1 and different > 1:
        who += f" of {different} training interventions"
    verb = "are" if count > 1 else "is"
    said = f"{who} {verb} {_span(table['clean'])} right on clean images"
    losses = [
        (f"{_span(table['mean'])} under corruption", table["mean"]),
        (f"{_span(table['attack_1'])} under attack (PGD, eps {eps(EPS[0])})", table["attack_1"]),
        (f"{_span(table['shifted'])} under natural shifts", table["shifted"]),
    ]
    known = [text for text, values in losses if values.notna().any()]
    if not known:
        return f"{said}; nothing else was evaluated yet."
    return f"{said}, {' and '.join([', '.join(known[:-1]), known[-1]] if len(known) > 1 else known)}."


def eps(value: float) -> str:
    """A radius as people write it: 2/255."""
    return f"{255 * value:g}/255"


def _best(table: pd.DataFrame, column: str, key: str, title: str, says: str) -> Finding | None:
    """The model with the highest value among those that have the most conditions."""
    over, images = _OVER[column]
    known = table[table[column].notna()]
    if over:
        known = known[known[over] == known[over].max()]
    if known.empty:
        return None
    ordered = known.sort_values(column, ascending=False, kind="stable")
    best = ordered.iloc[0]
    says = says.format(count=int(best[over]) if over else 0)
    second = ordered.iloc[1] if len(ordered) > 1 else None
    if second is not None:
        says += f"; then {second['model']}, {_percent(second[column])}"
        if _level(best[column], second[column], int(best[images])):
            says += ": so close that the intervals behind the link decide"
    return Finding(
        key, title, float(best[column]), str(best["model"]), "" if second is None else str(second["model"]), f"{says}."
    )


def _weakest(overview: Overview) -> Finding | None:
    """The corruption under which even the best model is worst."""
    means = overview.by_condition[overview.by_condition["kind"] == "corruption"]
    counts = means.groupby("name")["model"].nunique()
    common = means[means["name"].isin(counts.index[counts == counts.max()])] if len(counts) else means
    if common["name"].nunique() < 2:
        return None
    best = common.sort_values("accuracy", ascending=False, kind="stable").drop_duplicates("name")
    row = best.iloc[-1]
    several = common["model"].nunique() > 1
    says = (
        f"is all that the best model there keeps, {row['model']}"
        if several
        else "is left: nothing costs this model more"
    )
    return Finding(
        "weakest", "Weakest spot of all", float(row["accuracy"]), str(row["model"]), "", f"{says}.", str(row["name"])
    )


def _level(best: float, second: float, images: int) -> bool:
    """Whether the second lies within the best one's interval, taken as wide as for one answer an image."""
    row = pd.DataFrame([{"model": "", "dataset": "", "kind": "", "name": "", "accuracy": best, "n": images}])
    return bool(second >= accuracy(row)["low"].iloc[0])


def _span(values: pd.Series[float]) -> str:
    low, high = values.min(), values.max()
    if pd.isna(low):
        return "not known to be"
    return _percent(high, 0) if round(100 * low) == round(100 * high) else f"{100 * low:.0f} to {_percent(high, 0)}"


def _percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"
