"""From a recipe to a checkpoint: data, model, training, accuracies, card, file."""

from __future__ import annotations

import dataclasses
import functools
import logging
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from robustcore import datasets, devices, paths
from robustcore.datasets._base import Dataset
from robustcore.errors import DatasetError, ModelError, RobustcoreError, TrainingError
from robustcore.models import checkpoints, load_model
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card, Classifier
from robustcore.models.defences import Defended
from robustcore.training import state as states
from robustcore.training.data import TrainingSet
from robustcore.training.loop import Progress, train
from robustcore.training.recipe import Recipe
from robustcore.training.state import Standing

_BLOCK = 256

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A finished training.

    Attributes:
        model: in evaluation mode; its card has everything below and more.
        path: of the checkpoint.
        accuracy: split -> share of right answers, of the weights as they are in the file.
    """

    model: Classifier
    path: Path
    accuracy: dict[str, float]


def fit(
    recipe: Recipe,
    *,
    output: Path | None = None,
    half: bool = False,
    device: torch.device | str | None = "auto",
    precision: str = "auto",
    progress: Callable[[Progress], None] | None = None,
    stage: Callable[[str, int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    resume: bool = False,
) -> Fitted:
    """Train what the recipe says and write the checkpoint; it appears whole, at the end.

    Args:
        output: the checkpoint's file; by default where the catalogue finds it as "own/" and the recipe's name.
        half: float16 weights in the file, for models that ship; the accuracies are those of the rounded weights.
        device, precision, progress, cancelled: see `train`.
        stage: called before and after the training proper with what is done (images are read, accuracies measured), how
            many images of it are finished, and how many there are.
        resume: continue an interrupted training of the same recipe on the same data.

    Raises:
        TrainingError, ModelError, DatasetError: something in the recipe cannot be had, or the training had to stop.
        StoreError: the cache, where an interrupted training is kept, cannot be written.
    """
    path = default_output(recipe) if output is None else Path(output).expanduser()
    _check_place(path)
    paths.writable_cache("training")  # for the state after each epoch
    where = devices.pick(device)
    family = architecture(recipe.model)
    dataset = training_images(recipe)
    card = Card(recipe.name(), tuple(dataset.classes), dataset.side, dataset.name, recipe.make().label, recipe.model)
    model = family.build(card, recipe.seed)
    start = _start_from(model, recipe) if recipe.start else None
    _check_side(model, family.side)
    inputs = recipe.make().inputs(tuple(dataset.classes), dataset.side)
    state = states.path_of(recipe)
    data = TrainingSet.of(dataset, _counter(stage, "reading the training images"))
    standing = train(
        recipe,
        model,
        data,
        device=where,
        precision=precision,
        progress=progress,
        cancelled=cancelled,
        stage=stage,
        state=state,
        resume=resume,
        inputs=inputs if start is None else {**inputs, str(recipe.start): start},
    )
    if half:
        checkpoints.round_to_half(model)
    kept = "The training is kept: with --resume it is written without being repeated."
    try:
        accuracy = {
            each.split: measure(model, each, _counter(stage, f"measuring on the {each.split} images"))
            for each in held_out(recipe)
        }
    except RobustcoreError as error:  # an image that cannot be decoded, say
        raise TrainingError(f"{error} {kept}") from error
    model.card = dataclasses.replace(card, recipe=_record(recipe, standing, start, inputs, accuracy, half))
    try:
        checkpoints.save(model, path, half=half)
    except ModelError as error:
        raise TrainingError(f"{error} {kept}") from error
    state.unlink(missing_ok=True)
    return Fitted(model, path, accuracy)


def default_output(recipe: Recipe) -> Path:
    """The checkpoint's file in the cache: the catalogue finds it there as "own/" and the recipe's name."""
    return paths.cache() / "models" / f"{recipe.name()}{checkpoints.SUFFIX}"


def is_made_by(path: Path, recipe: Recipe) -> bool:
    """Whether a checkpoint exists that this very recipe trained on the data, and from the weights, as they are today."""
    if not path.is_file():
        return False
    try:
        made = checkpoints.read_card(path).recipe
        # Read back rather than compared as text: fields that recipes have gained since have their defaults.
        same = Recipe.from_dict(made.get("training", {})) == recipe and made.get("revision") == recipe.make().revision
        if not same or (recipe.start and made.get("start") != load_model(recipe.start).fingerprint()):
            return False
        dataset = training_images(recipe)
        if "inputs" in made and made["inputs"] != recipe.make().inputs(tuple(dataset.classes), dataset.side):
            return False
    except RobustcoreError:
        return False  # damaged, without a card, of a recipe that is none today or from a model that is gone
    return bool(made.get("data") == dataset.fingerprint)


def training_images(recipe: Recipe) -> Dataset:
    """What the recipe trains on."""
    return datasets.load_dataset(recipe.dataset, split="train", limit=recipe.limit, side=recipe.side)


def held_out(recipe: Recipe) -> list[Dataset]:
    """The splits of the recipe's dataset that are not trained on, as far as it has them."""
    found = []
    for split in ("val", "test"):
        try:
            dataset = datasets.load_dataset(recipe.dataset, split=split, side=recipe.side)
        except DatasetError:
            continue  # a folder may have one split only
        if dataset.split == split:  # a folder without splits answers every name with all of its images
            found.append(dataset)
    return found


