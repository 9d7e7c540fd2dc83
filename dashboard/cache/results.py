"""What is stored of the models: read exactly, by fingerprint, and read again when an evaluation has ended."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache import datasets, images, models
from dashboard.cache.expiry import reads_results

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.evaluation import Subject
    from robustcore.reports.compare.comparison import Comparison
    from robustcore.reports.overview.overview import Overview
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
        stamp = models.stamp(name) or _shipped(name)
        return _kept_subject(name, stamp) if stamp else _subject(name)
    from robustcore.errors import ModelError
    from robustcore.evaluation import Store

    stored = [s for s in Store().subjects(datasets.dataset(dataset_name).fingerprint) if s.name == name]
    if len(stored) != 1:
        raise ModelError(
            f"The weights of {name} are not on this machine, and "
            + ("nothing is stored of it." if not stored else "results of several models of that name are.")
        )
    return stored[0]


def _shipped(name: str) -> int:
    """Of a model that ships, when its file was written; 0 for any other."""
    from robustcore import paths

    file = paths.assets() / "models" / f"{name}.safetensors"
    return file.stat().st_mtime_ns if file.is_file() else 0


@st.cache_data(max_entries=256, show_spinner=False)
def _kept_subject(name: str, stamp: int) -> Subject:
    """Of a model whose file tells when it changed: read once."""
    return _read_subject(name)


@st.cache_data(ttl=60, max_entries=64, show_spinner=False, refresh_mode="background")
def _subject(name: str) -> Subject:
    return _read_subject(name)


def _read_subject(name: str) -> Subject:
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


@reads_results(ttl=15, max_entries=8)
def overview(models: tuple[str, ...], dataset_name: str) -> Overview:
    """What is stored of each model, in one row; why a model has none stands among the notes."""
    from robustcore.errors import ModelError
    from robustcore.reports.overview import overview

    found, refused = [], []
    for name in models:
        try:
            found.append(subject(name, dataset_name))
        except ModelError as error:
            refused.append(f"{name} is left out. {error}")
    if not found:
        raise ModelError(" ".join(refused))
    gathered = overview.gather(found, datasets.dataset(dataset_name))
    return dataclasses.replace(gathered, notes=(*gathered.notes, *refused))


@reads_results(max_entries=32, show_spinner=False)
def stability(models: tuple[str, ...], suite: str, difficulty: int, reference: str) -> Stability:
    """What is stored of the models' stability on the test images of scenes."""
    from robustcore.reports import stability

    subjects = [subject(name, "scenes") for name in models]
    return stability.table(subjects, images.test_images(), suite=suite, difficulty=difficulty, reference=reference)


@reads_results(max_entries=32, show_spinner=False)
def robust_accuracy(models: tuple[str, ...], dataset_name: str, seed: int) -> pd.DataFrame:
    """What is stored of the models' accuracy against eps, white-box and crafted on each other."""
    from robustcore.reports.attacks import robust_accuracy

    subjects = [subject(name, dataset_name) for name in models]
    surrogates = {s.name: s.fingerprint for s in subjects}
    return robust_accuracy.curves(subjects, datasets.dataset(dataset_name), surrogates=surrogates, seed=seed)
