"""The categories that Laugros' thesis prints: the triples of Syn2Nat, one from each category of its figure 4.7.

The figure is drawn, and the stored text has none of its members; the triples (4.3.5) are printed, and the names of the categories
are in 4.3.3.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from robustcore import corruptions
from robustcore.overlap.categories import Categories

TRIPLES = {
    "heterogeneous": ("solarize", "random_sun_flare", "random_shadow"),
    "geometric transformations": ("affines", "perspective", "cutout"),
    "blurs": ("sharpen", "random_rain", "emboss"),
    "lighting": ("random_contrast", "random_brightness", "random_gamma"),
    "fine-grain artifacts": ("iso_noise", "downscale", "posterize"),
    "colour distortions": ("color_jitter", "channel_dropout", "to_sepia"),
}


def published(names: Iterable[str]) -> Categories:
    """The triples as a division of some corruptions, whichever form of the candidates they are; what is in none is left out of it."""
    numbers = {plain: number for number, members in enumerate(TRIPLES.values(), start=1) for plain in members}
    labels = {
        name: numbers[plain]
        for name in names
        if name in corruptions.names() and (plain := corruptions.get(name).plain_name) in numbers
    }
    return Categories("published", pd.Series(labels, dtype=int).sort_index(), math.nan, math.nan, {})


def compared(own: Categories) -> pd.DataFrame:
    """The published triples in one's own categories: triple (its name), corruptions (those that are in both), together (whether all of
    them are in one category of one's own); triples of which fewer than two are there have no row."""
    division = published(own.labels.index)
    rows = []
    for number, title in enumerate(TRIPLES, start=1):
        members = [str(name) for name in division.labels.index[division.labels == number]]
        if len(members) > 1:
            found = {int(own.labels[name]) for name in members}
            rows.append((title, tuple(members), len(found) == 1 and 0 not in found))
    return pd.DataFrame(rows, columns=["triple", "corruptions", "together"])
