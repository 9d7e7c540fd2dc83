"""What a training costs here: a few of its steps are done and timed."""

from __future__ import annotations

import dataclasses
import time

import torch

from robustcore import devices
from robustcore.errors import TrainingError
from robustcore.models.architectures import architecture, built_anew
from robustcore.models.classifier import Card
from robustcore.training import image_memory, runs
from robustcore.training.data import TrainingSet
from robustcore.training.loop import train
from robustcore.training.recipe import Recipe

_BATCHES = 3
_FIRST = 8  # images of the first step, which says whether more of them can be waited for
_PATIENCE = 10.0  # seconds that timing may take beyond it
_COPIES = 4  # of the weights that a training has in memory: their gradients, the optimiser's averages, and a copy


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
        TrainingError: the weights do not fit into this machine's memory; or as `runs.fit`.
        ModelError, DatasetError: as `runs.fit`.
    """
    where = devices.pick(device)
    images = len(runs.training_images(recipe))
    batch = min(recipe.batch, images)
    few = dataclasses.replace(recipe, limit=min(images, _BATCHES * batch), epochs=1, start=None, stop=None)
    dataset = runs.training_images(few)
    data = TrainingSet.of(dataset)
    card = Card(few.name(), tuple(dataset.classes), dataset.side, dataset.name, architecture=few.model)
    if where.type == "cpu":
        _check_memory(few.model, len(dataset.classes))
    family = architecture(few.model)
    model = family.build(card, few.seed)
    runs.check_side(model, family.side)

    def timed(few: Recipe, data: TrainingSet) -> tuple[float, float, float]:
        """Seconds of an image that is prepared, seconds of one in a step, and how many images prepared make of one."""
        began = time.perf_counter()
        grown = len(few.make().prepare(data, seed=few.seed, device=where))
        preparing = (time.perf_counter() - began) / len(data)
        began = time.perf_counter()
        train(few, model, data, device=where)
        if where.type == "cuda":
            torch.cuda.synchronize(where)
        stepping = max(0.0, time.perf_counter() - began - preparing * len(data)) / grown
        return preparing, stepping, grown / len(data)

    first = dataclasses.replace(few, limit=min(len(data), _FIRST), batch=min(batch, _FIRST))
    one_batch = TrainingSet.of(runs.training_images(first))
    timed(first, one_batch)  # the first steps of a network take longer
    preparing, stepping, growth = timed(first, one_batch)
    if (preparing + stepping * growth) * len(data) < _PATIENCE:
        preparing, stepping, growth = timed(few, data)
    # An epoch leaves out what is left of a last batch, as the loop does.
    steps = int(images * growth // batch) * recipe.epochs
    return Price(images, steps, steps * batch * stepping + images * preparing, str(where))


def _check_memory(name: str, classes: int) -> None:
    """Refuse what cannot fit: a machine without memory ends any process, not only this one."""
    network = next(built_anew(name, classes), None)
    if network is None:
        return
    weights = sum(parameter.numel() for parameter in network.parameters())
    needed, free = _COPIES * 4 * weights, image_memory.available()
    if needed > free:
        raise TrainingError(
            f"{name} has {weights / 1e6:,.0f} million weights; training them takes at least {needed / 2**30:,.1f} GiB of memory, "
            f"and {free / 2**30:,.1f} GiB are free here."
        )
