"""What the benchmark builder works with: atlases of overlaps, their categories, the models, and what groups of benchmarks predict."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache.expiry import reads_results

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from robustcore.atlas.populations import Population
    from robustcore.overlap import Overlap
    from robustcore.overlap.categories import Sweep
    from robustcore.reports.overlap.atlas import Source
    from robustcore.reports.overlap.benchmark import Benchmark


def atlases() -> dict[str, tuple[str, int]]:
    """Name -> path and time of writing of every atlas of overlaps that there is."""
    from robustcore.atlas import plan

    return {name: (str(path), _stamp(path)) for name, path in plan.tables().items()}


def atlas(path: str, stamp: int, metric: str) -> Overlap:
    """The overlaps of an atlas, with their intervals."""
    return _atlas(path, stamp, metric)


@st.cache_resource(max_entries=6, show_spinner="Reading the atlas …")
def _atlas(path: str, stamp: int, metric: str) -> Overlap:
    from robustcore import overlap
    from robustcore.atlas import plan

    return overlap.measure(plan.read(path), metric=metric)


@st.cache_data(max_entries=16, show_spinner=False)
def atlas_source(path: str, stamp: int, metric: str) -> Source:
    """The models and data that an atlas was computed from."""
    from robustcore.atlas import plan
    from robustcore.reports.overlap import atlas

    return atlas.source(plan.read(path), _atlas(path, stamp, metric))


@st.cache_data(max_entries=16, show_spinner=False)
def atlas_kinds(path: str, stamp: int) -> dict[str, str]:
    """The kind of each condition that an atlas was tested on: "corruption", "attack", "shift"."""
    from robustcore.atlas import plan

    table = plan.read(path)
    return dict(zip(table["tested_on"], table["kind"], strict=True)) if "kind" in table else {}


@st.cache_resource(max_entries=6, show_spinner="Looking for categories …")
def atlas_categories(path: str, stamp: int, metric: str) -> Sweep | None:
    """The categories of an atlas' corruptions for every K, and the K of the rule; None where too few overlaps are defined."""
    from robustcore.errors import InvalidArgumentError
    from robustcore.overlap import categories

    overlap, kinds = _atlas(path, stamp, metric), atlas_kinds(path, stamp)
    names = [name for name in overlap.names if kinds.get(name, "corruption") == "corruption"]
    try:
        return categories.sweep(overlap.scores.loc[names, names], repeats=1)
    except InvalidArgumentError:
        return None


@reads_results(max_entries=1, ttl=20, show_spinner="Reading the models …")
def population(stamps: tuple[tuple[str, int], ...]) -> Population:
    """The models of scenes and their robustness."""
    from robustcore.atlas import populations

    return populations.load()


def population_stamps() -> tuple[tuple[str, int], ...]:
    """What tells whether a csv file of the population has changed."""
    from robustcore.atlas import populations

    return tuple((str(path), _stamp(path)) for path in populations.tables().values())


@st.cache_data(max_entries=16, show_spinner=False)
def others(
    path: str, stamp: int, metric: str, labels: tuple[tuple[str, int], ...], available: tuple[str, ...]
) -> dict[str, Benchmark]:
    """The benchmarks that a selection is compared with."""
    import pandas as pd

    from robustcore.reports.overlap import benchmark

    return benchmark.others(available, _atlas(path, stamp, metric), pd.Series(dict(labels), dtype=int))


@st.cache_data(max_entries=1, show_spinner=False)
def printed_couples() -> dict[tuple[int, int], float]:
    """The means of the thesis' table 4.4, as printed."""
    from robustcore.reports.overlap import benchmark

    return benchmark.printed_couples()


def couples(labels: tuple[tuple[str, int], ...], models: Population, seed: int) -> pd.DataFrame:
    """Table 4.4 on these models."""
    return _couples(labels, _digest(models), seed, _models=models)


def deviations(
    labels: tuple[tuple[str, int], ...], models: Population, couple: tuple[int, int], seed: int
) -> pd.DataFrame:
    """Table 4.5 on these models."""
    return _deviations(labels, _digest(models), couple, seed, _models=models)


@st.cache_data(max_entries=16, show_spinner="Drawing benchmarks …")
def _couples(labels: tuple[tuple[str, int], ...], models: str, seed: int, *, _models: Population) -> pd.DataFrame:
    import pandas as pd

    from robustcore.overlap import criteria

    couples = criteria.couples(dict(labels))
    if not couples:
        return pd.DataFrame(columns=["n", "k", "natural", "r", "reason"])
    return criteria.by_couple(dict(labels), _models.synthetic, _models.natural, couples, seed=seed)


@st.cache_data(max_entries=16, show_spinner="Substituting corruptions …")
def _deviations(
    labels: tuple[tuple[str, int], ...], models: str, couple: tuple[int, int], seed: int, *, _models: Population
) -> pd.DataFrame:
    from robustcore.overlap import criteria

    return criteria.by_deviation(dict(labels), _models.synthetic, _models.natural, couple=couple, seed=seed)


def _digest(models: Population) -> str:
    """What tells one content of a population from another."""
    import pandas as pd

    parts = [
        pd.util.hash_pandas_object(table).to_numpy().tobytes() + ",".join(table.columns).encode()
        for table in (models.synthetic, models.natural)
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns
