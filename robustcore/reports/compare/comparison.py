"""Compare: several models under the conditions of some suites, on the images that they share.

The report asks for its units, and makes of what is stored one tidy table; `measures` has its metrics.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import corruptions
from robustcore.datasets._base import Dataset, Preparable
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation import Condition, Store, Subject, api, suites, tables
from robustcore.evaluation.condition import RELEASED
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store import released_results
from robustcore.images.preparation import Preparation
from robustcore.metrics.tables import SOME_CLASSES
from robustcore.models import Card, card
from robustcore.models.classifier import Classifier
from robustcore.notes import Note, note
from robustcore.reports.compare import same_classes, shared
from robustcore.reports.compare.same_classes import OnSameClasses
from robustcore.reports.provenance import Provenance
from robustcore.reports.training_corruptions import trained_on_tested

# What tells conditions apart, but for the severity.
KEY = ["kind", "name", "strength", "variant", "storage", "params"]
CLEAN = Condition.clean().canonical()
Models = Sequence[str | Classifier | Subject]


@note
def left_out(condition: str, reason: str) -> str:
    return f"{condition} is left out: {reason}."


@note
def other_storage_only(model: str, storage: str, other: str) -> str:
    """A model whose results are all through the other storage."""
    words = {
        "memory": "as computed, without a second JPEG",
        "jpeg85": "through a second JPEG",
        RELEASED: "on the released files",
    }
    return (
        f"{model} has no results here {words[storage]}, only {words[other]}: the two cannot be compared with each other. The "
        "storage can be chosen under the conditions."
    )


@note
def several_releases(conditions: tuple[str, ...]) -> str:
    return (
        f"{shared.first_of(conditions)}: results of several releases are stored, with other files; those of the release that most of the "
        "models were evaluated on count."
    )


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Several models under the same conditions, on the same images.

    Attributes:
        rows: one row for each model, condition and severity, with the columns of `evaluate`, and further: `label` (what the
            condition is called here), `family`, `condition` (its canonical form), `shared` (the number of images that the
            models share under the condition).
            The clean rows are in it once for each value of `shared`, so that whatever relates the two does it on the
            same images. Conditions that none of the models was evaluated under are left out, and so are models without a
            result under any. A model that has fewer severities of a condition than another that has all of them has no value
            there, and does not narrow the others.
        missing: the labels of the conditions that are left out.
        notes: what has to be said with every figure of it.
        provenance: where it comes from.
        subjects: the models as results know them.
        classes, side: of the dataset: the number of classes, and the images' side in pixels.
        on_same_classes: (model, label) -> the clean accuracy on the classes of a natural shift that has some of ImageNet's alone.
            Nothing for all other conditions, whose clean accuracy is that of the clean rows.
        partial: the models that lack a condition, or severities of one, that others have; those that are left out among them.
    """

    rows: pd.DataFrame
    missing: tuple[str, ...]
    notes: tuple[Note, ...]
    provenance: Provenance
    subjects: tuple[Subject, ...]
    classes: int
    side: int
    partial: tuple[str, ...] = ()
    on_same_classes: Mapping[tuple[str, str], OnSameClasses] = dataclasses.field(default_factory=dict)

    @property
    def models(self) -> list[str]:
        """In the order in which they were asked for."""
        names: list[str] = self.rows["model"].unique().tolist()
        return names

    @property
    def corrupted(self) -> pd.DataFrame:
        """The rows but for the clean ones."""
        return self.rows[self.rows["kind"] != "clean"]

    @property
    def clean(self) -> pd.DataFrame:
        """One clean row for each model: that on the most images."""
        rows = self.rows[self.rows["kind"] == "clean"]
        widest: pd.DataFrame = rows.sort_values("shared", ascending=False, kind="stable").drop_duplicates("model")
        return widest

    @property
    def what(self) -> str:
        """What the conditions are, in one word: "corruption", "attack", "shift", or "condition" where they are several."""
        kinds = set(self.corrupted["kind"])
        return str(kinds.pop()) if len(kinds) == 1 else "condition"

    @property
    def empty(self) -> bool:
        """Whether there is nothing but, at most, clean accuracies."""
        return self.corrupted.empty

    def only(self, models: Sequence[str]) -> Comparison:
        """The same for some of the models: one that only served as the reference is left out of the figures."""
        return dataclasses.replace(
            self,
            rows=self.rows[self.rows["model"].isin(models)],
            provenance=self.provenance.only(models),
            subjects=tuple(s for s in self.subjects if s.name in models),
            partial=tuple(m for m in self.partial if m in models),
        )


