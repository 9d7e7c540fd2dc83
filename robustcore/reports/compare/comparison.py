"""Compare: several models under the conditions of some suites, on the images that they share.

The report asks for its units, and makes of what is stored one tidy table; the metrics and their words stand in `measures`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from robustcore import corruptions
from robustcore.datasets._base import Dataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store, Subject, api, suites, tables
from robustcore.models.classifier import Classifier
from robustcore.reports.provenance import Provenance

# What tells conditions apart, but for the severity.
KEY = ["kind", "name", "strength", "variant", "storage", "params"]
CLEAN = Condition.clean().canonical()
Models = Sequence[str | Classifier | Subject]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Several models under the same conditions, on the same images.

    Attributes:
        rows: one row for each model, condition and severity, with the columns of `evaluate`, and further: `label` (what the
            condition is called here), `family`, `condition` (its canonical form), `shared` (the number of images that the
            models share under the condition).
            The clean rows stand in it once for each value of `shared`, so that whatever relates the two does it on the
            same images. Conditions that none of the models was evaluated under are left out.
        missing: the labels of those.
        notes: sentences that belong beside every figure of it.
        provenance: where it comes from.
        subjects: the models as results know them.
        classes, side: of the dataset: the number of classes, and the images' side in pixels.
    """

    rows: pd.DataFrame
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    subjects: tuple[Subject, ...]
    classes: int
    side: int

    @property
    def models(self) -> list[str]:
        """In the order in which they were asked for."""
        return list(dict.fromkeys(self.rows["model"]))

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
        )


def conditions(names: Sequence[str], storage: str = "memory") -> list[Condition]:
    """The units that the report asks for: every condition of the suites as an evaluation makes it by default, and ranged
    corruptions at their five severities too; clean first."""
    found: dict[Condition, None] = {}
    for severities in (None, corruptions.SEVERITIES):
        for condition in suites.resolve(list(names), severities, storage=storage):
            if condition.kind != "sequence":  # they have a report of their own: stability
                found[condition] = None
    return list(found)


