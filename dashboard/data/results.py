"""What is stored of the models: read exactly, by fingerprint, and read again when an evaluation has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.data import datasets, images, models
from dashboard.data.reading import reads_results

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.evaluation import Subject
    from robustcore.reports.compare import Comparison
    from robustcore.reports.overview import Overview
    from robustcore.reports.stability import Stability


@reads_results(ttl=5, max_entries=16, show_spinner=False)
def evaluated(dataset_name: str) -> list[str]:
    """The names of the models with results on a dataset, the demo's first."""
    from robustcore.evaluation import Store

    names = {subject.name for subject in Store().subjects(datasets.dataset(dataset_name).fingerprint)}
    return sorted(names, key=lambda name: (name != models.DEFAULT_MODEL, not name.startswith("scenes/"), name))


def subject(name: str, dataset_name: str) -> Subject:
    """A model as results know it. One whose weights are not here (any more) is known by what is stored of it."""
    base = name.partition("?")[0]
    if name in models.model_names() or os.path.isfile(base) or "weights=none" in name:
        return _subject(name, models.stamp(name))
    from robustcore.errors import ModelError
    from robustcore.evaluation import Store

    stored = [s for s in Store().subjects(datasets.dataset(dataset_name).fingerprint) if s.name == name]
    if len(stored) != 1:
        raise ModelError(
            f"The weights of {name} are not on this machine, and "
            + ("nothing is stored of it." if not stored else "results of several models of that name are.")
        )
    return stored[0]


@st.cache_data(ttl=60, max_entries=64, show_spinner=False, refresh_mode="background")
def _subject(name: str, stamp: int) -> Subject:
    import robustcore.models
    from robustcore.evaluation import Subject

    classifier = robustcore.models.load_model(name)
    return Subject(name, classifier.fingerprint(), tuple(classifier.card.classes))


@reads_results(max_entries=32)
def comparison(
    models: tuple[str, ...],
    dataset_name: str,
    suites: tuple[str, ...],
    severities: tuple[int, ...],
    storage: str,
    seed: int,
) -> Comparison:
    """What is stored of some models under some suites, on the images that they share."""
    from robustcore.reports import compare

    subjects = [subject(name, dataset_name) for name in models]
    return compare.gather(
        subjects, datasets.dataset(dataset_name), suites, severities=severities, storage=storage, seed=seed
    )


@reads_results(max_entries=8)
def overview(models: tuple[str, ...], dataset_name: str) -> Overview:
    """What is stored of each model, in one row."""
    from robustcore.reports import overview

    return overview.gather([subject(name, dataset_name) for name in models], datasets.dataset(dataset_name))


@reads_results(max_entries=32, show_spinner=False)
def stability(models: tuple[str, ...], suite: str, difficulty: int, reference: str) -> Stability:
    """What is stored of the models' stability on the test images of scenes."""
    from robustcore.reports import stability

    subjects = [subject(name, "scenes") for name in models]
    return stability.table(subjects, images.test_images(), suite=suite, difficulty=difficulty, reference=reference)


@reads_results(max_entries=32, show_spinner=False)
def robust_accuracy(models: tuple[str, ...], dataset_name: str, seed: int) -> pd.DataFrame:
    """What is stored of the models' accuracy against eps, white-box and crafted on each other."""
    from robustcore.reports import robust_accuracy

    subjects = [subject(name, dataset_name) for name in models]
    surrogates = {s.name: s.fingerprint for s in subjects}
    return robust_accuracy.curves(subjects, datasets.dataset(dataset_name), surrogates=surrogates, seed=seed)
