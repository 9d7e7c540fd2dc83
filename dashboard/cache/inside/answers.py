"""Stored answers of models, the pictures behind them, and maps of images by their features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dashboard.cache import datasets, expiry, models
from dashboard.cache.datasets import Data
from dashboard.cache.offload import offload
from dashboard.cache.shared import shared
from dashboard.workers import galleries
from dashboard.workers.tasks import DatasetKey, ImagesKey

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.evaluation.plan import Subject
    from robustcore.images.preparation import Preparation
    from robustcore.reports.images import Answered
    from robustcore.reports.images.embedding import Embedding

_AT_ONCE = 64  # images between two looks at the progress


def answered(subject: Subject, data: Data, suite: str, storage: str, seed: int) -> Answered | None:
    """A model's answers, clean and under a suite; None where it is not evaluated on clean images."""
    return _answered(subject, _key(subject, data), suite, storage, seed, tuple(map(tuple, expiry.result_versions())))


@shared(show_spinner="Reading the answers …")
def _answered(
    subject: Subject, dataset: DatasetKey, suite: str, storage: str, seed: int, results: tuple[tuple[object, ...], ...]
) -> Answered | None:
    from robustcore import derived

    arguments = (subject, dataset, suite, storage, seed)
    read: Answered | None = offload("answered", derived.digest(*arguments, results), galleries.answered, *arguments)
    return read


def pictures(data: Data, preparation: Preparation | None, wanted: Sequence[tuple[int, str]], seed: int) -> Tensor:
    """uint8 (n, 3, H, W): images by place and condition (canonical), made again as they were scored."""
    key = ImagesKey.of(datasets.evaluated_dataset(data))
    return _pictures(key, preparation, tuple(wanted), seed)


@shared(show_spinner="Making the pictures …")
def _pictures(
    images: ImagesKey, preparation: Preparation | None, wanted: tuple[tuple[int, str], ...], seed: int
) -> Tensor:
    from robustcore import derived

    arguments = (images, preparation, wanted, seed)
    made: Tensor = offload("pictures", derived.digest(*arguments), galleries.pictures, *arguments)
    return made


def embedding(
    subject: Subject,
    data: Data,
    condition: str,
    seed: int,
    count: int,
    method: str,
    progress: Callable[[float], None],
) -> Embedding:
    """The map of the first images, computed part by part; finished parts are kept.

    Args:
        progress: is told the share of the images that are done.
    """
    from robustcore import derived

    model = (subject.name, models.fingerprint(subject.name))
    arguments = (model, ImagesKey.of(datasets.evaluated_dataset(data)), subject.preparation, condition, seed)
    key = derived.digest(*arguments, count, method)
    found: Embedding | None = derived.get("embedding", key)
    if found is not None:
        return found
    for stop in range(_AT_ONCE, count + _AT_ONCE, _AT_ONCE):
        stop = min(stop, count)
        progress((stop - min(_AT_ONCE, stop)) / count)
        offload("features", derived.digest(*arguments, stop), galleries.keep_features, *arguments, stop)
    made: Embedding = offload("embedding", key, galleries.embedded, *arguments, count, method)
    return made


def _key(subject: Subject, data: Data) -> DatasetKey:
    from robustcore.datasets import prepared_for

    return DatasetKey.of(prepared_for(datasets.evaluated_dataset(data), subject.preparation))
