"""How the conditions of a table of accuracies are written, so that no two of them read alike, and how their categories are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

import robustcore.corruptions as corruptions
from robustcore.display import display_name
from robustcore.reports.overlap import atlas

TYPED_NAMES = "_overlap_names"  # in the session: corruptions of a category -> the name that a person typed


def display_names(table: pd.DataFrame) -> dict[str, str]:
    """Every condition of a table as people read it: without its suite's prefix where the rest is unique in the table."""
    names = list(dict.fromkeys([*table["trained_on"], *table["tested_on"]]))
    plain = {name: _plain(name) for name in names}
    counts = pd.Series(list(plain.values())).value_counts()
    return {name: text if counts[text] == 1 else _with_prefix(name, text) for name, text in plain.items()}


def category_names(members: Mapping[int, Sequence[str]], table: pd.DataFrame) -> dict[int, str]:
    """The name of each category of the conditions of a table: the same on every page.

    Args:
        members: the conditions of each category.
        table: the accuracies that the categories are of.
    """
    registered = set(corruptions.names())
    families = {
        name: corruptions.get(name).family if name in registered else "attack" for of in members.values() for name in of
    }
    return atlas.category_names(members, families, display_names(table), st.session_state.get(TYPED_NAMES, {}))


def _plain(name: str) -> str:
    return display_name(name, "corruption")


def _with_prefix(name: str, text: str) -> str:
    """ "Brightness" of two suites: the suite's prefix in the registry says which."""
    if name not in corruptions.names():
        return text
    prefix = name.removesuffix(corruptions.get(name).plain_name).strip("_")
    return f"{text} ({prefix.capitalize()})" if prefix else text
