"""Overview: the accuracy of each evaluated model on clean images, under corruption, under attack and under natural shifts.

Everything is read with one query. Each model's values are over all of its own images; Compare uses those that models share.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustcore import corruptions, metrics
from robustcore.datasets import imagenet_shifts
from robustcore.datasets._base import Dataset
from robustcore.datasets.scenes import filtered_shift
from robustcore.errors import DatasetError
from robustcore.evaluation import Condition, Store, api, operations, suites, tables
from robustcore.evaluation.operations.attack import CURVE_EPS
from robustcore.evaluation.request import EvaluationRequest
from robustcore.metrics import accuracies as accuracies_of
from robustcore.notes import Note, note
from robustcore.reports import compare
from robustcore.reports.compare.comparison import Models
from robustcore.reports.provenance import Provenance

ATTACK = "pgd"
EPS = (2 / 255, 8 / 255)  # of the curve's radii, those that have a column
WITHOUT = (
    "without the filtered set, which was chosen against one of the models"  # what the mean of natural shifts is over
)
BROKEN = 0.5  # a model is broken by what leaves it less than this share of its clean accuracy
COLUMNS = [
    "model",
    "clean",
    "clean_low",
    "clean_high",
    "mean",
    "conditions",
    "severities",
    "whole",
    "weakest",
    "weakest_name",
    "worst",
    "worst_name",
    "worst_severity",
    "broken_name",
    "broken_severity",
    "broken_at",
    "attack_1",
    "attack_2",
    "attack_images",
    "broken_eps",
    "attack_known",
    "shifted",
    "shifts",
    "shift_images",
    "weakest_shift",
    "weakest_shift_name",
    "balance",
    "n",
    "labelled",
    "shipped",
    "updated",
]


@dataclasses.dataclass(frozen=True)
class Overview:
    """One row for each model.

    Attributes:
        table: model; clean with its 95 % interval (clean_low, clean_high).
            Corruptions: mean, over severities and then over the `conditions` (their number); severities, a text such as "1 3"
            where another model has more of some corruption, else ""; whole, whether the mean is over all corruptions of the
            suites and over all severities that another model has, so that it can be ranked; weakest, the lowest mean over
            severities, and of which corruption (weakest_name); worst, the lowest single accuracy, with worst_name and
            worst_severity; broken_name at broken_severity with the accuracy broken_at: at the lowest severity at which any
            corruption leaves less than half of the clean accuracy, the one that leaves least ("" where none does).
            Attacks: attack_1 and attack_2, the accuracies under PGD at the two `EPS`, on attack_images; broken_eps, the
            smallest evaluated radius that leaves less than half (NaN where none does), of attack_known radii.
            Natural shifts: shifted, the mean over the `shifts` (their number) that have right answers, each on up to
            shift_images; weakest_shift and weakest_shift_name. All without the filtered set, which was chosen against one of the
            models and would count against it alone.
            balance, the mean of clean, mean and attack_1, NaN where not whole; n, the most images under one condition, and labelled, of
            these the ones with a label, which accuracies are over; shipped,
            whether all of it comes with the package; updated. Accuracies in 0..1, NaN where nothing is stored.
        by_condition: model, kind ("corruption" or "shift"), name (its label), accuracy: for a corruption the mean over its
            severities. The filtered set is among the shifts.
        corruptions: the number of corruptions of the suites.
        notes: what to know when comparing the rows.
        provenance: where it comes from.
    """

    table: pd.DataFrame
    by_condition: pd.DataFrame
    notes: tuple[Note, ...]
    provenance: Provenance
    corruptions: int = 15

    def ranked(self, column: str) -> pd.Series[bool]:
        """Of each row, whether its value in a column is one that models can be ranked by: a mean over all that there is."""
        values = self.table[column].notna()
        if column in ("mean", "balance"):
            return values & self.table["whole"]
        return values & (self.table["shifts"] == self.table["shifts"].max()) if column == "shifted" else values


def gather(
    models: Models,
    dataset: Dataset,
    suite_names: Sequence[str] = ("imagenet-c",),
    *,
    store: Store | Path | str | None = None,
) -> Overview:
    """What is stored of the models: under the suites, under PGD, under the dataset's natural shifts. Computes nothing."""
    attacks = [Condition("attack", ATTACK, params=(("eps", eps),)) for eps in CURVE_EPS]
    conditions = [*compare.conditions(suite_names), *attacks, *_shifts_of(dataset)]
    prepared = api.prepare(EvaluationRequest.of(models, dataset, conditions))
    results = store if isinstance(store, Store) else Store(store)
    scored = tables.table(prepared.cells, results)
    scored["eps"] = [cell.condition.parameters.get("eps", math.nan) for cell in prepared.cells]
    scored["label"] = _labels([cell.condition for cell in prepared.cells])
    rows = scored[scored["n"] > 0]
    clean = metrics.accuracy(rows[rows["kind"] == "clean"]).set_index("model")
    models_ = list(dict.fromkeys(cell.model.name for cell in prepared.cells))
    kept = rows["accuracy"] / rows["model"].map(clean["accuracy"]).astype(float)  # of no rows the type would be text
    accuracies = rows.assign(kept=kept)[rows["accuracy"].notna()]
    suite = scored[scored["kind"] == "corruption"]["label"].nunique()
    corrupted, means = _corrupted(accuracies[accuracies["kind"] == "corruption"], suite)
    shifted = accuracies[accuracies["kind"] == "shift"]
    by_condition = _by_condition(means, shifted)
    parts: list[pd.DataFrame | pd.Series[Any]] = [
        clean.rename(columns={"accuracy": "clean", "low": "clean_low", "high": "clean_high"})[
            ["clean", "clean_low", "clean_high"]
        ],
        corrupted,
        _attacked(accuracies[accuracies["kind"] == "attack"]),
        _shifted(shifted[shifted["name"] != filtered_shift.SET]),
        _evidence(rows),
    ]
    table = pd.DataFrame(index=pd.Index(models_, name="model")).join(parts)
    table["whole"] = table["whole"].eq(True)
    table["balance"] = table[["clean", "mean", "attack_1"]].mean(axis=1, skipna=False).where(table["whole"])
    for column in ("conditions", "attack_images", "attack_known", "shifts", "shift_images", "n", "labelled"):
        table[column] = table[column].fillna(0).astype(int)
    for column in ("weakest_name", "worst_name", "broken_name", "weakest_shift_name", "severities", "updated"):
        table[column] = table[column].fillna("")
    table["shipped"] = table["shipped"].eq(True)
    has = set(rows["kind"])
    named = [
        *suite_names,
        *(["robust-accuracy"] if "attack" in has else []),
        *(["natural shifts"] if "shift" in has else []),
    ]
    provenance = Provenance.of(scored.drop(columns=["eps", "label"]), suites=tuple(named), storage="memory", seed=0)
    table = table.reset_index()[COLUMNS]
    return Overview(table, by_condition, tuple(_notes(table)), provenance, suite)


