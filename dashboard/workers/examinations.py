"""What worker processes do for the page Models and data: load what somebody names, and run the doctor's checks one by one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dashboard.workers import tasks
from robustcore.errors import DatasetError

if TYPE_CHECKING:
    from dashboard.workers.tasks import ModelKey
    from robustcore.models import Card
    from robustcore.reports.doctor import Check, Overview, Sample

# Where images are read (a registered name, or a resolved path), the split, the fingerprint that they have to have.
ImagesKey = tuple[str, str, str]


def overview(model: ModelKey, images: ImagesKey, count: int) -> Overview:
    """What is understood of a model and a data set."""
    from robustcore.reports import doctor

    return doctor.overview(_sample(model, images, count))


def check_names(model: ModelKey, images: ImagesKey, count: int) -> tuple[str, ...]:
    """The checks that there are."""
    from robustcore.reports import doctor

    return doctor.names(_sample(model, images, count))


def checked(model: ModelKey, images: ImagesKey, count: int, name: str) -> tuple[Check, ...]:
    """One of these checks."""
    from robustcore.reports import doctor

    return doctor.run(_sample(model, images, count), name)


def loaded(model: str) -> Card:
    """The card of a model, whose weights are read (and fetched, where they are published ones)."""
    from robustcore.models.added import changes

    return changes.loaded(model)


@functools.lru_cache(maxsize=2)
def _sample(model: ModelKey, images: ImagesKey, count: int) -> Sample:
    from robustcore import datasets
    from robustcore.reports import doctor

    place, split, fingerprint = images
    dataset = datasets.load_dataset(place, split=split)
    if dataset.fingerprint != fingerprint:
        raise DatasetError(f"The images of {dataset.name} have changed in the meantime; choose them again.")
    return doctor.Sample(tasks.model_of(model), dataset, count, is_cancelled=tasks.is_cancelled)
