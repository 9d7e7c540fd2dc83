"""What is stored of the models: read exactly, by fingerprint, and read again when an evaluation has ended."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from dashboard.cache import datasets, images, models
from dashboard.cache.datasets import SCENES, Data
from dashboard.cache.expiry import reads_results

if TYPE_CHECKING:
    import pandas as pd

    from robustcore.datasets import Dataset
    from robustcore.evaluation import Subject
    from robustcore.notes import Note
    from robustcore.reports.compare.example_images import Outcome
    from robustcore.reports.overview.overview import Overview
    from robustcore.reports.stability import Stability

    Models = tuple[str, ...] | tuple[Subject, ...]


@reads_results(ttl=5, max_entries=16, show_spinner=False)
def evaluated(data: Data) -> list[str]:
    """The names of the models with results on a dataset, the demo's first."""
    names = {subject.name for subject in _stored_subjects(datasets.evaluated_dataset(data))}
    return sorted(names, key=lambda name: (name != models.DEFAULT_MODEL, not name.startswith("scenes/"), name))


def subject(name: str, data: Data) -> Subject:
    """A model as results know it. One whose weights are not here (any more) is known by what is stored of it."""
    from robustcore.errors import ModelError
    from robustcore.evaluation import Subject
    from robustcore.models import answers_of

    base = name.partition("?")[0]
    whole = answers_of(name) == "all"  # of one that answers with a folder's classes alone, results know the fingerprint
    if whole and (name in models.model_names() or os.path.isfile(base) or "weights=none" in name):
        card = models.card(name)
        return Subject(name, models.fingerprint(name), tuple(card.classes), card.own_preparation)
    dataset = datasets.evaluated_dataset(data)
    stored = [s for s in _stored(dataset.fingerprint, _dataset=dataset) if s.name == name]
    if len(stored) != 1:
        raise ModelError(
            f"The weights of {name} are not on this machine, and "
            + ("nothing is stored of it." if not stored else "results of several models of that name are.")
        )
    return stored[0]


def subjects_of(models: Models, data: Data) -> tuple[Subject, ...]:
    """Models as results know them: of names as `subject` finds them, which takes time for many."""
    return tuple(subject(each, data) if isinstance(each, str) else each for each in models)


@reads_results(max_entries=8, show_spinner=False)
def _stored(dataset: str, *, _dataset: Dataset) -> list[Subject]:
    """The models with results on the dataset of that fingerprint."""
    return _stored_subjects(_dataset)


def _stored_subjects(dataset: Dataset) -> list[Subject]:
    """The models with results on a dataset, in whatever preparation those that are here bring."""
    from robustcore.datasets import Preparable
    from robustcore.evaluation import Store, api

    names = models.model_names() if isinstance(dataset, Preparable) else []
    own = {models.own_preparation(name) for name in names}
    return api.stored_subjects(dataset, Store(), own)


def overview(models: tuple[str, ...], data: Data) -> Overview:
    """What is stored of each model, in one row; the notes say why a model has none."""
    from robustcore.errors import ModelError
    from robustcore.reports.overview.overview import model_left_out

    subjects, refused = [], []
    for name in models:
        try:
            subjects.append(subject(name, data))
        except ModelError as error:
            refused.append(model_left_out(name, str(error)))
    if not subjects:
        raise ModelError(" ".join(note.text for note in refused))
    dataset = datasets.evaluated_dataset(data)
    gathered = _overview(tuple(subjects), dataset.fingerprint, _dataset=dataset)
    return dataclasses.replace(gathered, notes=(*gathered.notes, *refused))


@reads_results(max_entries=8)
def _overview(subjects: tuple[Subject, ...], dataset: str, *, _dataset: Dataset) -> Overview:
    from robustcore.reports.overview import overview

    return overview.gather(list(subjects), _dataset)


def knowing(models: tuple[str, ...], data: Data) -> pd.DataFrame:
    """Detection and calibration of each model, from stored answers."""
    dataset = datasets.evaluated_dataset(data)
    return _knowing(tuple(subject(name, data) for name in models), dataset.fingerprint, _dataset=dataset)