def _shifts_of(dataset: Dataset) -> list[Condition]:
    """The natural shifts that there are of a dataset: those of scenes, or ImageNet's as far as this machine has them."""
    names = ["scenes-shifts"] if dataset.name == "scenes" else ["imagenet-shifts"] if imagenet_shifts.here() else []
    conditions = []
    for condition in (c for name in names for c in suites.resolve(name) if c.kind == "shift"):
        try:
            operations.of(condition).dataset(condition, dataset)
        except DatasetError:  # a shift of another dataset says nothing of this one
            continue
        conditions.append(condition)
    return conditions


def _labels(conditions: Sequence[Condition]) -> list[str]:
    """What each condition is called here: its plain name, or that of the registry where two suites share a plain one."""
    names: dict[tuple[str, str], set[str]] = {}
    for condition in conditions:
        names.setdefault((condition.kind, _label(condition)), set()).add(condition.name)
    plain = [_label(condition) for condition in conditions]
    return [
        label if len(names[condition.kind, label]) == 1 else condition.name
        for condition, label in zip(conditions, plain, strict=True)
    ]


def _label(condition: Condition) -> str:
    if condition.kind == "corruption":
        return corruptions.get(condition.name).plain_name
    return condition.name.rpartition("/")[2] if condition.kind == "shift" else condition.name


