"""What a view of Compare gives to the page: one figure with its title and notes, its table, and the call that draws it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from robustcore.calls import Call
from robustcore.notes import Note
from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.compare.measures import Bars
from robustcore.reports.provenance import Footer, Provenance


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the controls of one view say; "" for what it has no control for.

    Attributes:
        metric: one of `measures.offered`, by name.
        reference: a model, or `references.ALEXNET`, for metrics that need one.
        baseline: the model that others are compared with.
        first: the model that is held against the baseline, where only two are compared.
        order: of the conditions.
        grouping: what "family" groups by instead of families, or None.
        grouped: where these groups come from.
    """

    metric: str = "accuracy"
    reference: str = ""
    baseline: str = ""
    order: str = "family"
    grouping: Grouping | None = None
    grouped: Note | None = None
    first: str = ""

    @property
    def further(self) -> list[str]:
        """Models that have to be read with the chosen ones."""
        from robustcore.reports.compare import references

        return [m for m in (self.reference, self.baseline, self.first) if m and m != references.ALEXNET]


@dataclasses.dataclass(frozen=True)
class View:
    """One figure.

    Attributes:
        key: in file names and for the widgets.
        title: what it is; caption: one sentence on how to read it.
        table: what is drawn.
        footer: where it comes from.
        drawing: the call that draws the figure; the page runs it, and prints it.
        result: the values behind it, where there are some: for the notes and the means shown with it.
        origin: whose fingerprints are listed below it.
        clickable: whether a click on it leads to images.
        wide: whether narrow screens scroll it sideways.
        notes: what has to be said with it, beyond the notes of the result.
        takes_clicks: whether the view itself does something with a click, images or not.
        pair: the two models whose different answers a click leads to; () where it leads to the images of one.
        attacks: the registered names of what marks are of where they are of attacks; () where they are of conditions of the comparison.
    """

    key: str
    title: str
    caption: str
    table: pd.DataFrame
    footer: Footer
    drawing: Call
    result: Bars | None = None
    origin: Provenance | None = None
    clickable: bool = False
    wide: bool = False
    notes: tuple[Note, ...] = ()
    pair: tuple[str, ...] = ()
    attacks: tuple[str, ...] = ()
    takes_clicks: bool = False

    @property
    def figure(self) -> Any:
        """The Plotly figure."""
        return self.drawing.value
