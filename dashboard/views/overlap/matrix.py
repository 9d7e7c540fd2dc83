"""What all views of Overlap read: the matrix, its categories, and how its corruptions are written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from dashboard.cache import overlaps
from dashboard.views.overlap.controls import KEY, Choice
from dashboard.widgets import labels
from robustcore.errors import InvalidArgumentError
from robustcore.overlap import Overlap
from robustcore.overlap.categories import NONE, Categories, arranged
from robustcore.reports.overlap import atlas

GIVEN = f"_{KEY}_names"  # in the session: members -> the name that a person gave


@dataclasses.dataclass(frozen=True)
class Found:
    """One matrix with everything that is said of it.

    Attributes:
        choice: what was chosen.
        overlap: the matrix.
        table: the accuracies behind it.
        categories: of it, or None with the reason below.
        why_none: why there are no categories.
        names: of the categories, by number.
        labels: how each condition is written.
        footer: where it comes from.
    """

    choice: Choice
    overlap: Overlap
    table: pd.DataFrame
    categories: Categories | None
    why_none: str
    names: Mapping[int, str]
    labels: Mapping[str, str]
    footer: str

    @property
    def blocks(self) -> list[tuple[str, tuple[str, ...]]]:
        """Title and corruptions of each category in the order of the map; without a title those that are in none."""
        return blocks(self.overlap, self.categories, self.names)

    def of_category(self) -> dict[str, str]:
        """The title of each corruption's category."""
        return {name: title for title, members in self.blocks for name in members if title}

    def words(self, sentence: str) -> str:
        """A sentence of the library with every corruption as people read it."""
        known = sorted((n for n in self.labels if n not in ("clean", "standard")), key=len, reverse=True)
        pattern = rf"(?<![\w])({'|'.join(map(re.escape, known))})(?![\w])"
        return re.sub(pattern, lambda match: self.labels[match[1]], sentence) if sentence else sentence


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


def find(choice: Choice) -> Found:
    """Measure what was chosen, and find its categories."""
    overlap = overlaps.measured(choice.which)
    table = overlaps.accuracies(choice.which)
    written = written_as(table)
    categories, why = None, ""
    try:
        categories = overlaps.categories(choice.which, choice.method, choice.size, choice.start)
    except InvalidArgumentError as error:
        why = str(error)
    given = st.session_state.get(GIVEN, {})
    names = {} if categories is None else atlas.category_names(categories.members, _families(overlap), written, given)
    footer = atlas.footer(choice.entry, table, overlap, choice.which.seed)
    return Found(choice, overlap, table, categories, why, names, written, footer)


def written_as(table: pd.DataFrame) -> dict[str, str]:
    """Every condition of a table as people read it: without its suite's prefix where the rest tells it from all others."""
    names = list(dict.fromkeys([*table["trained_on"], *table["tested_on"]]))
    plain = {name: _plain(name) for name in names}
    counts = pd.Series(list(plain.values())).value_counts()
    return {name: text if counts[text] == 1 else _told_apart(name, text) for name, text in plain.items()}


def _plain(name: str) -> str:
    return labels.pretty(corruptions.get(name).plain_name if name in corruptions.names() else name)


def _told_apart(name: str, text: str) -> str:
    """ "Brightness" of two suites: the registry's prefix tells which."""
    prefix = name.partition("_")[0] if name in corruptions.names() and corruptions.get(name).plain_name != name else ""
    return f"{text} ({prefix.capitalize()})" if prefix else text


def _families(overlap: Overlap) -> dict[str, str]:
    known = set(corruptions.names())
    return {name: corruptions.get(name).family if name in known else "attack" for name in overlap.names}