def _first(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Each model's first row in that order."""
    return rows.sort_values(by, kind="stable").drop_duplicates("model").set_index("model")


def broken_by(rows: pd.DataFrame) -> pd.DataFrame:
    """What breaks each model first: of the conditions that leave less than half of its clean accuracy, that at the lowest
    severity, and there the one that leaves least.

    Args:
        rows: model, severity, accuracy, kept (accuracy / clean accuracy).

    Returns:
        One of the rows for each model, under its name; none for a model that nothing breaks.
    """
    return _first(rows[(rows["kept"] < BROKEN) & rows["severity"].notna()], ["severity", "accuracy"])


def _corrupted(rows: pd.DataFrame, suite: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`suite` is the number of its corruptions."""
    means = rows.groupby(["model", "label"], sort=False)["accuracy"].mean().reset_index()
    means = means.rename(columns={"label": "name"})
    weakest = _first(means, ["accuracy"])
    worst = _first(rows, ["accuracy"])
    broken = broken_by(rows)
    each = means.groupby("model", sort=False)["accuracy"]
    count = each.size()
    fewer = _fewer_severities(rows)
    severities = [" ".join(map(str, fewer.get(str(model), ()))) for model in count.index]
    summary = pd.DataFrame(
        {
            "mean": each.mean(),
            "conditions": count,
            "severities": pd.Series(severities, index=count.index, dtype=object),
            "whole": [n == suite and model not in fewer for model, n in count.items()],
        }
    ).join(
        [
            weakest.rename(columns={"accuracy": "weakest", "name": "weakest_name"})[["weakest", "weakest_name"]],
            pd.DataFrame(
                {"worst": worst["accuracy"], "worst_name": worst["label"], "worst_severity": worst["severity"]}
            ),
            pd.DataFrame(
                {"broken_name": broken["label"], "broken_severity": broken["severity"], "broken_at": broken["accuracy"]}
            ),
        ]
    )
    return summary, means


def _fewer_severities(rows: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    """The models that lack severities of a corruption that another has -> those that it has of the first such one."""
    levels: dict[str, dict[str, set[int]]] = {}
    for row in rows[rows["severity"].notna()].to_dict("records"):
        levels.setdefault(row["label"], {}).setdefault(row["model"], set()).add(int(row["severity"]))
    fewer: dict[str, tuple[int, ...]] = {}
    for by_model in levels.values():
        most = set().union(*by_model.values())
        for model, own in by_model.items():
            if own != most:
                fewer.setdefault(model, tuple(sorted(own)))
    return fewer


def _attacked(rows: pd.DataFrame) -> pd.DataFrame:
    bounded = rows[rows["eps"] < 1]
    first, second = (bounded[np.isclose(bounded["eps"], eps)].set_index("model") for eps in EPS)
    each = bounded.groupby("model", sort=False)
    summary = pd.DataFrame({"attack_known": each.size(), "attack_images": each["n"].max()})
    broken = _first(bounded[bounded["kept"] < BROKEN], ["eps"])
    return summary.assign(attack_1=first["accuracy"], attack_2=second["accuracy"], broken_eps=broken["eps"])


def _shifted(rows: pd.DataFrame) -> pd.DataFrame:
    each = rows.groupby("model", sort=False)
    weakest = _first(rows, ["accuracy"])
    columns = {"shifted": each["accuracy"].mean(), "shifts": each.size(), "shift_images": each["n"].max()}
    return pd.DataFrame(columns).assign(weakest_shift=weakest["accuracy"], weakest_shift_name=weakest["label"])


def _by_condition(means: pd.DataFrame, shifted: pd.DataFrame) -> pd.DataFrame:
    sets = shifted.assign(name=shifted["label"])
    return pd.concat([part[["model", "kind", "name", "accuracy"]] for part in (means.assign(kind="corruption"), sets)])


def _evidence(rows: pd.DataFrame) -> pd.DataFrame:
    each = rows.groupby("model", sort=False)
    labelled = accuracies_of.judged(rows).groupby(rows["model"], sort=False).max()
    return pd.DataFrame(
        {"n": each["n"].max(), "labelled": labelled, "shipped": each["shipped"].all(), "updated": each["updated"].max()}
    )


def _notes(table: pd.DataFrame) -> list[Note]:
    notes = []
    several = {
        "corruptions": table.loc[table["conditions"] > 0, "conditions"],
        "natural shifts": table.loc[table["shifts"] > 0, "shifts"],
    }
    for what, counts in several.items():
        if counts.nunique() > 1:
            notes.append(models_under_different_conditions(what, int(counts.min()), int(counts.max())))
    if not table["severities"].eq("").all():
        lacking = table[table["severities"] != ""]
        notes.append(models_at_different_severities(tuple(lacking["model"]), str(lacking["severities"].iloc[0])))
    if table["n"].nunique() > 1:
        notes.append(models_on_different_images(int(table["n"].min()), int(table["n"].max())))
    return notes


@note
def models_under_different_conditions(what: str, fewest: int, most: int) -> str:
    return (
        f"The models were evaluated under different numbers of {what} ({fewest} to {most}), so their means differ in what they "
        "average. Use Compare for the shared ones."
    )


@note
def models_at_different_severities(models: tuple[str, ...], severities: str) -> str:
    """`severities` are those of the first model."""
    more = f" and {len(models) - 1} more" if len(models) > 1 else ""
    return (
        f"{models[0]}{more}: under some corruptions at severity {severities.replace(' ', ', ')} only, others at more. Such a mean is "
        "not ranked; Compare has the shared severities."
    )


@note
def models_on_different_images(fewest: int, most: int) -> str:
    return f"The models were evaluated on different numbers of images ({fewest:,} to {most:,}). Use Compare for the shared ones."


@note
def model_left_out(model: str, reason: str) -> str:
    return f"{model} is left out. {reason}"
