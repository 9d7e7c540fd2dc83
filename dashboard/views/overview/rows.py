"""The rows of the table of all models, and the page that each number links to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from dashboard.cache.datasets import Data
from dashboard.views.overview import addresses
from dashboard.views.overview.model_table import Heading, ModelRow, TableValue, Target
from robustcore.display import display_name
from robustcore.reports.overview import findings
from robustcore.reports.overview.overview import EPS, Overview

BASELINE = "Standard training, for comparison"
FIRST, SECOND = (findings.eps(eps) for eps in EPS)


class Kind(NamedTuple):
    """What a model is: its architecture, its training, the family of the training, the training as people read it, and the
    model as people call it."""

    architecture: str
    training: str
    family: str
    title: str
    model: str


def grouped(
    table: pd.DataFrame, overview: Overview, kinds: Mapping[str, Kind], by: str, data: Data, pinned: Sequence[str] = ()
) -> list[tuple[str, list[ModelRow]]]:
    """The rows in groups, that with the best model first; before them, in their order, the pinned ones, which others are compared with."""
    columns = ("clean", "mean", "attack_1", "attack_2", "shifted")
    best = {(str(model), column) for column in columns for model in _best(overview, column)}
    usual = {column: overview.table[column].max() for column in ("n", "shifts")} | {"conditions": overview.corruptions}
    groups: dict[str, list[ModelRow]] = {}
    for row in table.to_dict("records"):
        kind = kinds[row["model"]]
        title = str(row["model"]) if by == "none" else kind.model
        heading = "" if by == "none" else str(row[by]).replace("_", " ")
        if row["model"] in pinned:
            heading = BASELINE
        groups.setdefault(heading, []).append(_row(row, title, best, usual, data))
    if BASELINE in groups:
        groups[BASELINE].sort(key=lambda row: pinned.index(row.name))
    return sorted(groups.items(), key=lambda group: group[0] != BASELINE)


def _best(overview: Overview, column: str) -> list[str]:
    """The models with the highest of the values that can be ranked; none where they do not differ."""
    values = overview.table.loc[overview.ranked(column)].set_index("model")[column]
    return list(values.index[values == values.max()]) if values.nunique() > 1 else []


def _part(row: Mapping[Hashable, Any], corruptions: int) -> str:
    """Of how much of the suite a mean is; "" for all of it."""
    parts = [f"{row['conditions']} of {corruptions}"] if 0 < row["conditions"] < corruptions else []
    if row["severities"]:
        parts.append(f"severity {row['severities'].replace(' ', ', ')}")
    return ", ".join(parts)


def headings(overview: Overview) -> list[Heading]:
    """Of the columns, with what each number is over."""
    table = overview.table
    images, labelled = int(table["n"].max()), int(table["labelled"].max())
    attacked = int(table["attack_images"].max())
    under = f"{attacked:,} images" if attacked else ""
    corruptions, shifts = int(table["conditions"].max()), int(table["shifts"].max())
    unfiltered = ", without filtered" if overview.provenance.dataset == "scenes" else ""
    return [
        Heading("Model"),
        Heading(
            "Clean",
            f"{labelled:,} of {images:,} images, those with a label" if labelled < images else f"{images:,} images",
        ),
        Heading("Corruptions", f"mean of {corruptions}" if corruptions else ""),
        Heading(f"PGD {FIRST}", under),
        Heading(f"PGD {SECOND}", under),
        Heading(
            "Shifts", f"mean of {shifts}, {int(table['shift_images'].max()):,} images{unfiltered}" if shifts else ""
        ),
        Heading("What breaks it first"),
    ]


def _row(
    row: Mapping[Hashable, Any], title: str, best: set[tuple[str, str]], usual: dict[str, int], data: Data
) -> ModelRow:
    model = str(row["model"])
    ranking = addresses.compare(data, [model], view="corruptions")
    attacks = addresses.compare(data, [model], view="attacks")

    def cell(column: str, target: Target | None, note: str = "") -> TableValue:
        value = float(row[column])
        return TableValue(value, (model, column) in best, note, target=target)

    n, shifts = int(row["n"]), int(row["shifts"])
    cells = [
        cell("clean", ranking, f"{n:,} images" if n < usual["n"] else ""),
        cell("mean", ranking, _part(row, usual["conditions"])),
        cell("attack_1", attacks),
        cell("attack_2", attacks),
        cell("shifted", None, f"{shifts} of {usual['shifts']}" if shifts < usual["shifts"] else ""),
    ]
    return ModelRow(
        title,
        model,
        cells,
        _breaks(row, data),
        ("model", {"name": model}),
    )


def _breaks(row: Mapping[Hashable, Any], data: Data) -> list[tuple[str, Target | None]]:
    """What breaks a model first: a corruption, and an attack."""
    model, parts = str(row["model"]), list[tuple[str, Target | None]]()
    if row["conditions"]:
        name = str(row["broken_name"])
        there = addresses.compare(data, [model], view="severities", condition=name or str(row["worst_name"]))
        text = f"{display_name(name)} at severity {row['broken_severity']} ({100 * float(row['broken_at']):.0f} % left)"
        if not name:
            worst = display_name(str(row["worst_name"]), inside=True)
            severity = "" if pd.isna(row["worst_severity"]) else f" {row['worst_severity']}"
            text = f"No corruption; worst: {worst}{severity} ({100 * float(row['worst']):.0f} % left)"
        parts.append((text, there))
    if row["attack_known"]:
        eps = float(row["broken_eps"])
        text = "No evaluated attack" if pd.isna(eps) else f"PGD at ε = {findings.eps(eps)}"
        parts.append((text, addresses.compare(data, [model], view="attacks")))
    return parts or [("not evaluated", None)]
