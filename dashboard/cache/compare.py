"""What the page Compare computes from stored results: metrics with their intervals, kept as long as the results are the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.cache import datasets, results

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.calls import Call
    from robustcore.datasets import Dataset
    from robustcore.notes import Note
    from robustcore.reports.compare.answers import Answers
    from robustcore.reports.compare.comparison import Comparison
    from robustcore.reports.compare.effective import Population

PUBLISHED = "published: "  # before the name of a data set that only published models have


@st.cache_data(max_entries=1, show_spinner=False)
def published_models() -> dict[str, list[str]]:
    """Data set -> the published models on it."""
    from robustcore.reports.compare import published_models as published

    return {dataset: published.names(dataset) for dataset in published.SETUPS}


def compared(
    models: tuple[str, ...],
    dataset: str,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> tuple[Comparison | None, list[Note]]:
    """A comparison of stored and published models, and why some of them have no part in it; None where none has."""
    from robustcore.reports.compare import published_models as published

    printed = [m for m in models if published.is_published(m)]
    own = tuple(m for m in models if m not in printed)
    if dataset.startswith(PUBLISHED):
        key = dataset.removeprefix(PUBLISHED)
        agree = tuple(m for m in printed if m in published_models()[key])
        others = [m for m in models if m not in agree]
        refused = [published.not_measured_on(m, published.SETUPS[key].title) for m in others]
        return (_published(agree, key, severities) if agree else None), refused
    if not own:
        return None, [published.nothing_to_compare_with(m) for m in printed]
    stored = results.comparison(own, dataset, suites, severities, storage, seed)
    rows = stored.corrupted
    without = tuple(m for m in own if m not in set(rows.loc[rows["n"] > 0, "model"]))
    otherwise = _stored_otherwise(without, dataset, suites, severities, storage, seed)
    if stored.empty:
        return None, otherwise
    joined, refused = published.joined(stored, printed) if printed else (stored, [])
    return joined, [*otherwise, *refused]


def _stored_otherwise(
    models: tuple[str, ...],
    dataset: str,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> list[Note]:
    """Of models without results: that they have some through the other storage, which are results of their own."""
    from robustcore.reports.compare import comparison

    if not models:
        return []
    other = {"memory": "jpeg85", "jpeg85": "memory"}[storage]
    rows = results.comparison(models, dataset, suites, severities, other, seed).corrupted
    # Clean images and attacks know no storage: only rows stored in the other way count.
    there = sorted(set(rows.loc[(rows["n"] > 0) & (rows["storage"] == other), "model"]))
    return [comparison.other_storage_only(model, storage, other) for model in there]


@st.cache_data(max_entries=16, show_spinner=False)
def _published(models: tuple[str, ...], dataset: str, severities: tuple[int, ...]) -> Comparison:
    from robustcore.reports.compare import published_models as published

    return published.gather(models, dataset, severities=severities)


def answers(found: Comparison, dataset: str) -> Answers | None:
    """The stored answers to each image behind a comparison; published figures have none."""
    if not found.subjects:
        return None
    images = datasets.dataset(dataset)
    return _answers(_digest(found), images.fingerprint, _found=found, _dataset=images)


@st.cache_resource(max_entries=6, show_spinner="Reading the answers …")
def _answers(digest: str, dataset: str, *, _found: Comparison, _dataset: Dataset) -> Answers:
    from robustcore.reports.compare import answers

    return answers.read(_found, _dataset)


def cached(call: Call, found: Comparison) -> Call:
    """A call of a function on a comparison, which is run only where the same one was not run on the same results before."""
    return call.supplied_by(lambda: _computed(call.python(), _digest(found), _call=call))


@st.cache_data(max_entries=96, show_spinner="Drawing images for the intervals …")
def _computed(python: str, digest: str, *, _call: Call) -> Any:
    from robustcore import derived

    return derived.once("compare", derived.digest(python, digest), _call.compute)


@st.cache_data(max_entries=8, show_spinner=False)
def natural_shift(column: str) -> Population:
    """The published models on one natural shift of ImageNet, with their trend line."""
    from robustcore.reports.compare import effective

    return effective.over(effective.natural_shift(column))


def corrupted_images(dataset: str, places: tuple[int, ...], condition: str, seed: int) -> Tensor:
    """Some images of a data set under a corruption as an evaluation makes them: uint8 (n, 3, H, W)."""
    images = datasets.dataset(dataset)
    return _corrupted_images(images.fingerprint, places, condition, seed, _dataset=images)


@st.cache_resource(max_entries=64, show_spinner="Making the images …")
def _corrupted_images(dataset: str, places: tuple[int, ...], condition: str, seed: int, *, _dataset: Dataset) -> Tensor:
    from robustcore.reports.compare import example_images

    return example_images.images(_dataset, places, condition, seed)


def _digest(found: Comparison) -> str:
    """What tells one content of a comparison from another."""
    import pandas as pd

    columns = ["model", "condition", "n", "correct", "accuracy", "shared", "updated"]
    rows = pd.util.hash_pandas_object(found.rows[columns], index=False).to_numpy().tobytes()
    origin = found.provenance
    identity = (origin.models, origin.dataset, origin.suites, origin.storage, origin.seed, found.notes)
    who = "".join(s.fingerprint for s in found.subjects)
    return hashlib.sha256(rows + f"{who}{identity}".encode()).hexdigest()
