"""Weights and kernels of networks, and how alike their layers are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import datasets, expiry, models, results
from dashboard.cache.datasets import SCENES
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import insides
from dashboard.workers.tasks import DatasetKey

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.workers.tasks import ModelKey
    from robustcore.evaluation.plan import Subject
    from robustcore.inside.similarity import Similarity, Sums
    from robustcore.inside.weights import Kernels
    from robustcore.reports.inside.combining import Combination

GAIN_SUITE = "imagenet-c"


def weights(names: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histograms of the models' weights, and the figures of each."""
    return _weights(tuple((name, models.fingerprint(name)) for name in names))


@st.cache_data(max_entries=16, show_spinner="Reading the weights …")
def _weights(keys: tuple[ModelKey, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    from robustcore import derived

    tables: tuple[pd.DataFrame, pd.DataFrame] = offload("weights", derived.digest(keys), insides.weights, keys)
    return tables


def kernels(name: str) -> tuple[Kernels, ...]:
    """Kernels of a model's first and of a deep convolution."""
    return _kernels((name, models.fingerprint(name)))


@shared()
def _kernels(key: ModelKey) -> tuple[Kernels, ...]:
    from robustcore import derived

    done: tuple[Kernels, ...] = offload("kernels", derived.digest(key), insides.kernels, key)
    return done


def similarity(first: str, second: str, source: str, count: int, progress: Callable[[float], None]) -> Similarity:
    """CKA of two models' layers on some images, batch by batch; each batch is kept by itself.

    Args:
        source, count: see `inside.comparison_images`.
        progress: is told the share of the batches that are done.
    """
    from robustcore.inside import similarity as cka

    keys = [(name, models.fingerprint(name)) for name in (first, second)]
    parts = cka.batches(models.card(first), models.card(second), count)
    sums = []
    for place, part in enumerate(parts):
        progress(place / len(parts))
        sums.append(_sums(keys[0], keys[1], source, part.start, part.stop))
    return cka.total(sums)


@shared()
def _sums(first: ModelKey, second: ModelKey, source: str, start: int, stop: int) -> Sums:
    from robustcore import derived

    key = derived.digest(first, second, source, start, stop)
    done: Sums = offload("similarity", key, insides.similarity_batch, first, second, source, start, stop)
    return done


def combination_gains(combined: tuple[Combination, ...]) -> pd.DataFrame:
    """What combined trainings of scenes gain over the better of their parts, on `GAIN_SUITE`."""
    names = dict.fromkeys(name for each in combined for name in (each.combined, each.first, each.second))
    subjects = {name: results.subject(name, SCENES) for name in names}
    dataset = DatasetKey.of(datasets.evaluated_dataset(SCENES))
    return _gains(combined, subjects, dataset, tuple(map(tuple, expiry.result_versions())))


@st.cache_data(max_entries=4, show_spinner=False)
def _gains(
    combined: tuple[Combination, ...],
    subjects: dict[str, Subject],
    dataset: DatasetKey,
    versions: tuple[tuple[object, ...], ...],
) -> pd.DataFrame:
    from robustcore import derived

    key = derived.digest(combined, subjects, dataset, GAIN_SUITE, versions)
    table: pd.DataFrame = offload(
        "combination-gains", key, insides.combination_gains, combined, subjects, dataset, GAIN_SUITE
    )
    return table
