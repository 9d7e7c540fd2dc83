"""Syn2Nat's printed triples as a division to compare one's own with."""

from __future__ import annotations

import math

import pandas as pd

from robustcore import corruptions
from robustcore.corruptions.candidates import SYN2NAT
from robustcore.overlap.categories import Categories, agreement
from robustcore.reports.overlap import published_categories


def test_the_triples_are_the_published_selection() -> None:
    assert {name for members in published_categories.TRIPLES.values() for name in members} == SYN2NAT
    division = published_categories.published(corruptions.names("candidates-40"))
    assert division.labels.value_counts().to_dict() == dict.fromkeys(range(1, 7), 3)


def test_a_division_is_compared_triple_by_triple() -> None:
    names = [f"album_{name}" for members in list(published_categories.TRIPLES.values())[:2] for name in members]
    labels = pd.Series([1, 1, 1, 2, 2, 1], index=names).sort_index()
    own = Categories("k-means", labels, math.nan, math.nan, {})
    table = published_categories.compared(own)
    assert table["together"].tolist() == [True, False]
    assert agreement(own, published_categories.published(names)) < 1
