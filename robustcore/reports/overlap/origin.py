"""What overlaps were computed from: models, data and formula, as the footer of a figure says it."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

import numpy as np
import pandas as pd

from robustcore import metrics
from robustcore.overlap import Overlap
from robustcore.published import SOURCES
from robustcore.reports.overlap.atlas import MEAN, Entry, text_column


@dataclasses.dataclass(frozen=True)
class Source:
    """What overlaps were computed from.

    Attributes:
        architecture: of the models.
        dataset, split: what they were tested on.
        models: how many were trained on one condition each, the standard model apart.
        attacks: whether some of these conditions are attacks.
        seeds: of the trainings.
        epochs, further_epochs: of the training, "" where the table does not say; further ones after the standard training.
        images: the smallest and the largest number of test images, None where the table does not say.
        severities: tested and averaged; empty where one is drawn for each image.
        precision: of the models when tested.
    """

    architecture: str
    dataset: str
    split: str
    models: int
    attacks: bool
    seeds: tuple[str, ...]
    epochs: str
    further_epochs: str
    images: tuple[int, int] | None
    severities: tuple[str, ...]
    precision: str

    @property
    def text(self) -> str:
        """In two sentences: the models, and the data."""
        epochs = f"{self.epochs} epochs" if self.epochs else "details of the training not stated"
        seeds = f"seed{'' if len(self.seeds) == 1 else 's'} {', '.join(self.seeds)}, " if self.epochs else ""
        further = f", then {self.further_epochs} more each" if self.further_epochs not in ("", "0") else ""
        severities = (
            f"tested at severities {', '.join(self.severities)}{', one drawn per image in training' if self.epochs else ''}"
            if self.severities
            else "severity or strength drawn per image in training and testing"
        )
        precision = "" if self.precision in ("", "float32") else f", tested in {self.precision}"
        return (
            f"Models: {self.architecture}, one standard and {self.models} trained on one "
            f"corruption{' or attack' if self.attacks else ''} each, {seeds}{epochs}{further}. "
            f"Data: {self.dataset} ({self.split}), {self.count}, {severities}{precision}."
        )

    @property
    def count(self) -> str:
        """The number of images in words."""
        if self.images is None:
            return "unknown number of images"
        low, high = self.images
        return f"{low:,} images" if low == high else f"{low:,} to {high:,} images"


def source(table: pd.DataFrame, overlap: Overlap, seed: str = MEAN) -> Source:
    """What overlaps were computed from.

    Args:
        table: the rows of `accuracies`.
        overlap: measured on them.
        seed: one, or the mean of all.
    """

    def first(name: str, missing: str = "") -> str:
        return ", ".join(dict.fromkeys(text_column(table, name, missing)))

    same = table[text_column(table, "kind") != "shift"]  # shifts have images of their own
    images = [int(n) for n in text_column(same, "n", np.nan) if pd.notna(n)]
    return Source(
        architecture=first("architecture"),
        dataset=first("dataset"),
        split=first("split"),
        models=len(overlap.clean) - 1,
        attacks=bool((text_column(table, "kind") == "attack").any()),
        seeds=tuple(dict.fromkeys(text_column(table, "seed"))) if seed == MEAN else (seed,),
        epochs=str(text_column(table, "epochs").iloc[0]),
        further_epochs=str(text_column(table, "further").iloc[0]),
        images=(min(images), max(images)) if images else None,
        severities=_severities(table),
        precision=str(text_column(table, "precision", "float32").iloc[0]),
    )


def robustness(metric: str) -> str:
    """What R(m, c) is in overlaps, higher is better, without a full stop."""
    definition = metrics.get(metric)
    sign = "" if definition.better == "higher" else "-"
    return f"R(m, c) = {sign}{definition.short}, {definition.formula} ({definition.document})"


@dataclasses.dataclass(frozen=True)
class OverlapFooter:
    """What a reader needs to know to trust a figure of overlaps, or to make it again.

    Attributes:
        source: models and data.
        metric: of robustness, one of `overlap.gains.METRICS`.
        seeds: how many trainings the overlaps are a mean of.
        shipped: whether the accuracies come with the package.
        published: whether they are published figures.
        compared_with: the source of a second matrix in the figure.
    """

    source: Source
    metric: str
    seeds: int
    shipped: bool
    published: bool = False
    compared_with: Source | None = None

    @property
    def text(self) -> str:
        """Models, data, formula, intervals, version."""
        parts = [
            self.source.text,
            "O(c1, c2) = max(0, ½ [(R(m1, c2) - R(s, c2)) / (R(m2, c2) - R(s, c2)) + (R(m2, c1) - R(s, c1)) / (R(m1, c1) - R(s, c1))]), "
            f"{robustness(self.metric)}; s: standard model, m1 and m2: trained on c1 and c2 (Laugros' thesis, equation 4.2).",
            "Undefined where training on a corruption gains less on it than three standard errors. Intervals: 95 %, parametric "
            f"bootstrap over images{' and seeds' if self.seeds > 1 else ' only (one seed)'}.",
            f"robustcore {version('robustcore')}; {self._origin()}.",
            f"Compared with: {self.compared_with.text}" if self.compared_with else "",
        ]
        return " ".join(part for part in parts if part)

    def _origin(self) -> str:
        if self.published:
            return f"published figures ({SOURCES['testbed']})"
        return "demo results, shipped" if self.shipped else "computed here"


def footer(entry: Entry, table: pd.DataFrame, overlap: Overlap, seed: str = MEAN) -> OverlapFooter:
    """The footer of an atlas' figures; arguments as for `source`."""
    return OverlapFooter(source(table, overlap, seed), overlap.metric, overlap.seeds, entry.shipped, entry.is_published)


def _severities(table: pd.DataFrame) -> tuple[str, ...]:
    """Which severities were tested; empty where one is drawn for each image."""
    rows = table[text_column(table, "kind") == "corruption"]
    listed = sorted({s for s in text_column(rows, "severities") if s})
    if (text_column(rows, "strength") == "uniform").any() or not listed:
        return ()
    return tuple(listed[0].split())
