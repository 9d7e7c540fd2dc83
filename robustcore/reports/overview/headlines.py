"""Headlines: what a standard model loses, what the best training adds to it, and which corruptions are hardest."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pandas as pd

from robustcore.display import display_name
from robustcore.notes import Note, note
from robustcore.reports.overview import findings
from robustcore.reports.overview.advice import seen_in_training
from robustcore.reports.overview.overview import Overview

STANDARD = "standard"  # the training that others are compared with


@dataclasses.dataclass(frozen=True)
class Headline:
    """One finding with its numbers.

    Attributes:
        note: the finding.
        bars: (what, accuracy 0..1); what is "clean", "corrupted" or "attacked", a model's name, or a corruption's.
        models: whose numbers these are.
    """

    note: Note
    bars: tuple[tuple[str, float], ...]
    models: tuple[str, ...]


def standard_model(overview: Overview, trainings: Mapping[str, str]) -> str:
    """The first model of the overview with standard training and results under corruption; "" for none.

    Args:
        overview: as gathered.
        trainings: model -> how it was trained.
    """
    evaluated = overview.table.loc[overview.ranked("mean"), "model"]
    return next((str(model) for model in evaluated if trainings.get(model) == STANDARD), "")


def headlines(
    overview: Overview,
    standard: str,
    trained_on: Mapping[str, tuple[str, ...]] | None = None,
    controls: Mapping[str, str] | None = None,
) -> list[Headline]:
    """What can be said of these models: up to three headlines.

    Args:
        overview: as gathered.
        standard: the model that others are compared with; "" for none, then only the hardest corruptions are named.
        trained_on: model -> the corruptions of its training.
        controls: model -> the one trained for as long without an intervention: what the best training adds is over it.
    """
    best = {finding.key: finding for finding in findings.findings(overview)}
    rows = {str(row["model"]): row for row in overview.table.to_dict("records")}
    written = []
    if standard:
        columns = {"clean": "clean", "corrupted": "mean", "attacked": "attack_1"}
        parts = {what: float(rows[standard][column]) for what, column in columns.items()}
        values = {what: value for what, value in parts.items() if not math.isnan(value)}
        if {"clean", "corrupted"} <= values.keys():
            says = standard_training_loses(standard, values["clean"], values["corrupted"], values.get("attacked"))
            written.append(Headline(says, tuple(values.items()), (standard,)))
        winner = best.get("corruption")
        if winner is not None and winner.model != standard and "corrupted" in values:
            labels = dict.fromkeys(overview.by_condition.loc[overview.by_condition["kind"] == "corruption", "name"])
            seen = seen_in_training((trained_on or {}).get(winner.model, ()), map(str, labels))
            control = (controls or {}).get(winner.model, "")
            as_long = control in set(overview.table.loc[overview.ranked("mean"), "model"])
            against = control if as_long else standard
            start = float(rows[against]["mean"])
            says = best_training_adds(winner.model, start, winner.value, seen, winner.conditions, as_long)
            written.append(Headline(says, ((against, start), (winner.model, winner.value)), (against, winner.model)))
    if (hardest := best.get("hardest")) is not None:
        first, broken = _breaks_most(overview)
        reached = _best_under(overview, first) if first else None
        pair: tuple[tuple[str, float], ...] = ((hardest.condition, hardest.value),)
        if first and first != hardest.condition and reached is not None:
            pair = ((first, reached), *pair)
        says = hardest_corruptions(hardest.condition, hardest.value, first, broken, len(overview.table))
        written.append(Headline(says, pair, tuple(str(model) for model in overview.table["model"])))
    return written


def _breaks_most(overview: Overview) -> tuple[str, int]:
    """The corruption that breaks most models first, and how many; ("", 0) where none breaks any."""
    names = overview.table["broken_name"]
    counts = names[names.fillna("") != ""].value_counts()
    return (str(counts.index[0]), int(counts.iloc[0])) if len(counts) else ("", 0)


def _best_under(overview: Overview, name: str) -> float | None:
    """The best accuracy that a model reaches under a corruption; None where nothing is known."""
    table = overview.by_condition
    values: pd.Series[float] = table.loc[(table["kind"] == "corruption") & (table["name"] == name), "accuracy"]
    return float(values.max()) if len(values) else None


@note
def standard_training_loses(model: str, clean: float, corrupted: float, attacked: float | None) -> str:
    attack = "" if attacked is None else f", and {100 * (clean - attacked):.0f} to a small attack"
    return f"Standard training loses {100 * (clean - corrupted):.0f} points to corruptions{attack}."


@note
def best_training_adds(
    model: str, standard: float, best: float, seen: tuple[str, ...], corruptions: int, as_long: bool
) -> str:
    """`seen` are those of the corruptions that the best model was trained on; `as_long`: whether the standard one was trained for as
    long."""
    return (
        f"The best training wins back {100 * (best - standard):.0f} points under corruption{' over standard training for as long' * as_long}: "
        f"{100 * standard:.1f} → {100 * best:.1f} %."
    )


@note
def hardest_corruptions(hardest: str, best: float, first: str, broken: int, models: int) -> str:
    """`hardest` is where the best accuracy of all models is lowest, `first` what breaks the most models (`broken`) first."""
    limit = f"no model gets above {100 * best:.1f} %"
    name = display_name(hardest, "corruption")
    if not first:
        return f"{name} is hardest: {limit}."
    if first == hardest:
        return f"{name} is hardest: it breaks {broken} of {models} models first, and {limit}."
    return (
        f"{display_name(first, 'corruption')} breaks {broken} of {models} models first. "
        f"Under {display_name(hardest, 'corruption', inside=True)} {limit}."
    )
