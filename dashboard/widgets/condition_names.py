"""How the conditions of a table of accuracies are written, so that no two of them read alike."""

from __future__ import annotations

import pandas as pd

import robustcore.corruptions as corruptions
from robustcore.display import display_name


def display_names(table: pd.DataFrame) -> dict[str, str]:
    """Every condition of a table as people read it: without its suite's prefix where the rest is unique in the table."""
    names = list(dict.fromkeys([*table["trained_on"], *table["tested_on"]]))
    plain = {name: _plain(name) for name in names}
    counts = pd.Series(list(plain.values())).value_counts()
    return {name: text if counts[text] == 1 else _with_prefix(name, text) for name, text in plain.items()}


def _plain(name: str) -> str:
    return display_name(name, "corruption")


def _with_prefix(name: str, text: str) -> str:
    """ "Brightness" of two suites: the suite's prefix in the registry says which."""
    if name not in corruptions.names():
        return text
    prefix = name.removesuffix(corruptions.get(name).plain_name).strip("_")
    return f"{text} ({prefix.capitalize()})" if prefix else text
