"""What the page shows of a model and a data set: computed by a worker process, and kept on the disk."""

from __future__ import annotations

from typing import NamedTuple

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.cache.offload import offload
from dashboard.session import roots
from dashboard.workers import examinations
from dashboard.workers.examinations import ImagesKey
from dashboard.workers.tasks import ModelKey
from robustcore import datasets, derived
from robustcore.datasets import Dataset
from robustcore.models import Card
from robustcore.reports.doctor import Check, Overview


class Subject(NamedTuple):
    """What is examined: a model, images, and how many of them."""

    model: ModelKey
    images: ImagesKey
    size: int


def subject(model: str, data: Data, count: int) -> tuple[Subject, Dataset]:
    """What is examined, and its images.

    Raises:
        RobustcoreError: a model or images that cannot be read.
    """
    dataset = cache.datasets.dataset(data)
    place = data.name if data.name in datasets.names() else roots.dataset(data.name)
    split = dataset.split if dataset.split in datasets.SPLITS else "test"
    images = (place, split, dataset.fingerprint)
    return Subject((model, cache.models.fingerprint(model)), images, min(count, len(dataset))), dataset


def overview(subject: Subject) -> Overview:
    """What was understood."""
    examined: Overview = offload("model-and-data", derived.digest(*subject), examinations.overview, *subject)
    return examined


def check_names(subject: Subject) -> tuple[str, ...]:
    """The checks that there are."""
    names: tuple[str, ...] = offload(
        "model-and-data", derived.digest(*subject, "names"), examinations.check_names, *subject
    )
    return names


def check(subject: Subject, name: str) -> tuple[Check, ...]:
    """One of them."""
    checks: tuple[Check, ...] = offload(
        "model-and-data", derived.digest(*subject, "check", name), examinations.checked, *subject, name
    )
    return checks


def loaded(model: str) -> Card:
    """The card of a model whose weights a worker has read."""
    file = cache.models.version(model)
    key = derived.digest(model, None if file is None else [str(part) for part in file])
    card: Card = offload("model-card", key, examinations.loaded, model)
    return card