@reads_results(max_entries=8)
def _knowing(subjects: tuple[Subject, ...], dataset: str, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.evaluation import Store
    from robustcore.reports.overview import knowing

    return knowing.gather(subjects, _dataset, Store())


def stability(models: tuple[str, ...], suite: str, difficulty: int, reference: str) -> Stability:
    """What is stored of the models' stability on the test images of scenes."""
    return _stability(tuple(subject(name, SCENES) for name in models), suite, difficulty, reference)


@reads_results(max_entries=32, show_spinner=False)
def _stability(subjects: tuple[Subject, ...], suite: str, difficulty: int, reference: str) -> Stability:
    from robustcore.reports import stability

    return stability.table(subjects, images.test_images(), suite=suite, difficulty=difficulty, reference=reference)


def robust_accuracy(models: Models, data: Data, seed: int) -> pd.DataFrame:
    """What is stored of the models' accuracy against eps, white-box and crafted on each other."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _robust_accuracy(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=32, show_spinner=False)
def _robust_accuracy(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import robust_accuracy

    surrogates = robust_accuracy.stored_surrogates(subjects, _dataset)  # of forty models few are surrogates
    return robust_accuracy.curves(subjects, _dataset, surrogates=surrogates, seed=seed)


def masked_gradients(models: Models, data: Data, seed: int) -> list[Note]:
    """Signs in these curves that a model masks its gradients."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _masked_gradients(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner=False)
def _masked_gradients(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> list[Note]:
    from robustcore.reports.attacks import robust_accuracy

    return robust_accuracy.masked_gradients(_robust_accuracy(subjects, dataset, seed, _dataset=_dataset))


def attack_unions(models: Models, data: Data, seed: int) -> pd.DataFrame:
    """The share of images that hold against every stored attack, by budget."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _attack_unions(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner=False)
def _attack_unions(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import union

    return union.unions(subjects, _dataset, seed=seed)


def nearest_changes(models: Models, data: Data, seed: int) -> pd.DataFrame:
    """Robust accuracy against eps, from attacks that look for the nearest image, with the medians of the changes."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _nearest_changes(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner=False)
def _nearest_changes(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import nearest

    return nearest.curves(subjects, _dataset, seed=seed)


def evaluated_attacks(models: Models, data: Data, seed: int) -> pd.DataFrame:
    """What is stored of the models under whatever attack, white-box and crafted on others."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _evaluated_attacks(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner=False)
def _evaluated_attacks(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import evaluated

    return evaluated.attacks(subjects, _dataset, seed=seed)


def under_attack(model: Subject, data: Data, condition: str, limit: int, seed: int) -> Outcome | None:
    """The images that a model lost under an attack, and those that it kept; None where only counts are stored."""
    dataset = datasets.evaluated_dataset(data)
    return _under_attack(model, dataset.fingerprint, condition, limit, seed, _dataset=dataset)


@reads_results(max_entries=32, show_spinner=False)
def _under_attack(
    subject: Subject, dataset: str, condition: str, limit: int, seed: int, *, _dataset: Dataset
) -> Outcome | None:
    from robustcore.reports.attacks import behind

    return behind.outcome(subject, _dataset, condition, limit=limit, seed=seed)


def preset_scores(models: Models, data: Data, seed: int) -> pd.DataFrame:
    """What is stored of the models under the attacks of Laugros' thesis, white-box and crafted on others."""
    dataset = datasets.evaluated_dataset(data)
    subjects = subjects_of(models, data)
    return _preset_scores(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner=False)
def _preset_scores(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import preset_scores

    return preset_scores.preset_scores(subjects, _dataset, seed=seed)


def attacks_and_shifts(models: tuple[str, ...], data: Data, seed: int) -> pd.DataFrame:
    """Correlations over the models of robustness to attacks and to natural shifts."""
    dataset = datasets.evaluated_dataset(data)
    subjects = tuple(subject(name, data) for name in models)
    return _attacks_and_shifts(subjects, dataset.fingerprint, seed, _dataset=dataset)


@reads_results(max_entries=16, show_spinner="Reading results …")
def _attacks_and_shifts(subjects: tuple[Subject, ...], dataset: str, seed: int, *, _dataset: Dataset) -> pd.DataFrame:
    from robustcore.reports.attacks import natural

    return natural.correlations(subjects, _dataset, seed=seed)
