"""Where the numbers of a report come from, as one paragraph for a figure's footer."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

import pandas as pd


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
        shipped: "all", "some" or "none" of the results come with the package.
        updated: the day of the newest result, or "".
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
        )

    @property
    def count(self) -> str:
        """The number of images in words."""
        low, high = self.images
        return f"{high:,} images" if low == high else f"{low:,} to {high:,} images"

    def sentence(self, *, formula: str = "", reference: str = "", interval: str = "") -> str:
        """The footer: models, data, seed, what was computed and against what, versions."""
        models = ", ".join(self.models[:4]) + (f" and {len(self.models) - 4} more" if len(self.models) > 4 else "")
        stored = "as computed, without a second JPEG" if self.storage == "memory" else "through a second JPEG (85)"
        origin = {"all": "demo results, shipped", "some": "in part demo results, shipped", "none": "computed here"}
        parts = [
            f"{'Model' if len(self.models) == 1 else 'Models'}: {models}.",
            f"Data: {self.dataset} ({self.split}), {self.count}, {' and '.join(self.suites)}, images {stored}; seed {self.seed}.",
            f"{formula}." if formula else "",
            f"Reference: {reference}." if reference else "",
            f"{interval}." if interval else "",
            f"robustcore {version('robustcore')}; {origin[self.shipped]}{f', {self.updated}' if self.updated else ''}.",
        ]
        return " ".join(part for part in parts if part)
