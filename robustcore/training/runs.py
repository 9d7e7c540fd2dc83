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
from robustcore.models import checkpoints, defences, load_model
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card, Classifier
from robustcore.models.defences import Defended
from robustcore.training import state as states
from robustcore.training.data import TrainingSet, check_readable
from robustcore.training.loop import Progress, train
from robustcore.training.recipe import Recipe
from robustcore.training.state import TrainingState

_BLOCK = 256
VALIDATED = 2400  # validation images that are measured after each epoch, at most

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A finished training.

    Attributes:
        model: in evaluation mode, with its complete card.
        path: of the checkpoint.
        accuracy: split -> accuracy of the weights as stored in the file, behind the defence that the intervention names.
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
    """Train a recipe's model and write its checkpoint atomically at the end.

    Args:
        output: the checkpoint's file; by default the one that the catalogue lists as "own/" and the recipe's name.
        half: float16 weights in the file, for models that ship; the accuracies are those of the rounded weights.
        device, precision, progress, cancelled: see `train`.
        stage: called before and after the actual training with the activity (reading images, measuring accuracy), the
            images done and their number.
        resume: continue an interrupted training of the same recipe on the same data.

    Raises:
        TrainingError, ModelError, DatasetError: something in the recipe is not available, or the training had to stop.
        StoreError: the cache, which stores interrupted trainings, is not writable.
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
    check_side(model, family.side)
    inputs = recipe.make().inputs(tuple(dataset.classes), dataset.side)
    state = states.path_of(recipe)
    data = TrainingSet.of(dataset, _counter(stage, "reading the training images"))
    validation = next((split for split in held_out(recipe) if split.split == "val"), None)
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
        validate=None
        if validation is None
        else lambda model: measure(_as_used(model, recipe), validation, limit=VALIDATED),
    )
    if half:
        checkpoints.round_to_half(model)
    kept = "The training is kept: with --resume it is written without being repeated."
    try:
        accuracy = {
            split_images.split: measure(
                _as_used(model.eval(), recipe),
                split_images,
                _counter(stage, f"measuring on the {split_images.split} images"),
            )
            for split_images in held_out(recipe)
        }
    except RobustcoreError as error:  # for example an image that cannot be decoded
        raise TrainingError(f"{error} {kept}") from error
    model.card = dataclasses.replace(card, recipe=_record(recipe, standing, start, inputs, accuracy, half))
    try:
        checkpoints.save(model, path, half=half)
    except ModelError as error:
        raise TrainingError(f"{error} {kept}") from error
    state.unlink(missing_ok=True)
    return Fitted(model, path, accuracy)


def default_output(recipe: Recipe) -> Path:
    """The checkpoint's file in the cache, which the catalogue lists as "own/" and the recipe's name."""
    return paths.cache() / "models" / f"{recipe.name()}{checkpoints.SUFFIX}"


def is_made_by(path: Path, recipe: Recipe) -> bool:
    """Whether a checkpoint exists that exactly this recipe trained, on the current data and from the current weights."""
    if not path.is_file():
        return False
    try:
        card = checkpoints.read_card(path)
        record = card.recipe
        same = has_recipe(card, recipe) and record.get("revision") == recipe.make().version
        if not same or (recipe.start and record.get("start") != load_model(recipe.start).fingerprint()):
            return False
        dataset = training_images(recipe)
        if "inputs" in record and record["inputs"] != recipe.make().inputs(tuple(dataset.classes), dataset.side):
            return False
    except RobustcoreError:
        return False  # damaged, without a card, with an invalid recipe or a starting model that no longer exists
    return bool(record.get("data") == dataset.fingerprint)


def has_recipe(card: Card, recipe: Recipe) -> bool:
    """Whether a card names exactly this recipe, of whatever images."""
    try:
        # Parsed rather than compared as text, so that fields added later have their defaults.
        return Recipe.from_dict(card.recipe.get("training", {})) == recipe
    except RobustcoreError:
        return False


def difference(output: Path, recipe: Recipe) -> str:
    """In what the recipe of a checkpoint differs from this one."""
    try:
        training = checkpoints.read_card(output).recipe.get("training")
        if not training:
            return "its card names no recipe"
        trained = Recipe.from_dict(training).to_dict()  # parsed, so that fields added later have their defaults
    except ModelError:
        return "it is no checkpoint with a card"
    except RobustcoreError as error:
        return f"its card names a recipe that cannot be read: {str(error).rstrip('.')}"
    now = recipe.to_dict()
    differing = [f"{key} {trained[key]}, not {now[key]}" for key in sorted(now) if trained[key] != now[key]]
    return "; ".join(differing) or "of other images, or by an older version"


def check_free(output: Path, recipe: Recipe, remedy: str) -> None:
    """Refuse to replace a model of another recipe: a name says what is trained, and not how long or on how many images.

    Args:
        output: where the checkpoint will be written.
        recipe: what is trained.
        remedy: what can be done, without a full stop.

    Raises:
        TrainingError: a file is there that another recipe made.
    """
    if output.exists() and not is_made_by(output, recipe):
        raise TrainingError(
            f"{output} is there already and was made otherwise ({difference(output, recipe)}); {remedy}."
        )


def training_images(recipe: Recipe) -> Dataset:
    """The dataset that the recipe trains on."""
    return datasets.load_dataset(recipe.dataset, split="train", limit=recipe.limit, side=recipe.side)


def held_out(recipe: Recipe) -> list[Dataset]:
    """The existing splits of the recipe's dataset that are not trained on."""
    splits = []
    for split in ("val", "test"):
        try:
            dataset = datasets.load_dataset(recipe.dataset, split=split, side=recipe.side)
        except DatasetError:
            continue  # a folder may have one split only
        if dataset.split == split:  # a folder without splits returns all of its images for every name
            splits.append(dataset)
    return splits


