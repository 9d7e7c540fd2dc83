"""Does the likeness of two trained networks tell what training with both interventions gains ([R]'s suggestion, 3.2.1)?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store, api
from robustcore.evaluation.plan import Subject
from robustcore.inside.similarity import Similarity
from robustcore.models.classifier import Card
from robustcore.notes import Note, note
from robustcore.training import interventions

FEWEST = 4  # points that an interval of a correlation needs
COLUMNS = ("combined", "first", "second", "gain", "accuracy", "first_accuracy", "second_accuracy")
_NORMAL = 1.959964  # the 97.5 % quantile


@note
def part_of_a_combination_is_missing(model: str, intervention: str, architecture: str) -> str:
    return f"{model} has no point: no {architecture} trained with {intervention.replace('_', ' ')} alone is here."


@note
def too_few_combinations(combinations: int) -> str:
    some = "is 1 combined training" if combinations == 1 else f"are {combinations} combined trainings"
    return f"There {some}, too few for a correlation with an interval: {FEWEST} or more are needed."


@note
def combination_correlation(method: str, r: float, low: float, high: float, points: int) -> str:
    return f"{method} correlation over {points} combined trainings: {r:.2f} (95 % interval {low:.2f} to {high:.2f})."


@dataclasses.dataclass(frozen=True)
class Combination:
    """Three models of one architecture: one trained with two interventions at once, and one with each of them."""

    combined: str
    first: str
    second: str


def combinations(cards: Mapping[str, Card]) -> tuple[list[Combination], list[Note]]:
    """The combined trainings among some models, and which of them lack a part.

    Args:
        cards: name -> card.
    """
    trained = {(card.architecture, card.dataset, card.intervention): name for name, card in cards.items()}
    complete, missing = [], []
    for (architecture, dataset, intervention), name in trained.items():
        combines = _combined(intervention)
        parts = {each: trained.get((architecture, dataset, each)) for each in combines}
        lacking = [each for each, part in parts.items() if part is None]
        if lacking:
            missing.append(part_of_a_combination_is_missing(name, lacking[0], str(architecture)))
        elif len(parts) == 2:
            first, second = (str(part) for part in parts.values())
            complete.append(Combination(name, first, second))
    return complete, missing


def _combined(intervention: str) -> tuple[str, ...]:
    """The interventions that one is made of, registered as such or joined by a plus; () for a single one."""
    if intervention in interventions.names():
        return interventions.get(intervention).combines
    several = interventions.parts(intervention)
    return tuple(several) if len(several) > 1 else ()


def gains(
    combined: Sequence[Combination], subjects: Mapping[str, Subject], dataset: Dataset, suite: str, store: Store
) -> pd.DataFrame:
    """What each combination gains over the better of its parts in mean accuracy over a suite, 0 .. 1.

    Args:
        combined: as `combinations` finds them.
        subjects: the models in them by name.
        dataset, suite: what they are evaluated on.
        store: of results.

    Returns:
        `COLUMNS`; NaN where a condition is not evaluated.
    """
    if not combined:
        return pd.DataFrame(columns=list(COLUMNS))
    table = api.lookup(list(subjects.values()), dataset, suite, store=store)
    corrupted = table[table["kind"] == "corruption"]
    means = corrupted.groupby("model")["accuracy"].agg(lambda values: values.mean(skipna=False))
    rows = []
    for each in combined:
        own, first, second = (float(means.get(name, math.nan)) for name in (each.combined, each.first, each.second))
        rows.append((each.combined, each.first, each.second, own - max(first, second), own, first, second))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def likeness(similarity: Similarity) -> float:
    """The mean CKA of the layers of one name in two networks, 0 .. 1; NaN where no names are the same."""
    same = [
        similarity.values[similarity.first.index(name), similarity.second.index(name)]
        for name in similarity.first
        if name in similarity.second
    ]
    return float(np.mean(same)) if same else math.nan


@dataclasses.dataclass(frozen=True)
class Relation:
    """A correlation with its 95 % interval.

    Attributes:
        r, low, high: -1 .. 1; NaN with fewer than four points, or where all are the same in one of the two.
        points: how many there are.
    """

    r: float
    low: float
    high: float
    points: int


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> Relation:
    """Pearson's correlation, with the interval of Fisher's z."""
    return _relation(np.asarray(x, np.float64), np.asarray(y, np.float64), 1.0)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> Relation:
    """Spearman's correlation, with the interval of Fisher's z and the variance 1.06 / (n - 3) (Fieller et al. 1957)."""
    ranks = [np.asarray(pd.Series(np.asarray(values, np.float64)).rank(), np.float64) for values in (x, y)]
    return _relation(ranks[0], ranks[1], 1.06)


def _relation(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], variance: float) -> Relation:
    known = np.isfinite(x) & np.isfinite(y)
    n = int(known.sum())
    x, y = x[known], y[known]
    if n < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Relation(math.nan, math.nan, math.nan, n)
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    if abs(r) == 1:
        return Relation(r, r, r, n)
    half = _NORMAL * math.sqrt(variance / (n - 3))
    return Relation(r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), n)


def relation_notes(table: pd.DataFrame) -> list[Note]:
    """What is said of the points: both correlations, or that there are too few.

    Args:
        table: with cka and gain.
    """
    drawn = table.dropna(subset=["cka", "gain"])
    found = {
        "Pearson": pearson(drawn["cka"].to_numpy(), drawn["gain"].to_numpy()),
        "Spearman": spearman(drawn["cka"].to_numpy(), drawn["gain"].to_numpy()),
    }
    if any(math.isnan(each.r) for each in found.values()):
        return [too_few_combinations(len(drawn))] if len(drawn) < FEWEST else []
    return [combination_correlation(name, e.r, e.low, e.high, e.points) for name, e in found.items()]
