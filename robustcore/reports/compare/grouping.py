"""How conditions are grouped in figures: by family, or by whatever else gives each condition a group.

A grouping is a value: what each condition's group is called, and the order of the groups. Categories of overlap, once
they are computed, are another grouping.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from robustcore.corruptions import families

OTHERS = "others"


@dataclasses.dataclass(frozen=True)
class Grouping:
    """A group for each condition.

    Attributes:
        title: for a selector, "By family".
        of: condition's label -> group.
        order: the groups, in the order in which they are drawn.
    """

    title: str
    of: Mapping[str, str]
    order: tuple[str, ...]

    def arranged(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table (name, ...) group by group, with a column `group`; within one the order stays."""
        group = table["name"].map(self.of).fillna(OTHERS)
        places = {name: i for i, name in enumerate(self.order)}
        order = group.map(places).fillna(len(places)).astype(int)
        return table.assign(group=group).loc[order.sort_values(kind="stable").index]


def by_family(table: pd.DataFrame) -> Grouping:
    """The families of a table (name, family), as the field lists them, unknown ones behind."""
    of = dict(zip(table["name"], table["family"], strict=True))
    return Grouping("By family", of, _ordered(families.names(), of))


def by_category(categories: Mapping[str, str], order: Sequence[str] = ()) -> Grouping:
    """Groups that were computed: condition's label -> category. What has none comes last, under "others"."""
    return Grouping("By category", dict(categories), _ordered(order, categories))


def _ordered(first: Sequence[str], of: Mapping[str, str]) -> tuple[str, ...]:
    names = sorted(set(of.values()))
    return tuple([name for name in first if name in names] + [name for name in names if name not in first])
