"""Minimal sample distance: how alike two corruptions are without a training (Mintun et al. 2021; Laugros' thesis, 4.2.7).

MSD(c1, c2) is the distance from the mean feature vector of images under c1 to the nearest of single images under c2. It is not
symmetric, and says how alike the corrupted images look to a network, not what training on one does for the other.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from robustcore.errors import InvalidArgumentError
from robustcore.overlap.accuracies import Array
from robustcore.overlap.correlation import pearson


@dataclasses.dataclass(frozen=True, eq=False)
class Disagreement:
    """Minimal sample distances against overlaps.

    Attributes:
        r: Spearman's rank correlation of nearness and overlap over the pairs with both, NaN below three. Pairs share corruptions, so
            that it has no p-value.
        pairs: one row for each pair of corruptions with both, the greatest disagreement first: first, second, distance (the mean of the
            two directions), overlap, near and overlapping (ranks from 0, the least, to 1), difference (near less overlapping).
    """

    r: float
    pairs: pd.DataFrame


def minimal_sample_distance(features: Mapping[str, Array]) -> pd.DataFrame:
    """(K, K) distances, in units of the features; row c1, column c2; the diagonal is that of a corruption to itself.

    Args:
        features: corruption -> (N, D) feature vectors of the same N images under it.

    Raises:
        InvalidArgumentError: fewer than two corruptions, or feature vectors of different lengths or of no image.
    """
    names = list(features)
    widths = {np.asarray(values).shape[1:] for values in features.values()}
    if len(names) < 2 or len(widths) != 1 or any(len(values) == 0 for values in features.values()):
        raise InvalidArgumentError(
            "Minimal sample distances need the feature vectors of two corruptions or more, of one length and of one image or more."
        )
    means = np.stack([np.asarray(features[name], float).mean(axis=0) for name in names])
    values = np.stack(
        [
            np.linalg.norm(np.asarray(features[name], float)[None] - means[:, None], axis=2).min(axis=1)
            for name in names
        ],
        axis=1,
    )
    return pd.DataFrame(values, index=names, columns=names)


def disagreement(distance: pd.DataFrame, scores: pd.DataFrame) -> Disagreement:
    """Where minimal sample distances and overlaps disagree, pair by pair.

    Args:
        distance: of `minimal_sample_distance`.
        scores: (K, K) overlaps, NaN where undefined.
    """
    shared = [name for name in distance.index if name in scores.index]
    rows = [
        (
            first,
            second,
            (float(distance.at[first, second]) + float(distance.at[second, first])) / 2,  # type: ignore[arg-type]
            float(scores.at[first, second]),  # type: ignore[arg-type]
        )
        for place, first in enumerate(shared)
        for second in shared[place + 1 :]
    ]
    table = pd.DataFrame(rows, columns=["first", "second", "distance", "overlap"]).dropna(ignore_index=True)
    last = max(1, len(table) - 1)
    table["near"] = ((-table["distance"]).rank() - 1) / last
    table["overlapping"] = (table["overlap"].rank() - 1) / last
    table["difference"] = table["near"] - table["overlapping"]
    r = (
        float(pearson(table["near"].to_numpy(float), table["overlapping"].to_numpy(float))[0])
        if len(table) > 2
        else math.nan
    )
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return Disagreement(r, table.loc[order].reset_index(drop=True))
