"""The atlases of overlaps that there are, and what is computed from them, kept by the file's version."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import file_versions
from dashboard.cache.datasets import SCENES
from dashboard.cache.offload import offload
from dashboard.file_versions import FileVersion
from dashboard.workers import tasks
from robustcore.errors import RobustcoreError

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.overlap import Overlap
    from robustcore.overlap.categories import Categories, Sweep
    from robustcore.reports.overlap.atlas import Entry

METHODS = {"k-means": "K-means", "hierarchical": "Hierarchical", "hdbscan": "HDBSCAN"}  # of categories, with titles
RULE = 0  # in the place of K: the first one that passes the thesis' rule


@dataclasses.dataclass(frozen=True)
class MatrixKey:
    """A matrix of overlaps: the version of an atlas' file, and the part of it.

    Attributes:
        file: the version of the file.
        architecture: of the models.
        seed: one of the trainings, or `reports.atlas.MEAN`.
        metric: "residual" or "app".
    """

    file: FileVersion
    architecture: str
    seed: str
    metric: str


def entries() -> tuple[list[Entry], list[str]]:
    """The atlases that there are, those of the most corruptions first, and why a file is none."""
    from robustcore.atlas import plan

    readable, refused = [], []
    for name, path in plan.tables().items():
        try:
            readable += _entries(name, file_versions.version(path))
        except RobustcoreError as error:
            refused.append(str(error))
        except OSError:  # deleted in the meantime
            continue
    return sorted(readable, key=lambda entry: -len(entry.corruptions)), refused


def key(entry: Entry, metric: str, seed: str) -> MatrixKey:
    """The matrix of an atlas in a metric, of one seed or the mean."""
    return MatrixKey(file_versions.version(entry.path), entry.architecture, seed, metric)


@st.cache_data(max_entries=64, show_spinner=False)
def _entries(name: str, file: FileVersion) -> list[Entry]:
    from robustcore.overlap import accuracies
    from robustcore.reports.overlap import atlas

    table = _table(file)
    listed = atlas.entries(name, Path(file.path), table)
    for entry in listed:
        accuracies.read(atlas.accuracies(table, entry.architecture))  # refuses what is no table of accuracies
    return listed


@st.cache_resource(max_entries=12, show_spinner=False)
def _table(file: FileVersion) -> pd.DataFrame:
    from robustcore.atlas import plan

    return plan.read(Path(file.path))


def accuracies(of: MatrixKey) -> pd.DataFrame:
    """The table of accuracies behind a matrix."""
    from robustcore.reports.overlap import atlas

    return atlas.accuracies(_table(of.file), of.architecture, of.seed)


@st.cache_resource(max_entries=6, show_spinner="Measuring the overlaps …")
def measured(of: MatrixKey) -> Overlap:
    """The overlaps with their intervals; 12 MB of replicates for 40 corruptions."""
    from robustcore import overlap

    return overlap.measure(accuracies(of), metric=of.metric)


@st.cache_data(max_entries=16, show_spinner=False)
def pairs(of: MatrixKey) -> pd.DataFrame:
    """One row for each pair of corruptions."""
    from robustcore.reports.overlap import atlas

    return atlas.pairs(measured(of))


@st.cache_data(max_entries=64, show_spinner="Computing the categories …")
def categories(of: MatrixKey, method: str, size: int, seed: int) -> Categories:
    """The categories of a matrix.

    Args:
        of: the matrix.
        method: one of `METHODS`.
        size: K, or `RULE`; of HDBSCAN the fewest corruptions of a category.
        seed: of K-means.
    """
    from robustcore.overlap import categories

    scores = measured(of).scores
    if method == "hdbscan":
        return categories.hdbscan(scores, size)
    if method == "hierarchical":
        return categories.hierarchical(scores, size or _by_rule(of, 0).k)
    return categories.kmeans(scores, size, seed=seed) if size else _by_rule(of, seed)


@st.cache_data(max_entries=16, show_spinner="Choosing the number of categories …")
def _by_rule(of: MatrixKey, seed: int) -> Categories:
    from robustcore import derived

    scores = measured(of).scores
    categories: Categories = offload("by-rule", derived.digest(scores, seed), tasks.categories_by_rule, scores, seed)
    return categories


@st.cache_data(max_entries=16, show_spinner="Trying every K (some seconds, once) …")
def sweep(of: MatrixKey, seed: int) -> Sweep:
    """K-means for every K, with its stability over starts."""
    from robustcore import derived

    scores = measured(of).scores
    swept: Sweep = offload("sweep", derived.digest(scores, seed), tasks.sweep, scores, seed, 10)
    return swept


@st.cache_data(max_entries=32, show_spinner="Comparing the categories of the seeds …")
def stability(of: MatrixKey, k: int) -> float:
    """How alike the categories of the single trainings' matrices are; NaN with one seed, or where a seed has fewer corruptions."""
    from robustcore import derived
    from robustcore.errors import InvalidArgumentError
    from robustcore.overlap import categories

    frames = [frame.clip(lower=0) for frame in measured(of).by_seed.values()]
    if len(frames) < 2:
        return float("nan")
    try:
        return float(offload("stability", derived.digest(frames, k), categories.stability, frames, k))
    except InvalidArgumentError:
        return float("nan")


def prepare() -> None:
    """Measure the first atlas, which the page begins with."""
    from robustcore.errors import InvalidArgumentError
    from robustcore.reports.overlap.atlas import MEAN

    atlases, _ = entries()
    if atlases:
        of = key(atlases[0], "residual", MEAN)
        pairs(of)
        with contextlib.suppress(InvalidArgumentError):  # too few corruptions: the page says so
            categories(of, "k-means", RULE, 0)


@st.cache_data(max_entries=512, show_spinner=False)
def thumbnail(condition: str, place: int) -> str:
    """A test image of scenes under a condition (canonical form) as a data address: to the bit what is scored, seed 0."""
    from dashboard import data_urls
    from dashboard.cache import compare

    return data_urls.exact(compare.corrupted_images(SCENES, (place,), condition, 0)[0])
