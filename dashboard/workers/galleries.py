"""What worker processes do for the page Images: read answers, make pictures, and map images by their features."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dashboard.workers import tasks

if TYPE_CHECKING:
    from torch import Tensor

    from dashboard.workers.tasks import DatasetKey, ImagesKey, ModelKey
    from robustcore.datasets import Dataset
    from robustcore.evaluation import Condition
    from robustcore.evaluation.plan import Subject
    from robustcore.images.preparation import Preparation
    from robustcore.reports.images import Answered
    from robustcore.reports.images.embedding import Embedding


def answered(subject: Subject, dataset: DatasetKey, suite: str, storage: str, seed: int) -> Answered | None:
    """A model's stored answers, clean and under a suite."""
    from robustcore.evaluation import Store, api
    from robustcore.evaluation.request import EvaluationRequest
    from robustcore.reports import calibration, images

    request = EvaluationRequest.of(subject, tasks.dataset_of(dataset), suite, seed=seed, storage=storage)
    store = Store()
    return images.read(calibration.as_stored(api.prepare(request).cells, store), store)


def pictures(
    images: ImagesKey, preparation: Preparation | None, wanted: tuple[tuple[int, str], ...], seed: int
) -> Tensor:
    """uint8 (n, 3, H, W): images by place and condition (canonical), as a model of that preparation gets them."""
    import torch

    from robustcore.reports.compare import example_images

    dataset = _prepared(images, preparation)
    made: dict[tuple[int, str], Tensor] = {}
    for condition in dict.fromkeys(condition for _, condition in wanted):
        places = list(dict.fromkeys(place for place, of in wanted if of == condition))
        for place, image in zip(places, example_images.images(dataset, places, condition, seed), strict=True):
            made[place, condition] = image
    return torch.stack([made[each] for each in wanted])


def keep_features(
    model: ModelKey, images: ImagesKey, preparation: Preparation | None, condition: str, seed: int, stop: int
) -> int:
    """Compute and keep the features of the first images, clean and under a condition; the number of them."""
    from robustcore.reports.images import embedding

    network, dataset = tasks.model_of(model), _prepared(images, preparation)
    embedding.keep(network, dataset, None, seed, stop)
    return embedding.keep(network, dataset, _condition(condition), seed, stop)


def embedded(
    model: ModelKey,
    images: ImagesKey,
    preparation: Preparation | None,
    condition: str,
    seed: int,
    count: int,
    method: str,
) -> Embedding:
    """The map of the first images, clean and under a condition."""
    from robustcore.reports.images import embedding

    dataset = _prepared(images, preparation)
    return embedding.embed(tasks.model_of(model), dataset, _condition(condition), seed, count, method)


def _prepared(images: ImagesKey, preparation: Preparation | None) -> Dataset:
    from robustcore.datasets import prepared_for

    return prepared_for(tasks.images_of(images), preparation)


def _condition(canonical: str) -> Condition:
    from robustcore.evaluation import Condition

    return Condition.from_dict(json.loads(canonical))