def conditions(names: Sequence[str], storage: str = "memory") -> list[Condition]:
    """The units that the report asks for: every condition of the suites as an evaluation makes it by default, and ranged
    corruptions at their five severities too; clean first. Those of the storage "released" name no folder."""
    if storage == RELEASED:
        made = conditions(names)
        unique = {_as_released(c): None for c in made if c.kind != "corruption" or c.severity is not None}
        return list(unique)
    unique = {}
    for severities in (None, corruptions.SEVERITIES):
        for condition in suites.resolve(list(names), severities, storage=storage):
            if condition.kind != "sequence":  # they have a report of their own: stability
                unique[condition] = None
    return list(unique)


def _as_released(condition: Condition) -> Condition:
    """The released form of a corruption, without the folder of its set; every other condition as it is."""
    if condition.kind != "corruption":
        return condition
    return dataclasses.replace(condition, storage=RELEASED, variant=None, params=())


def subjects(names: Sequence[str], dataset: Dataset, *, store: Store | Path | str | None = None) -> list[Subject]:
    """Models by name as results know them: without their weights where exactly one of that name has results on the
    dataset, else loaded."""
    by_name: dict[str, list[Subject]] = {}
    results = store if isinstance(store, Store) else Store(store)
    own = {_preparation(name) for name in names} if isinstance(dataset, Preparable) else set()
    for subject in api.stored_subjects(dataset, results, own):
        by_name.setdefault(subject.name, []).append(subject)
    return [
        dataclasses.replace(by_name[name][0], is_here=_card(name) is not None)
        if len(by_name.get(name, [])) == 1
        else api.subjects([name], dataset=dataset)[0]
        for name in names
    ]


def _card(name: str) -> Card | None:
    """A model's card; None where the model is not here any more."""
    try:
        return card(name)
    except RobustcoreError:
        return None


def _preparation(name: str) -> Preparation | None:
    """A model's own preparation; None where it is not here any more."""
    own = _card(name)
    return None if own is None else own.own_preparation


def gather(
    models: Models,
    dataset: Dataset,
    suite_names: Sequence[str],
    *,
    severities: Sequence[int] = corruptions.SEVERITIES,
    storage: str = "memory",
    seed: int = 0,
    limit: int | None = None,
    store: Store | Path | str | None = None,
) -> Comparison:
    """What is stored of the models under the suites; computes nothing.

    Args:
        models: names, classifiers or subjects.
        dataset: what they were scored on.
        suite_names: one or more suites, of corruptions, attacks or shifts.
        severities: those that are looked at; conditions without severities stay.
        storage, seed, limit, store: as in `evaluate`; the storage also "released", for what is stored of released corruptions,
            wherever their files are.

    Raises:
        InvalidArgumentError: no model, no suite or no severity.
    """
    for what, values in (("model", models), ("suite", suite_names), ("severity", severities)):
        if not values:
            raise InvalidArgumentError(f"There is no {what} to compare; name one or more.")
    requested = conditions(suite_names, storage)
    results = store if isinstance(store, Store) else Store(store)
    by_files = [condition for condition in requested if condition.storage == RELEASED]
    request = EvaluationRequest.of(models, dataset, [c for c in requested if c.storage != RELEASED], seed=seed)
    loaded = tuple(api.subjects(request.models, dataset=dataset))  # once, whatever number of images is looked at
    request = dataclasses.replace(request, models=loaded)

    def stored(at_most: int | None) -> pd.DataFrame:
        prepared = api.prepare(dataclasses.replace(request, limit=at_most))
        released, _ = released_results.cells(results, loaded, dataset, by_files, limit=at_most)
        cells = [*prepared.cells, *released]
        rows = tables.table(cells, results)
        rows["condition"] = [cell.condition.canonical() for cell in cells]
        rows.loc[rows["storage"] == RELEASED, "params"] = ""  # the folder, which is not the same everywhere
        rows = rows[rows["severity"].isna() | rows["severity"].isin(severities)].reset_index(drop=True)
        rows["key"] = ["|".join(parts) for parts in zip(*(rows[k].fillna("").astype(str) for k in KEY), strict=True)]
        return rows

    everything = stored(limit)
    conditioned = everything[everything["kind"] != "clean"]
    scored = conditioned[conditioned["n"] > 0]
    evaluated = set(scored.loc[scored["accuracy"].notna(), "key"])
    unanswerable = scored[~scored["key"].isin(evaluated)].drop_duplicates("name")
    # A ranged corruption is asked for with strengths drawn and at severities; what has neither is missing once.
    names = conditioned["name"].unique()
    here = {*conditioned.loc[conditioned["key"].isin(evaluated), "name"], *unanswerable["name"]}
    missing = tuple(_plain(conditioned, name) for name in names if name not in here)
    kept = everything[(everything["kind"] == "clean") | everything["key"].isin(evaluated)]
    kept = kept.merge(_labels(kept), on="key", how="left")
    common, notes = shared.in_common(kept[(kept["kind"] != "clean") & (kept["n"] > 0)])
    kept = shared.without_fewer(kept, common)
    _, in_several = released_results.cells(results, loaded, dataset, by_files, limit=limit)
    notes += [several_releases(tuple(in_several))] if in_several else []
    partial, notes_on_models = shared.of_models(kept, common, tuple(suite_names))
    notes += notes_on_models
    notes += [left_out(_plain(scored, row["name"]), row["reason"]) for row in unanswerable.to_dict("records")]
    parts = [
        shared.on_shared_images(stored, kept, common, n)
        for n in sorted({c.images for c in common.values()}, reverse=True)
    ]
    clean = kept[kept["kind"] == "clean"]
    rows = pd.concat(parts, ignore_index=True) if parts else clean.assign(shared=clean["n"].min())
    taking_part = set(rows.loc[(rows["kind"] != "clean") & (rows["n"] > 0), "model"])
    if taking_part:
        rows = rows[rows["model"].isin(taking_part)].reset_index(drop=True)
    notes += shared.of_images(rows)
    corrupted = rows[(rows["kind"] == "corruption") & (rows["n"] > 0)]
    notes += trained_on_tested(dict.fromkeys(corrupted["model"]), corrupted["name"].unique())
    on_same_classes = _on_same_classes(kept, rows, loaded, results)
    notes += [same.note for same in on_same_classes.values()]
    return Comparison(
        rows=rows.drop(columns="key"),
        missing=missing,
        notes=tuple(notes),
        provenance=Provenance.of(rows, suites=tuple(suite_names), storage=storage, seed=seed),
        subjects=loaded,
        classes=len(dataset.classes),
        side=dataset.side,
        partial=partial,
        on_same_classes=on_same_classes,
    )


