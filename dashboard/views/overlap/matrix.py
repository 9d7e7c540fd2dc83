"""The matrix that all views of Overlap show, with its categories and the names of its corruptions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from dashboard.cache import overlaps
from dashboard.views.overlap.controls import Choice
from dashboard.widgets.condition_names import category_names, display_names
from robustcore.errors import InvalidArgumentError
from robustcore.notes import Note
from robustcore.overlap import Overlap
from robustcore.overlap.categories import NONE, Categories, arranged
from robustcore.reports.overlap import origin as origins
from robustcore.reports.overlap.origin import OverlapFooter


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A matrix of overlaps as the page shows it.

    Attributes:
        choice: what the controls say.
        overlap: the overlaps.
        table: the accuracies that they are computed from.
        categories: of the corruptions, or None with the reason below.
        why_none: why there are no categories.
        names: of the categories, by number.
        labels: how each condition is written.
        origin: where it comes from.
    """

    choice: Choice
    overlap: Overlap
    table: pd.DataFrame
    categories: Categories | None
    why_none: str
    names: Mapping[int, str]
    labels: Mapping[str, str]
    origin: OverlapFooter

    @property
    def footer(self) -> str:
        """Where it comes from, in words."""
        return self.origin.text

    @property
    def blocks(self) -> list[tuple[str, tuple[str, ...]]]:
        """Title and corruptions of each category in the order of the map; those in no category come last, without a title."""
        return blocks(self.overlap, self.categories, self.names)

    def category_titles(self) -> dict[str, str]:
        """The title of each corruption's category."""
        return {name: title for title, members in self.blocks for name in members if title}

    def text(self, note: Note | None) -> str:
        """A note with every corruption as people read it; "" for none."""
        return "" if note is None else note.text_with(self.labels)


def blocks(
    overlap: Overlap, categories: Categories | None, names: Mapping[int, str]
) -> list[tuple[str, tuple[str, ...]]]:
    """Title and corruptions of each category in the order of a map."""
    if categories is None:
        return [("", overlap.names)]
    inside = [(names[number], members) for number, members in arranged(categories, overlap.scores).items()]
    alone = tuple(str(name) for name in categories.labels.index[categories.labels == NONE])
    rest = (*alone, *categories.left_out)
    return [*inside, ("", rest)] if rest else inside


def load(choice: Choice) -> Matrix:
    """The chosen matrix, measured, with its categories."""
    overlap = overlaps.measured(choice.which)
    table = overlaps.accuracies(choice.which)
    labels = display_names(table)
    categories, why = None, ""
    try:
        categories = overlaps.categories(choice.which, choice.method, choice.size, choice.start)
    except InvalidArgumentError as error:
        why = str(error)
    names = {} if categories is None else category_names(categories.members, table)
    origin = origins.footer(choice.entry, table, overlap, choice.which.seed)
    return Matrix(choice, overlap, table, categories, why, names, labels, origin)
