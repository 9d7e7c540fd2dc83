"""What the benchmark builder works with: atlases of overlaps, their categories, the models, and what groups of benchmarks predict."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import file_versions
from dashboard.cache import overlaps
from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.workers import tasks

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.cache.overlaps import MatrixKey
    from dashboard.file_versions import FileVersion
    from robustcore.atlas.populations import Population
    from robustcore.overlap.categories import Sweep
    from robustcore.reports.overlap.atlas import Entry
    from robustcore.reports.overlap.benchmark import Benchmark
    from robustcore.reports.overlap.origin import Source


def atlases() -> dict[str, Entry]:
    """Every atlas of overlaps that there is, by its file's name; of a file with several architectures one for each."""
    entries, _ = overlaps.entries()
    files = Counter(entry.path for entry in entries)
    return {
        entry.path.stem if files[entry.path] == 1 else f"{entry.path.stem} ({entry.architecture})": entry
        for entry in entries
    }


def matrix(entry: Entry, metric: str) -> MatrixKey:
    """The overlaps of an atlas over all its trainings, as the other loaders take them."""
    from robustcore.reports.overlap.atlas import MEAN

    return overlaps.key(entry, metric, MEAN)


@st.cache_data(max_entries=16, show_spinner=False)
def source(of: MatrixKey) -> Source:
    """The models and data that an atlas was computed from."""
    from robustcore.reports.overlap import origin

    return origin.source(overlaps.accuracies(of), overlaps.measured(of))


def candidates(of: MatrixKey) -> tuple[str, ...]:
    """The corruptions of an atlas: it may also have been tested under attacks and on shifts."""
    table = overlaps.accuracies(of)
    kinds = dict(zip(table["tested_on"], table["kind"], strict=True)) if "kind" in table else {}
    return tuple(name for name in overlaps.measured(of).names if kinds.get(name, "corruption") == "corruption")


@st.cache_resource(max_entries=6, show_spinner="Computing the categories …")
def categories(of: MatrixKey) -> Sweep | None:
    """The categories of an atlas' corruptions for every K, and the K of the rule; None where too few overlaps are defined."""
    from robustcore import derived
    from robustcore.errors import InvalidArgumentError

    names = list(candidates(of))
    scores = overlaps.measured(of).scores.loc[names, names]
    try:
        sweep: Sweep = offload("builder", derived.digest(scores), tasks.sweep, scores, 0, 1)
    except InvalidArgumentError:
        return None
    return sweep


@reads_results(max_entries=1, show_spinner="Reading the models …")
def _population(files: tuple[FileVersion, ...]) -> Population:
    from robustcore.reports.claims.sources import Sources

    population: Population = offload("population", Sources.here().population, tasks.population)
    return population


@st.cache_data(max_entries=1, show_spinner="Reading the published models …")
def _imagenet() -> Population:
    from robustcore.atlas import populations

    return populations.imagenet()


def population(data: str = "scenes") -> Population:
    """The models of "scenes", or the published ones of "imagenet", and their robustness."""
    from robustcore.atlas import populations

    if data == "imagenet":
        return _imagenet()
    return _population(tuple(file_versions.version(path) for path in populations.tables().values()))


@st.cache_data(max_entries=16, show_spinner=False)
def others(of: MatrixKey, labels: tuple[tuple[str, int], ...], available: tuple[str, ...]) -> dict[str, Benchmark]:
    """The benchmarks that a selection is compared with."""
    import pandas as pd

    from robustcore.reports.overlap import benchmark

    return benchmark.others(available, overlaps.measured(of), pd.Series(dict(labels), dtype=int))


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

    from robustcore import derived
    from robustcore.overlap import criteria

    couples = criteria.couples(dict(labels))
    if not couples:
        return pd.DataFrame(columns=["n", "k", "natural", "r", "reason"])
    key, of = derived.digest(labels, models, seed), (_models.synthetic, _models.natural)
    couples_table: pd.DataFrame = offload("couples", key, tasks.couples, dict(labels), *of, couples, seed)
    return couples_table


@st.cache_data(max_entries=16, show_spinner="Substituting corruptions …")
def _deviations(
    labels: tuple[tuple[str, int], ...], models: str, couple: tuple[int, int], seed: int, *, _models: Population
) -> pd.DataFrame:
    from robustcore import derived

    key, of = derived.digest(labels, models, couple, seed), (_models.synthetic, _models.natural)
    deviations: pd.DataFrame = offload("deviations", key, tasks.deviations, dict(labels), *of, couple, seed)
    return deviations


def _digest(models: Population) -> str:
    """What tells one content of a population from another."""
    import pandas as pd

    parts = [
        pd.util.hash_pandas_object(table).to_numpy().tobytes() + ",".join(table.columns).encode()
        for table in (models.synthetic, models.natural)
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()