def _on_same_classes(
    stored: pd.DataFrame, rows: pd.DataFrame, subjects: Sequence[Subject], store: Store
) -> dict[tuple[str, str], OnSameClasses]:
    """`Comparison.on_same_classes`, over all stored clean images: those of the shift are others anyway, whatever their number."""
    clean = stored[(stored["kind"] == "clean") & (stored["n"] > 0)].drop_duplicates("model")
    by_model = {str(row["model"]): row for row in clean.to_dict("records")}
    shifts = rows[(rows["kind"] == "shift") & (rows["n"] > 0) & rows["name"].isin(list(SOME_CLASSES))]
    same = {}
    for row in shifts.to_dict("records"):
        model = str(row["model"])
        own = by_model.get(model)
        answers = None if own is None else store.predictions(cell_of(own, subjects))
        shifted = store.predictions(cell_of(row, subjects))
        same[model, str(row["label"])] = same_classes.clean_accuracy(model, str(row["name"]), answers, shifted)
    return same


def cell_of(row: Mapping[Hashable, Any], subjects: Sequence[Subject]) -> Cell:
    """The cell whose stored results a row of a comparison has: its answers are found by the row's own keys."""
    prints = (row[f"{what}_fingerprint"] for what in ("model", "dataset", "condition"))
    model, dataset, condition = map(str, prints)
    return Cell(
        Key(model, dataset, condition, int(row["seed"]), str(row["precision"])),
        next(subject for subject in subjects if subject.fingerprint == model),
        str(row["dataset"]),
        str(row["split"]),
        Condition.from_dict(json.loads(str(row["condition"]))),
        int(row["n"]),
        str(row["preparation"]),
    )


def _plain(rows: pd.DataFrame, name: str) -> str:
    """A condition's name without the prefix of its suite."""
    kind = rows.loc[rows["name"] == name, "kind"].iloc[0]
    return corruptions.get(name).plain_name if kind == "corruption" else name.rpartition("/")[2]


def _labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Key -> label and family. Plain names where they are unique here, else the registry's; parameters where needed."""
    different = rows.drop_duplicates("key")
    labelled = []
    for row in different.to_dict("records"):
        corruption = corruptions.get(row["name"]) if row["kind"] == "corruption" else None
        label = corruption.plain_name if corruption else str(row["name"]).rpartition("/")[2]
        if (different["name"] == row["name"]).sum() > 1:
            what = "" if pd.isna(row["strength"]) else f"strength {row['strength']}"
            # A shift's parameters are the same for all of its strengths.
            params = "" if row["kind"] == "shift" and what else row["params"].strip("{}").replace('"', "")
            further = ", ".join(p for p in (what, params) if p)
            label += f" ({further})" if further else ""
        family = corruption.family if corruption else row["kind"]
        labelled.append({"key": row["key"], "registered": row["name"], "label": label, "family": family})
    table = pd.DataFrame(labelled)
    twice = table["label"].duplicated(keep=False)
    table.loc[twice, "label"] = table.loc[twice, "registered"]
    return table.drop(columns="registered")
