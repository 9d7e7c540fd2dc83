"""What a training costs here: a few of its steps are done and timed."""

from __future__ import annotations

import dataclasses
import time

import torch

from robustcore import devices
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card
from robustcore.training import runs
from robustcore.training.data import TrainingSet
from robustcore.training.loop import train
from robustcore.training.recipe import Recipe

_BATCHES = 3


@dataclasses.dataclass(frozen=True)
class Price:
    """The cost of a training.

    Attributes:
        images: of the training split.
        steps: of the whole training.
        seconds: of the whole training, without the measuring of accuracies and what is downloaded.
        device: where it was timed.
    """

    images: int
    steps: int
    seconds: float
    device: str


def price(recipe: Recipe, device: str = "auto") -> Price:
    """Time a few steps of a recipe on its first images, and what its intervention makes of them before.

    Raises:
        TrainingError, ModelError, DatasetError: as for `runs.fit`.
    """
    where = devices.pick(device)
    images = len(runs.training_images(recipe))
    batch = min(recipe.batch, images)
    few = dataclasses.replace(recipe, limit=min(images, _BATCHES * batch), epochs=1, start=None, stop=None)
    dataset = runs.training_images(few)
    data = TrainingSet.of(dataset)
    card = Card(few.name(), tuple(dataset.classes), dataset.side, dataset.name, architecture=few.model)
    model = architecture(few.model).build(card, few.seed)
    began = time.perf_counter()
    grown = len(few.make().prepare(data, seed=few.seed, device=where))
    preparing = (time.perf_counter() - began) / len(data)
    train(few, model, data, device=where)  # the first steps of a network take longer
    began = time.perf_counter()
    train(few, model, data, device=where)
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    stepping = max(0.0, time.perf_counter() - began - preparing * len(data)) / grown
    seen = images * (grown / len(data)) * recipe.epochs
    return Price(images, int(seen // batch), seen * stepping + images * preparing, str(where))