def known(names: Sequence[str], dataset: Dataset, *, store: Store | Path | str | None = None) -> list[Subject]:
    """Models by name as results know them: without their weights where exactly one of that name has results on the
    dataset, else loaded."""
    stored: dict[str, list[Subject]] = {}
    for subject in (store if isinstance(store, Store) else Store(store)).subjects(dataset.fingerprint):
        stored.setdefault(subject.name, []).append(subject)
    return [
        stored[name][0] if len(stored.get(name, [])) == 1 else api.prepare(name, dataset, "clean").subjects[0]
        for name in names
    ]


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
        storage, seed, limit, store: as in `evaluate`.

    Raises:
        InvalidArgumentError: no model, no suite or no severity.
    """
    for what, given in (("model", models), ("suite", suite_names), ("severity", severities)):
        if not given:
            raise InvalidArgumentError(f"There is no {what} to compare; name one or more.")
    asked = conditions(suite_names, storage)
    results = store if isinstance(store, Store) else Store(store)
    subjects = api.prepare(models, dataset, "clean").subjects

    def look(at_most: int | None) -> pd.DataFrame:
        prepared = api.prepare(subjects, dataset, asked, limit=at_most, seed=seed)
        rows = tables.table(prepared.cells, results)
        rows["condition"] = [cell.condition.canonical() for cell in prepared.cells]
        rows = rows[rows["severity"].isna() | rows["severity"].isin(severities)].reset_index(drop=True)
        rows["key"] = ["|".join(parts) for parts in zip(*(rows[k].fillna("").astype(str) for k in KEY), strict=True)]
        return rows

    found = look(limit)
    conditioned = found[found["kind"] != "clean"]
    scored = conditioned[conditioned["n"] > 0]
    evaluated = set(scored.loc[scored["accuracy"].notna(), "key"])
    unanswerable = scored[~scored["key"].isin(evaluated)].drop_duplicates("name")
    # A ranged corruption is asked for with strengths drawn and at severities; what has neither is missing once.
    names = dict.fromkeys(conditioned["name"])
    here = {*conditioned.loc[conditioned["key"].isin(evaluated), "name"], *unanswerable["name"]}
    missing = tuple(_plain(conditioned, name) for name in names if name not in here)
    found = found[(found["kind"] == "clean") | found["key"].isin(evaluated)]
    found = found.merge(_labels(found), on="key", how="left")
    known = found[(found["kind"] != "clean") & (found["n"] > 0)]
    common, notes = _common(known)
    notes += [f"{_plain(scored, row['name'])} is left out: {row['reason']}." for row in unanswerable.to_dict("records")]
    parts = [_on_shared(look, found, common, n) for n in sorted({c.images for c in common.values()}, reverse=True)]
    clean = found[found["kind"] == "clean"]
    rows = pd.concat(parts, ignore_index=True) if parts else clean.assign(shared=clean["n"].min())
    notes += _on_images(rows)
    return Comparison(
        rows=rows.drop(columns="key"),
        missing=missing,
        notes=tuple(notes),
        provenance=Provenance.of(rows, suites=tuple(suite_names), storage=storage, seed=seed),
        subjects=tuple(subjects),
        classes=len(dataset.classes),
        side=dataset.side,
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
            further = ", ".join(p for p in (what, row["params"].strip("{}").replace('"', "")) if p)
            label += f" ({further})" if further else ""
        family = corruption.family if corruption else row["kind"]
        labelled.append({"key": row["key"], "registered": row["name"], "label": label, "family": family})
    table = pd.DataFrame(labelled)
    twice = table["label"].duplicated(keep=False)
    table.loc[twice, "label"] = table.loc[twice, "registered"]
    return table.drop(columns="registered")


@dataclasses.dataclass(frozen=True)
class _Common:
    """What the models that have a condition at all have in common of it."""

    severities: frozenset[int]  # 0 for a condition without
    images: int


def _common(known: pd.DataFrame) -> tuple[dict[str, _Common], list[str]]:
    """What the models share of each condition's key, and notes on what was left out."""
    found: dict[str, _Common] = {}
    notes = []
    for key, rows in known.assign(level=known["severity"].fillna(0).astype(int)).groupby("key", sort=False):
        counts = rows.groupby("level")["model"].nunique()
        shared = [int(level) for level in counts.index[counts == rows["model"].nunique()]]
        label = rows["label"].iloc[0]
        if not shared:
            notes.append(f"{label} is left out: no severity of it was evaluated for all of the models that have it.")
            continue
        if len(shared) < len(counts):
            notes.append(f"{label}: compared at severity {', '.join(map(str, shared))}, which all of the models have.")
        found[str(key)] = _Common(frozenset(shared), int(rows.loc[rows["level"].isin(shared), "n"].min()))
    return found, notes


def _on_shared(
    look: Callable[[int | None], pd.DataFrame], found: pd.DataFrame, common: dict[str, _Common], n: int
) -> pd.DataFrame:
    """The rows of the conditions that are shared on n images, with the clean rows, on those n images."""
    keys = {key: c.severities for key, c in common.items() if c.images == n}

    def chosen(rows: pd.DataFrame) -> pd.DataFrame:
        levels = rows["severity"].fillna(0).astype(int)
        both = zip(rows["kind"], rows["key"], levels, strict=True)
        return rows[[kind == "clean" or level in keys.get(key, ()) for kind, key, level in both]]

    rows = chosen(found)
    if not rows.loc[rows["n"] > 0, "n"].eq(n).all():
        rows = chosen(look(n)).merge(found[["key", "label", "family"]].drop_duplicates(), on="key", how="left")
    # A model that has none of these conditions has no part in their images either.
    taking_part = set(rows.loc[(rows["kind"] != "clean") & (rows["n"] > 0), "model"])
    return rows[(rows["kind"] != "clean") | rows["model"].isin(taking_part)].assign(shared=n)


def _on_images(rows: pd.DataFrame) -> list[str]:
    """Notes on the numbers of images."""
    notes = []
    shared = sorted(set(rows["shared"]))
    if len(shared) > 1:
        few = rows[(rows["shared"] == shared[0]) & (rows["kind"] != "clean")]["label"].unique()
        notes.append(
            f"The conditions stand on {shared[0]:,} to {shared[-1]:,} images, those that the models share under each; "
            f"the fewest for {', '.join(few[:3])}."
        )
    partial = rows[(rows["n"] > 0) & (rows["n"] < rows["shared"])]
    if len(partial):
        row = partial.iloc[0]
        count = "A result is" if len(partial) == 1 else f"{len(partial)} results are"
        notes.append(f"{count} incomplete: {row['label']} of {row['model']}, {row['reason']}.")
    return notes
