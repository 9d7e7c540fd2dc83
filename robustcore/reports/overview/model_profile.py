"""The profile of one model: its accuracies by family of corruptions, under attack and under shifts, next to another model's."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError
from robustcore.reports.overview.overview import Overview

# Row of the profile -> column of the overview; the families of corruptions come between the first and the others.
_COLUMNS = {"clean": "clean", "attack_1": "attack_1", "attack_2": "attack_2", "shifted": "shifted"}


def profile(overview: Overview, model: str, other: str = "") -> pd.DataFrame:
    """The accuracies of a model, each the mean over its conditions.

    Args:
        overview: as gathered.
        model: one of its models.
        other: the model that it is compared with, "" for none.

    Returns:
        part ("clean", the families of corruptions, "attack_1" and "attack_2" under PGD at the two radii of the overview,
        "shifted"), conditions (corruptions of a family that the model has results for; 0 elsewhere), value, other (0..1), and
        their difference; NaN where one of them is not evaluated. A family that the model has no result for has no row.
    """
    known = {str(row["model"]): row for row in overview.table.to_dict("records")}
    if model not in known:
        raise InvalidArgumentError(f"Nothing is stored of {model}; it is one of {', '.join(known)}.")
    table = overview.by_condition[overview.by_condition["kind"] == "corruption"]
    families = families_of(map(str, table["name"].unique()))
    table = table.assign(family=table["name"].map(families))
    rows = [_row("clean", 0, known, model, other)]
    for family in corruptions.families.names():
        own = table[(table["model"] == model) & (table["family"] == family)]
        if own.empty:
            continue
        against = table[(table["model"] == other) & table["name"].isin(own["name"])]
        shared = len(against) == len(own)  # else the means would be over different corruptions
        value, compared = float(own["accuracy"].mean()), float(against["accuracy"].mean()) if shared else math.nan
        rows.append((family, len(own), value, compared))
    rows += [_row(part, 0, known, model, other) for part in ("attack_1", "attack_2", "shifted")]
    made = pd.DataFrame(rows, columns=["part", "conditions", "value", "other"])
    return made.assign(difference=made["value"] - made["other"])


def hardest(overview: Overview, model: str, count: int = 5) -> list[tuple[str, float]]:
    """The corruptions under which a model is least accurate: (label, accuracy 0..1), the hardest first."""
    table = overview.by_condition
    own = table[(table["kind"] == "corruption") & (table["model"] == model)].sort_values("accuracy", kind="stable")
    return [(str(row["name"]), float(row["accuracy"])) for row in own.head(count).to_dict("records")]


def families_of(labels: Iterable[str]) -> dict[str, str]:
    """Label of the overview -> family of the corruption; of labels that several suites share, that of ImageNet-C."""
    named = {corruptions.get(name).plain_name: corruptions.get(name).family for name in corruptions.names()}
    named |= {corruptions.get(n).plain_name: corruptions.get(n).family for n in corruptions.names("imagenet-c")}
    return {label: named[label] for label in labels if label in named}


def _row(
    part: str, conditions: int, known: Mapping[str, Mapping[Hashable, Any]], model: str, other: str
) -> tuple[str, int, float, float]:
    column = _COLUMNS[part]
    compared = float(known[other][column]) if other in known else math.nan
    return part, conditions, float(known[model][column]), compared
