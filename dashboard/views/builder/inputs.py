"""What a benchmark is built on: an atlas of overlaps, its categories, and the models that predictions are taken over."""

from __future__ import annotations

import dataclasses

import pandas as pd

import robustcore.corruptions as corruptions
from dashboard.cache import builder
from dashboard.widgets import labels
from robustcore.atlas.populations import Population
from robustcore.overlap import Overlap
from robustcore.overlap.categories import Categories, Sweep
from robustcore.reports.overlap.benchmark import Benchmark

KEY = "builder"  # of the keys of all controls on the page
PUBLISHED_K = 6  # of the thesis, where the rule takes none


@dataclasses.dataclass(frozen=True, eq=False)
class Ground:
    """An atlas as the page uses it.

    Attributes:
        name: of the atlas.
        source: path, time of writing and metric: what its loaders are asked by.
        overlap: of all its conditions.
        candidates: the corruptions of it.
        labels: their categories; 0 for those whose overlaps are undefined.
        rule: K by the rule, or None.
        models: those that predictions are taken over.
        facts: what the atlas was made on.
    """

    name: str
    source: tuple[str, int, str]
    overlap: Overlap
    candidates: tuple[str, ...]
    labels: pd.Series
    rule: int | None
    models: Population
    facts: dict[str, str]

    @property
    def labelled(self) -> tuple[tuple[str, int], ...]:
        """The candidates with a category, as plain values."""
        return tuple((str(name), int(label)) for name, label in self.labels.items() if label > 0)

    @property
    def sizes(self) -> list[int]:
        """How many candidates each category has, the largest first."""
        known = self.labels[self.labels > 0]
        return [int(size) for size in known.value_counts().sort_values(ascending=False)]

    def word(self, name: str) -> str:
        """A candidate's name without its suite, unless another candidate has the same."""
        own = short(name)
        return shown(name) if sum(short(other) == own for other in self.candidates) > 1 else own

    def tested(self, names: tuple[str, ...] | list[str]) -> Population:
        """The models that were tested on all of some corruptions."""
        return self.models.complete(list(names))

    def others(self, models: Population) -> dict[str, Benchmark]:
        """The benchmarks to compare with, as far as these models were tested on them."""
        whole = models.synthetic.notna().all(axis=0)
        available = tuple(sorted(str(name) for name, known in whole.items() if known and len(models)))
        return builder.others(*self.source, self.labelled, available)


def lay(name: str, path: str, stamp: int, metric: str, k: int | None, every: bool) -> Ground:
    """The ground of one atlas.

    Args:
        name, path, stamp: of the atlas.
        metric: of its overlaps.
        k: how many categories; None for those of the rule.
        every: whether the atlas' own models count too.
    """
    overlap = builder.atlas(path, stamp, metric)
    kinds = builder.atlas_kinds(path, stamp)
    candidates = tuple(n for n in overlap.names if kinds.get(n, "corruption") == "corruption")
    sweep = builder.atlas_categories(path, stamp, metric)
    models = builder.population(builder.population_stamps())
    return Ground(
        name,
        (path, stamp, metric),
        overlap,
        candidates,
        _labels(candidates, sweep, k),
        sweep.chosen if sweep else None,
        models if every else models.independent,
        builder.atlas_facts(path, stamp),
    )


def _labels(candidates: tuple[str, ...], sweep: Sweep | None, k: int | None) -> pd.Series:
    found = _categories(sweep, k)
    if found is None:
        return pd.Series(1, index=list(candidates), dtype=int)
    return found.labels.reindex(list(candidates)).fillna(0).astype(int)


def _categories(sweep: Sweep | None, k: int | None) -> Categories | None:
    if sweep is None:
        return None
    wanted = k or sweep.chosen or PUBLISHED_K
    return sweep.categories[min(sweep.categories, key=lambda known: abs(known - wanted))]


def shown(name: str) -> str:
    """A corruption's name for people; one that is not registered here keeps its own."""
    return labels.corruption(corruptions.get(name)) if name in corruptions.names() else labels.pretty(name)


def short(name: str) -> str:
    """The same without its suite, for small places."""
    return labels.pretty(corruptions.get(name).plain_name if name in corruptions.names() else name)


def title(atlas: str) -> str:
    """An atlas' name for people: "imagenet-c+laugros-scenes-resnet" -> "ImageNet-C + Laugros, scenes/resnet"."""
    what, mark, architecture = atlas.rpartition("-scenes-")
    if not mark:
        return atlas
    return f"{' + '.join(labels.suite(part) for part in what.split('+'))}, scenes/{architecture}"
