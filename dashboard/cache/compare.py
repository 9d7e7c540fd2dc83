"""What the page Compare computes from stored results: metrics with their intervals, kept as long as the results are the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.cache import datasets, results
from dashboard.cache import models as model_cache
from dashboard.cache.datasets import Data
from dashboard.cache.expiry import reads_results, result_versions
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import tasks
from robustcore import plugins

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from robustcore.calls import Call, Node
    from robustcore.datasets import Dataset
    from robustcore.evaluation import Subject
    from robustcore.notes import Note
    from robustcore.reports.compare.answers import Answers
    from robustcore.reports.compare.comparison import Comparison
    from robustcore.reports.compare.effective import Population

RESULTS = "gathered"  # what the printed Python calls the comparison
PUBLISHED = "published: "  # before the name of a data set that only published models have


@st.cache_data(max_entries=1, show_spinner=False)
def published_models() -> dict[str, list[str]]:
    """Data set -> the published models on it."""
    from robustcore.reports.compare import published_models as published

    return {dataset: published.names(dataset) for dataset in published.SETUPS}


def read(
    models: tuple[str, ...],
    data: Data,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> tuple[Node | None, list[Note]]:
    """The call that reads a comparison of stored and published models, and why some of them have no part in it.

    The call is None where none has. It is what the page runs, and what it prints.
    """
    from robustcore.calls import Call, Item
    from robustcore.reports.compare import published_models as published

    printed = [m for m in models if published.is_published(m)]
    own = tuple(m for m in models if m not in printed)
    if data.name.startswith(PUBLISHED):
        key = data.name.removeprefix(PUBLISHED)
        agree = [m for m in printed if m in published_models()[key]]
        refused = [published.not_measured_on(m, published.SETUPS[key].title) for m in models if m not in agree]
        if not agree:
            return None, refused
        call = Call(published.gather, agree, key, severities=severities, name=RESULTS)
        return call.supplied_by(lambda: _published(call.python(), _call=call)), refused
    if not own:
        return None, [published.nothing_to_compare_with(m) for m in printed]
    stored = gathered(own, data, suites, severities, storage, seed, name="evaluated" if printed else RESULTS)
    rows = stored.value.corrupted
    scored = set(rows.loc[rows["n"] > 0, "model"])
    without = tuple(m for m in own if m not in scored)
    otherwise = _stored_otherwise(without, data, suites, severities, storage, seed)
    if stored.value.empty:
        return None, otherwise
    if not printed:
        return stored, otherwise
    joined = Call(published.joined, stored, printed, name="joined")
    return Item(joined, 0, name=RESULTS), [*otherwise, *joined.value[1]]


def evaluated_whole(
    data: Data, suites: tuple[str, ...], severities: tuple[int, ...], storage: str, seed: int
) -> list[str]:
    """The models that lack nothing of what others have under the suites; all with results where there is none such."""
    return _evaluated_whole(data, suites, severities, storage, seed, tuple(model_cache.model_names()))


@reads_results(max_entries=16, show_spinner=False)
def _evaluated_whole(
    data: Data, suites: tuple[str, ...], severities: tuple[int, ...], storage: str, seed: int, here: tuple[str, ...]
) -> list[str]:
    from robustcore.datasets._base import prepared_for
    from robustcore.evaluation import Store, operations
    from robustcore.evaluation.condition import RELEASED
    from robustcore.evaluation.store import released_results
    from robustcore.reports.compare import comparison

    names = results.evaluated(data)
    if len(names) < 2 or not suites:
        return names
    images = datasets.evaluated_dataset(data)
    prepared = {model_cache.own_preparation(name) for name in names if name in here}
    prints = {prepared_for(images, preparation).fingerprint for preparation in (*prepared, None)}
    stored = _stored_conditions()
    stored = stored[stored["dataset_fingerprint"].isin(prints) & stored["model"].isin(names)]
    conditions = [
        condition
        for condition in comparison.conditions(suites, storage)
        if condition.kind != "clean" and condition.severity in (None, *severities)
    ]
    seeds = {  # condition -> the seed that its results are kept under
        operations.fingerprint(condition): seed if operations.of(condition).is_random(condition) else 0
        for condition in conditions
        if condition.storage != RELEASED
    }
    released = [(condition.name, condition.severity) for condition in conditions if condition.storage == RELEASED]
    if released:
        of_any = released_results.listing(Store(), prints, set(stored["model_fingerprint"]))
        best = released_results.most_evaluated(of_any)
        seeds |= {best[place].fingerprint: 0 for place in released if place in best}
    stored = stored[stored["condition_fingerprint"].map(seeds) == stored["seed"]]
    of_model = stored.groupby("model")["condition_fingerprint"].agg(set)
    whole = set(stored["condition_fingerprint"])
    return [name for name in names if of_model.get(name, set()) == whole] or names


@reads_results(max_entries=1, show_spinner=False)
def _stored_conditions() -> pd.DataFrame:
    """What is stored of which model on which data set: model and fingerprints, seed, storage."""
    from robustcore.evaluation import Store
    from robustcore.evaluation.store import inventory

    columns = ["model", "model_fingerprint", "dataset_fingerprint", "condition_fingerprint", "seed", "storage"]
    return inventory.listing(Store())[columns].drop_duplicates(ignore_index=True)


def storages() -> tuple[str, ...]:
    """The storages that can be chosen: "released" where there are results of released corruptions."""
    from robustcore import corruptions
    from robustcore.evaluation.condition import RELEASED

    stored = _stored_conditions()["storage"]
    return (*corruptions.STORAGES, *([RELEASED] if (stored == RELEASED).any() else []))


def dataset(data: Data) -> Call:
    """The call that loads a dataset, which is loaded once."""
    from robustcore.calls import Call
    from robustcore.datasets import load_dataset

    split = datasets.evaluated_dataset(data).split
    usual = {} if split in ("test", "all") else {"split": split}
    call = Call(load_dataset, data.name, **usual, name="dataset")
    return call.supplied_by(lambda: datasets.evaluated_dataset(data))


def gathered(
    models: tuple[str, ...],
    data: Data,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
    *,
    limit: int | None = None,
    name: str = RESULTS,
) -> Call:
    """The call that reads what is stored of some models under some suites, on the images that they share.

    It is run only where the same one was not run lately on the same models and images; `name` is its printed variable.
    """
    from robustcore.calls import Call
    from robustcore.reports.compare import comparison

    images = dataset(data)
    subjects = Call(comparison.subjects, list(models), images, name="models")
    subjects = subjects.supplied_by(lambda: [results.subject(model, data) for model in models])
    call = Call(
        comparison.gather,
        subjects,
        images,
        list(suites),
        severities=severities,
        storage=storage,
        seed=seed,
        **({} if limit is None else {"limit": limit}),
        name=name,
    )
    return call.supplied_by(
        lambda: _gathered(call.python(), tuple(subjects.value), images.value.fingerprint, _call=call)
    )


@reads_results(max_entries=32)
def _gathered(python: str, subjects: tuple[Subject, ...], dataset: str, *, _call: Call) -> Comparison:
    stored: Comparison = _call.compute()
    return stored


def _stored_otherwise(
    models: tuple[str, ...],
    data: Data,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> list[Note]:
    """Of models without results: that they have some through another storage, which are results of their own."""
    from robustcore.reports.compare import comparison

    notes = []
    for other in storages() if models else ():
        if other == storage:
            continue
        rows = gathered(models, data, suites, severities, other, seed).value.corrupted
        # Clean images and attacks know no storage: only rows stored in the other way count.
        elsewhere = sorted(set(rows.loc[(rows["n"] > 0) & (rows["storage"] == other), "model"]))
        notes += [comparison.other_storage_only(model, storage, other) for model in elsewhere]
    return notes


@st.cache_data(max_entries=16, show_spinner=False)
def _published(python: str, *, _call: Call) -> Comparison:
    printed: Comparison = _call.compute()
    return printed


def answers(comparison: Comparison, data: Data) -> Answers | None:
    """The stored answers to each image behind a comparison; published figures have none."""
    if not comparison.subjects:
        return None
    images = datasets.evaluated_dataset(data)
    return _answers(_digest(comparison), images.fingerprint, _comparison=comparison, _dataset=images)


@shared(show_spinner="Reading the answers …")
def _answers(digest: str, dataset: str, *, _comparison: Comparison, _dataset: Dataset) -> Answers:
    from robustcore.reports.compare import answers

    return answers.read(_comparison, _dataset)


def cached(call: Call, comparison: Comparison, data: Data) -> Call:
    """A call of a function on a comparison, which is run only where the same one was not run on the same results before.

    Args:
        call: its first argument is the comparison, its keyword `answers` the answers behind it or None; the rest is plain.
        comparison: that comparison.
        data: what the models were scored on.
    """
    return call.supplied_by(
        lambda: _computed(call.python(), _digest(comparison), _call=call, _comparison=comparison, _data=data)
    )


@st.cache_data(max_entries=96, show_spinner="Drawing images for the intervals …")
def _computed(python: str, digest: str, *, _call: Call, _comparison: Comparison, _data: Data) -> Any:
    from robustcore import derived

    function = f"{_call.function.__module__}:{_call.function.__name__}"  # type: ignore[union-attr]
    keywords = {name: value for name, value in _call.keywords.items() if name != "answers"}
    answers = _call.keywords.get("answers") is not None
    scored_on = tasks.scored_on(_comparison, datasets.evaluated_dataset(_data)) if answers else None
    key = derived.digest(python, digest, scored_on)
    request = (function, _comparison, digest, scored_on, tuple(_call.arguments[1:]), keywords)
    return offload("compare", key, tasks.on_comparison, *request)


def drawn(call: Call, comparison: Comparison | None, of: str = "") -> Call:
    """A call that draws a figure, which is run only where the same one was not drawn of the same results before.

    Args:
        call: of plain values and of what is computed from the results.
        comparison: what the figure is of; None for published figures, and for results that are in none.
        of: what tells such results from others: fingerprints.
    """
    digest = of if comparison is None else _digest(comparison)
    versions = tuple(map(tuple, result_versions()))
    return call.supplied_by(lambda: _drawn(call.python(), digest, versions, plugins.versions(), _call=call))


@st.cache_resource(max_entries=96, show_spinner=False)
def _drawn(
    python: str, digest: str, versions: tuple[tuple[object, ...], ...], plugged: dict[str, str], *, _call: Call
) -> Any:
    return _call.compute()


def measured(results: Node, data: Data, metric: str) -> Call:
    """The call that adds a metric of single images to the comparison of `results`, without published models."""
    from robustcore.calls import Call
    from robustcore.reports.compare import image_metrics

    comparison: Comparison = results.value
    call = Call(image_metrics.measured, results, dataset(data), metric, name="measured")
    return call.supplied_by(
        lambda: _measured(_digest(comparison), metric, plugins.versions(), _comparison=comparison, _data=data)
    )


@reads_results(max_entries=16, show_spinner="Reading the answers …")
def _measured(
    digest: str, metric: str, versions: dict[str, str], *, _comparison: Comparison, _data: Data
) -> Comparison:
    from robustcore import derived
    from robustcore.reports.compare import image_metrics

    scored_on = tasks.scored_on(_comparison, datasets.evaluated_dataset(_data))
    own = _comparison.only([subject.name for subject in _comparison.subjects])
    key = derived.digest(digest, metric, versions, scored_on, tuple(map(tuple, result_versions())))
    return image_metrics.with_rows(own, offload("measured", key, tasks.measured, own, scored_on, metric), metric)


@st.cache_data(max_entries=8, show_spinner=False)
def natural_shift(column: str) -> Population:
    """The published models on one natural shift of ImageNet, with their trend line."""
    from robustcore.reports.compare import effective

    return effective.over(effective.natural_shift(column))


def corrupted_images(data: Data, places: tuple[int, ...], condition: str, seed: int) -> Tensor:
    """Some images of a data set under a corruption as an evaluation makes them: uint8 (n, 3, H, W)."""
    images = datasets.evaluated_dataset(data)
    return _corrupted_images(images.fingerprint, places, condition, seed, _dataset=images)


@shared(show_spinner="Making the images …")
def _corrupted_images(dataset: str, places: tuple[int, ...], condition: str, seed: int, *, _dataset: Dataset) -> Tensor:
    from robustcore.reports.compare import example_images

    return example_images.images(_dataset, places, condition, seed)


def _digest(comparison: Comparison) -> str:
    """What tells one content of a comparison from another."""
    import pandas as pd

    columns = ["model", "condition", "n", "correct", "accuracy", "shared", "updated"]
    rows = pd.util.hash_pandas_object(comparison.rows[columns], index=False).to_numpy().tobytes()
    origin = comparison.provenance
    identity = (origin.models, origin.dataset, origin.suites, origin.storage, origin.seed, comparison.notes)
    who = "".join(s.fingerprint for s in comparison.subjects)
    return hashlib.sha256(rows + f"{who}{identity}".encode()).hexdigest()
