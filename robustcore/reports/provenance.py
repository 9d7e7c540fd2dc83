"""Where the numbers of a report come from, as one paragraph for a figure's footer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from robustcore.evaluation import Store
from robustcore.evaluation.store import inventory

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


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What a reader needs to know to trust a figure, or to make it again.

    Attributes:
        models: names.
        dataset, split: what the models were scored on.
        images: the smallest and the largest number of images under one condition.
        seed: of the random draws.
        suites: names of the suites.
        storage: "memory", or "jpeg85" for the second JPEG of the released sets.
        shipped: "all", "some" or "none" of the results come with the package; "published" for printed figures.
        updated: the day of the newest result, or "".
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
    keys: pd.DataFrame = dataclasses.field(
        default_factory=lambda: pd.DataFrame(columns=_KEYS), compare=False, repr=False
    )

    @classmethod
    def of(cls, table: pd.DataFrame, *, suites: tuple[str, ...], storage: str, seed: int) -> Provenance:
        """Read from a tidy table of `evaluate` or `lookup`; rows without images count for nothing."""
        known = table[table["n"] > 0]
        shipped = known["shipped"].astype(bool)
        return cls(
            models=tuple(dict.fromkeys(table["model"])),
            dataset=str(table["dataset"].iloc[0]) if len(table) else "",
            split=str(table["split"].iloc[0]) if len(table) else "",
            images=(int(known["n"].min()), int(known["n"].max())) if len(known) else (0, 0),
            seed=seed,
            suites=suites,
            storage=storage,
            shipped="none" if not shipped.any() else "all" if shipped.all() else "some",
            updated=max((str(day)[:10] for day in known["updated"] if day), default=""),
            keys=known[_KEYS].drop_duplicates(ignore_index=True),
        )

    def only(self, models: Sequence[str]) -> Provenance:
        """The same for some of the models."""
        keys = self.keys[self.keys["model"].isin(models)]
        return dataclasses.replace(self, models=tuple(models), keys=keys)

    def evidence(self, store: Store | Path | str | None = None) -> list[str]:
        """Whole fingerprints, and each run that computed some of it: date, device, precision, seconds, command, versions."""
        return inventory.provenance(store if isinstance(store, Store) else Store(store), self.keys)

    @property
    def count(self) -> str:
        """The number of images in words."""
        low, high = self.images
        return f"{high:,} images" if low == high else f"{low:,} to {high:,} images"

    def sentence(self, *, formula: str = "", reference: str = "", interval: str = "") -> str:
        """The footer: models, data, seed, what was computed and against what, versions."""
        models = ", ".join(self.models[:4]) + (f" and {len(self.models) - 4} more" if len(self.models) > 4 else "")
        stored = "as computed, without a second JPEG" if self.storage == "memory" else "through a second JPEG (85)"
        origin = {
            "all": "demo results, shipped",
            "some": "in part demo results, shipped",
            "none": "computed here",
            "published": "published figures (RobustBench, MIT licence)",
        }
        seed = "" if self.shipped == "published" else f"; seed {self.seed}"
        parts = [
            f"{'Model' if len(self.models) == 1 else 'Models'}: {models}.",
            f"Data: {self.dataset} ({self.split}), {self.count}, {' and '.join(self.suites)}, images {stored}{seed}.",
            f"{formula}." if formula else "",
            f"Reference: {reference}." if reference else "",
            f"{interval}." if interval else "",
            f"robustcore {version('robustcore')}; {origin[self.shipped]}{f', {self.updated}' if self.updated else ''}.",
        ]
        return " ".join(part for part in parts if part)