def measure(
    model: Classifier,
    dataset: Dataset,
    count: Callable[[int, int], None] | None = None,
    *,
    limit: int | None = None,
) -> float:
    """Accuracy on a dataset or its first `limit` images, in float32, on the model's device.

    `count` is called with (images done, images).
    """
    check_readable(dataset, f"{dataset.split} images")
    labels = torch.as_tensor(dataset.labels)
    correct, total = 0, len(dataset) if limit is None else min(limit, len(dataset))
    for start in range(0, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        images = dataset.images(start, stop).to(model.device)
        with torch.inference_mode():
            predicted = model(images).argmax(1).cpu()
        correct += int((predicted == labels[start:stop]).sum())
        if count is not None:
            count(stop, total)
    return correct / total


def _counter(stage: Callable[[str, int, int], None] | None, activity: str) -> Callable[[int, int], None] | None:
    return None if stage is None else functools.partial(stage, activity)


def _record(
    recipe: Recipe,
    standing: TrainingState,
    start: str | None,
    inputs: dict[str, str],
    accuracy: dict[str, float],
    half: bool,
) -> dict[str, Any]:
    """The card's record of the training."""
    return {
        "training": recipe.to_dict(),
        "revision": recipe.make().version,
        "command": recipe.command(),
        "data": standing.data,
        "start": start,
        "inputs": inputs,
        "half": half,
        "robustcore": version("robustcore"),
        "torch": torch.__version__,
        "made_with": standing.made_with,
        "seconds": standing.seconds,
        "history": [list(epoch) for epoch in standing.history],
        "accuracy": accuracy,
        **({"measured_behind": defence} if (defence := recipe.make().defence) else {}),
    }


def _as_used(model: Classifier, recipe: Recipe) -> Classifier:
    """The model behind the defence that its intervention trains it for, which shares its weights; or the model itself."""
    defence = recipe.make().defence
    return Defended(model, defences.create(defence)) if defence else model


def _start_from(model: Classifier, recipe: Recipe) -> str:
    """Copy the weights of the recipe's starting model and return its fingerprint. A head for other classes stays random."""
    assert recipe.start is not None
    source = load_model(recipe.start)
    if isinstance(source, Defended):
        raise TrainingError(
            f"A training starts from weights, and {recipe.start} puts a defence before them: leave {source.defence.name} out."
        )
    if source.card.architecture != recipe.model:
        raise TrainingError(
            f"A {recipe.model} cannot start from {recipe.start}, which is a {source.card.architecture or 'network of its weights'}."
        )
    weights, source_weights = model.state_dict(), source.state_dict()
    count, wanted = len(source.card.classes), len(model.card.classes)
    if count != wanted:
        _log.warning("%s has %d classes, not %d: its head is left out.", recipe.start, count, wanted)
    for key, value in source_weights.items():
        if weights[key].shape == value.shape:
            weights[key].copy_(value)
        elif value.shape[0] != count:
            raise TrainingError(f"The weights {key} of {recipe.start} have another shape than those of {recipe.model}.")
    return source.fingerprint()


def check_side(model: Classifier, intended: int) -> None:
    """Run one image through the network, so that an unsupported side fails before an hour of decoding.

    Raises:
        TrainingError: the network does not take images of the side on its card.
    """
    side = model.card.side
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 3, side, side, dtype=torch.uint8))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise TrainingError(
            f"{model.card.architecture} cannot take images of {side} pixels a side ({error}). It was made for {intended}: --side {intended}."
        ) from error


def _check_place(path: Path) -> None:
    """Check before the training that the checkpoint can be written."""
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
