"""Where the numbers of a report come from, as one paragraph for a figure's footer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from robustcore import published
from robustcore.evaluation import Store, tables
from robustcore.evaluation.condition import RELEASED
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.store import inventory
from robustcore.notes import Note, note

_KEYS = [
    "model",
    "model_fingerprint",
    "dataset",
    "dataset_fingerprint",
    "condition_fingerprint",
    "seed",
    "precision",
    "shipped",
]


@note
def computed_with(package: str, version: str) -> str:
    return f"{package} {version}."


def package_version() -> Note:
    """The version that computes, for the footer of what no `Provenance` is about."""
    return computed_with("robustcore", version("robustcore"))


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What a reader needs to know to trust a figure, or to make it again.

    Attributes:
        models: names.
        dataset, split: what the models were scored on.
        images: the smallest and the largest number of images under one condition.
        seed: of the random draws.
        suites: names of the suites.
        storage: "memory", "jpeg85" for the second JPEG of the released sets, or "released" for their files.
        shipped: "all", "some" or "none" of the results come with the package; "published" for printed figures.
        updated: the day of the newest result, or "".
        preparations: how images were prepared for models that bring a preparation of their own, in words.
        cautions: (model, what has to be said beside its numbers), in sentences.
        keys: what the results are found by, one row for each: model, dataset, their fingerprints and the condition's,
            seed, precision, shipped.
    """

    models: tuple[str, ...]
    dataset: str
    split: str
    images: tuple[int, int]
    seed: int
    suites: tuple[str, ...]
    storage: str
    shipped: str
    updated: str
    cautions: tuple[tuple[str, str], ...] = ()
    preparations: tuple[str, ...] = ()
    keys: pd.DataFrame = dataclasses.field(
        default_factory=lambda: pd.DataFrame(columns=_KEYS), compare=False, repr=False
    )

    @classmethod
    def of(cls, table: pd.DataFrame, *, suites: tuple[str, ...], storage: str, seed: int) -> Provenance:
        """Read from a tidy table of `evaluate` or `lookup`; rows without images count for nothing."""
        stored = table[table["n"] > 0]
        shipped = stored["shipped"].astype(bool)
        return cls(
            models=tuple(table["model"].unique()),
            dataset=str(table["dataset"].iloc[0]) if len(table) else "",
            split=str(table["split"].iloc[0]) if len(table) else "",
            images=(int(stored["n"].min()), int(stored["n"].max())) if len(stored) else (0, 0),
            seed=seed,
            suites=suites,
            storage=storage,
            shipped="none" if not shipped.any() else "all" if shipped.all() else "some",
            updated=max((str(day)[:10] for day in stored["updated"] if day), default=""),
            cautions=_cautions(stored) if "caution" in stored else (),
            preparations=tuple(filter(None, stored["preparation"].unique())) if "preparation" in stored else (),
            keys=stored[_KEYS].drop_duplicates(ignore_index=True),
        )

    def only(self, models: Sequence[str]) -> Provenance:
        """The same for some of the models."""
        keys = self.keys[self.keys["model"].isin(models)]
        cautions = tuple(pair for pair in self.cautions if pair[0] in models)
        return dataclasses.replace(self, models=tuple(models), keys=keys, cautions=cautions)

    def evidence(self, store: Store | Path | str | None = None) -> list[str]:
        """Whole fingerprints, and each run that computed some of it: date, device, precision, seconds, command, versions."""
        return inventory.provenance(store if isinstance(store, Store) else Store(store), self.keys)

    @property
    def count(self) -> str:
        """The number of images in words."""
        low, high = self.images
        return f"{high:,} images" if low == high else f"{low:,} to {high:,} images"

    def sentence(self, *, formula: str = "", reference: str = "", interval: str = "") -> str:
        """`footer` as text."""
        return self.footer(formula=formula, reference=reference, interval=interval).text

    def footer(self, *, formula: str = "", reference: str = "", interval: str = "") -> Footer:
        """The footer of a figure of these results; the arguments are its fields, without a full stop."""
        return Footer(self, formula=formula, reference=reference, interval=interval)


def _cautions(stored: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """(model, caution) of a tidy table, nothing twice."""
    pairs = stored.loc[stored["caution"] != "", ["model", "caution"]].drop_duplicates()
    return tuple((str(model), str(caution)) for model, caution in pairs.itertuples(index=False, name=None))


def keys(cells: Sequence[Cell]) -> pd.DataFrame:
    """`Provenance.keys` of cells, in the shipped layer and in one's own, where nobody has looked which of them has the results."""
    rows = [
        (
            cell.model.name,
            cell.key.model,
            cell.dataset,
            cell.key.dataset,
            cell.key.condition,
            cell.key.seed,
            cell.key.precision,
            shipped,
        )
        for cell in cells
        for shipped in (True, False)
    ]
    return pd.DataFrame(rows, columns=_KEYS)


@dataclasses.dataclass(frozen=True)
class Footer:
    """What stands below a figure: where it comes from and how it was computed. It becomes text at the last moment.

    Attributes:
        provenance: models, data, seed; None for figures that are not of stored results.
        formula, reference, interval: what was computed, against what, and what the intervals are; without a full stop, ""
            for what there is none of.
        before, further: whole sentences, or notes, that stand before and behind everything else.
    """

    provenance: Provenance | None = None
    formula: str = ""
    reference: str = ""
    interval: str = ""
    before: tuple[str | Note, ...] = ()
    further: tuple[str | Note, ...] = ()

    def replace(self, **fields: Any) -> Footer:
        """The same with other fields."""
        return dataclasses.replace(self, **fields)

    @property
    def text(self) -> str:
        """Models, data, seed, what was computed and against what, versions."""
        head, tail = ("", "") if self.provenance is None else (_data(self.provenance), _origin(self.provenance))
        parts = [
            *map(str, self.before),
            head,
            f"{self.formula}." if self.formula else "",
            f"Reference: {self.reference}." if self.reference else "",
            f"{self.interval}." if self.interval else "",
            *(() if self.provenance is None else tables.distinct(text for _, text in self.provenance.cautions)),
            tail,
            *map(str, self.further),
        ]
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.text


def _data(origin: Provenance) -> str:
    """Which models were scored on what."""
    models = ", ".join(origin.models[:4]) + (f" and {len(origin.models) - 4} more" if len(origin.models) > 4 else "")
    stored = {
        "memory": "as computed, without a second JPEG",
        "jpeg85": "through a second JPEG (85)",
        RELEASED: "as released",
    }[origin.storage]
    prepared = f" Images prepared as {' / '.join(origin.preparations)}." if origin.preparations else ""
    seed = "" if origin.shipped == "published" else f"; seed {origin.seed}"
    return (
        f"{'Model' if len(origin.models) == 1 else 'Models'}: {models}. "
        f"Data: {origin.dataset} ({origin.split}), {origin.count}, {' and '.join(origin.suites)}, images {stored}{seed}.{prepared}"
    )


def _origin(origin: Provenance) -> str:
    """The version, and whether the results were shipped or computed here, and when."""
    where = {
        "all": "demo results, shipped",
        "some": "in part demo results, shipped",
        "none": "computed here",
        "published": f"published figures ({published.SOURCES.get(origin.dataset, 'see the leaderboard')})",
    }[origin.shipped]
    return f"robustcore {version('robustcore')}; {where}{f', {origin.updated}' if origin.updated else ''}."