def measure(model: Classifier, dataset: Dataset, count: Callable[[int, int], None] | None = None) -> float:
    """Accuracy on a whole dataset, in float32, on the model's device; `count` is told (images done, images)."""
    labels = torch.as_tensor(dataset.labels)
    correct = 0
    for start in range(0, len(dataset), _BLOCK):
        stop = min(start + _BLOCK, len(dataset))
        images = dataset.images(start, stop).to(model.device)
        with torch.inference_mode():
            predicted = model(images).argmax(1).cpu()
        correct += int((predicted == labels[start:stop]).sum())
        if count is not None:
            count(stop, len(dataset))
    return correct / len(dataset)


def _counter(stage: Callable[[str, int, int], None] | None, what: str) -> Callable[[int, int], None] | None:
    return None if stage is None else functools.partial(stage, what)


def _record(
    recipe: Recipe,
    standing: Standing,
    start: str | None,
    inputs: dict[str, str],
    accuracy: dict[str, float],
    half: bool,
) -> dict[str, Any]:
    """What the card keeps of how the model was made."""
    return {
        "training": recipe.to_dict(),
        "revision": recipe.make().revision,
        "command": recipe.command(),
        "data": standing.data,
        "start": start,
        "inputs": inputs,
        "half": half,
        "robustcore": version("robustcore"),
        "torch": torch.__version__,
        "made_with": standing.made_with,
        "seconds": standing.seconds,
        "history": [list(pair) for pair in standing.history],
        "accuracy": accuracy,
    }


def _start_from(model: Classifier, recipe: Recipe) -> str:
    """Copy the weights of the model that the recipe starts from; its fingerprint. A head for other classes stays random."""
    assert recipe.start is not None
    source = load_model(recipe.start)
    if isinstance(source, Defended):
        raise TrainingError(
            f"A training starts from weights, and {recipe.start} puts a defence before them: leave {source.defence.name} out."
        )
    if source.card.architecture != recipe.model:
        raise TrainingError(
            f"A {recipe.model} cannot start from {recipe.start}, which is a {source.card.architecture or 'network of its own'}."
        )
    own, given = model.state_dict(), source.state_dict()
    count, wanted = len(source.card.classes), len(model.card.classes)
    if count != wanted:
        _log.warning("%s tells %d classes apart, not %d: its head is left out.", recipe.start, count, wanted)
    for key, value in given.items():
        if own[key].shape == value.shape:
            own[key].copy_(value)
        elif value.shape[0] != count:
            raise TrainingError(f"The weights {key} of {recipe.start} have another shape than those of {recipe.model}.")
    return source.fingerprint()


def _check_side(model: Classifier, own: int) -> None:
    """One image through the network, so that a side that it cannot take is said before an hour of decoding."""
    side = model.card.side
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 3, side, side, dtype=torch.uint8))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise TrainingError(
            f"{model.card.architecture} cannot take images of {side} pixels a side ({error}). It was made for {own}: --side {own}."
        ) from error


def _check_place(path: Path) -> None:
    """That the checkpoint can be written, said before the training and not after it."""
    if path.suffix != checkpoints.SUFFIX:
        raise ModelError(f"A checkpoint's file name ends in {checkpoints.SUFFIX}; {path.name!r} does not.")
    if path.is_dir():
        raise ModelError(f"The checkpoint {path} cannot be written: there is a folder of that name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ModelError(
            f"The checkpoint {path} cannot be written ({error.strerror or error}). Choose another place."
        ) from error
