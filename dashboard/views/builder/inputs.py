"""What a benchmark is built from: an atlas of overlaps, its categories, and the models for the correlations."""

from __future__ import annotations

import dataclasses

import pandas as pd

from dashboard.cache import builder, overlaps
from dashboard.cache.overlaps import MatrixKey
from dashboard.widgets.condition_names import category_names
from robustcore.atlas.populations import Population
from robustcore.display import display_name
from robustcore.overlap import Overlap
from robustcore.overlap.categories import Categories, Sweep
from robustcore.reports.overlap.atlas import Entry, suite_title
from robustcore.reports.overlap.benchmark import Benchmark
from robustcore.reports.overlap.origin import Source

KEY = "builder"  # of the keys of all controls on the page
MODELS = {"scenes": "Models of scenes", "imagenet": "Published ImageNet models"}
PUBLISHED_K = 6  # of the thesis, where the rule takes none


@dataclasses.dataclass(frozen=True, eq=False)
class CandidateAtlas:
    """An atlas as the page uses it.

    Attributes:
        name: of the atlas.
        key: of its overlaps, the argument of its loaders.
        overlap: of all its conditions.
        candidates: the corruptions of it.
        labels: their categories; 0 for those whose overlaps are undefined.
        rule: K by the rule, or None.
        models: those that correlations are computed over.
        source: what the atlas was computed from.
    """

    name: str
    key: MatrixKey
    overlap: Overlap
    candidates: tuple[str, ...]
    labels: pd.Series
    rule: int | None
    models: Population
    source: Source

    @property
    def labelled(self) -> tuple[tuple[str, int], ...]:
        """The candidates with a category, as plain values."""
        return tuple((str(name), int(label)) for name, label in self.labels.items() if label > 0)

    @property
    def sizes(self) -> list[int]:
        """How many candidates each category has, the largest first."""
        categorised = self.labels[self.labels > 0]
        return [int(size) for size in categorised.value_counts().sort_values(ascending=False)]

    @property
    def categories(self) -> dict[int, list[str]]:
        """The candidates of each category; 0 is not one."""
        members: dict[int, list[str]] = {}
        for name, label in self.labelled:
            members.setdefault(label, []).append(name)
        return dict(sorted(members.items()))

    @property
    def category_names(self) -> dict[int, str]:
        """The name of each category, as on the other pages."""
        return category_names(self.categories, overlaps.accuracies(self.key))

    def display_name(self, name: str) -> str:
        """A candidate's name without its suite, unless another candidate has the same."""
        own = short_name(name)
        return full_name(name) if sum(short_name(other) == own for other in self.candidates) > 1 else own

    def tested(self, names: tuple[str, ...] | list[str]) -> Population:
        """The models that were tested on all of some corruptions."""
        return self.models.complete(list(names))

    def others(self, models: Population) -> dict[str, Benchmark]:
        """The benchmarks to compare with, as far as these models were tested on them."""
        tested = models.synthetic.notna().all(axis=0)
        available = tuple(sorted(str(name) for name, on_all in tested.items() if on_all and len(models)))
        return builder.others(self.key, self.labelled, available)


def load(
    name: str, entry: Entry, metric: str, k: int | None, every: bool, models: str, method: str = "k-means"
) -> CandidateAtlas:
    """One atlas with its categories and models.

    Args:
        name, entry: the atlas.
        metric: of its overlaps.
        k: how many categories; None for those of the rule.
        every: whether to include the atlas' own models.
        models: those that correlations are over, a key of `MODELS`.
        method: of the categories, one of `overlaps.METHODS`; HDBSCAN chooses their number itself.
    """
    key = builder.matrix(entry, metric)
    candidates = builder.candidates(key)
    sweep = builder.categories(key)
    population = builder.population(models)
    return CandidateAtlas(
        name,
        key,
        overlaps.measured(key),
        candidates,
        _labels(candidates, sweep, k) if method == "k-means" else _by_method(key, candidates, sweep, k, method),
        sweep.chosen if sweep else None,
        population if every else population.independent,
        builder.source(key),
    )


def _labels(candidates: tuple[str, ...], sweep: Sweep | None, k: int | None) -> pd.Series:
    categories = _categories(sweep, k)
    if categories is None:
        return pd.Series(1, index=list(candidates), dtype=int)
    return categories.labels.reindex(list(candidates)).fillna(0).astype(int)


def _by_method(
    key: MatrixKey, candidates: tuple[str, ...], sweep: Sweep | None, k: int | None, method: str
) -> pd.Series:
    """The categories of another method than K-means; HDBSCAN's smallest has two corruptions."""
    if sweep is None:
        return _labels(candidates, None, k)
    size = 2 if method == "hdbscan" else k or sweep.chosen or PUBLISHED_K
    found = overlaps.categories(key, method, size, 0)
    return found.labels.reindex(list(candidates)).fillna(0).astype(int)


def _categories(sweep: Sweep | None, k: int | None) -> Categories | None:
    if sweep is None:
        return None
    wanted = k or sweep.chosen or PUBLISHED_K
    return sweep.categories[min(sweep.categories, key=lambda size: abs(size - wanted))]


def full_name(name: str) -> str:
    """A corruption's name with its suite; one that is not registered here keeps its own."""
    return display_name(name, "corruption", suite=True)


def short_name(name: str) -> str:
    """A corruption's name without its suite."""
    return display_name(name, "corruption")


def title(atlas: Entry) -> str:
    """An atlas for people: "ImageNet-C + Laugros, scenes/resnet"."""
    return f"{suite_title(atlas.suite)}, {atlas.architecture}"
