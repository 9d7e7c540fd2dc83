"""What a view of Compare gives to the page: one figure with its words, its table, and the Python that makes it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Provenance


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the controls of one view say; "" for what it has no control for.

    Attributes:
        measure: a key of `MEASURES`.
        reference: a model, or `references.ALEXNET`, for measures that need one.
        baseline: the model that others are compared with.
        order: of the conditions.
        grouping: what "family" groups by instead of families, or None.
        grouped: where these groups come from, in a sentence.
    """

    measure: str = "accuracy"
    reference: str = ""
    baseline: str = ""
    order: str = "family"
    grouping: Grouping | None = None
    grouped: str = ""

    @property
    def further(self) -> list[str]:
        """Models that have to be read beside the chosen ones."""
        from robustcore.reports.compare import references

        return [m for m in (self.reference, self.baseline) if m and m != references.ALEXNET]


@dataclasses.dataclass(frozen=True)
class Shown:
    """One figure.

    Attributes:
        key: in file names and for the widgets.
        title: what it is; says: one sentence on how to read it.
        figure: a Plotly figure.
        table: what is drawn.
        footer: where it comes from.
        body: the lines of Python that make `figure` from `found` and `read`.
        result: the measure behind it, where there is one: for the words and the means beside it.
        origin: whose fingerprints stand below it.
        clickable: whether a click on it leads to images.
        wide: whether narrow screens scroll it sideways.
        notes: sentences that belong beside it, beyond those of the result.
    """

    key: str
    title: str
    says: str
    figure: Any
    table: pd.DataFrame
    footer: str
    body: str
    result: Bars | None = None
    origin: Provenance | None = None
    clickable: bool = False
    wide: bool = False
    notes: tuple[str, ...] = ()
