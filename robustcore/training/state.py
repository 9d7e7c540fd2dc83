"""The saved state of a training after each epoch, from which an interrupted training continues."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch

from robustcore import paths
from robustcore.errors import ModelError, TrainingError
from robustcore.models import checkpoints
from robustcore.models.classifier import Classifier
from robustcore.training.recipe import Recipe

# Optimiser's tensor of a parameter -> what its name in a state begins with.
_SLOTS = {"momentum_buffer": "momentum.", "exp_avg": "exp_avg.", "exp_avg_sq": "exp_avg_sq.", "step": "step."}


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """How far a training has come.

    Attributes:
        recipe: its key; see `Recipe.key`.
        data: fingerprint of the training images.
        epochs: number of finished epochs.
        history: for each finished epoch its mean loss, its accuracy on the training batches, and its validation accuracy
            where that was measured.
        seconds: of training so far.
        made_with: precision, device and threads; a training is bit for bit repeatable only with the same.
        inputs: inputs besides the data, name -> fingerprint: the starting model and the intervention's inputs. None in
            states of older versions.
    """

    recipe: str
    data: str
    epochs: int = 0
    history: tuple[tuple[float, ...], ...] = ()
    seconds: float = 0.0
    made_with: str = ""
    inputs: dict[str, str] | None = None

    @property
    def training_accuracies(self) -> list[float]:
        """On the training batches, one for each finished epoch."""
        return [epoch[1] for epoch in self.history]

    @property
    def held_out_accuracies(self) -> list[float]:
        """Validation accuracies; those on the training batches where an epoch has none, so that one kind is compared."""
        if all(len(epoch) > 2 for epoch in self.history):
            return [epoch[2] for epoch in self.history]
        return self.training_accuracies

    def continues(self, now: TrainingState) -> bool:
        """Whether a training that would start as `now` can continue from here: same recipe, data and weights."""
        same = (self.recipe, self.data) == (now.recipe, now.data)
        return same and (self.inputs is None or self.inputs == now.inputs)


def path_of(recipe: Recipe) -> Path:
    """Where the state of a recipe's training is kept; its suffix is not one of a model."""
    return paths.cache() / "training" / f"{recipe.key()}.state"


def save(path: Path, standing: TrainingState, model: Classifier, optimizer: torch.optim.Optimizer) -> None:
    """Write the state atomically."""
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    for key, parameter in model.named_parameters():
        for slot, prefix in _SLOTS.items():
            value = optimizer.state[parameter].get(slot)
            if value is not None:
                tensors[prefix + key] = value.detach().cpu().contiguous()
    metadata = {"training": json.dumps(dataclasses.asdict(standing))}
    try:
        checkpoints.write_tensors(path, tensors, metadata)
    except ModelError as error:
        raise TrainingError(
            f"{error} The training stopped after epoch {standing.epochs}; --resume continues it from the last state that "
            "could be written."
        ) from error


def peek(path: Path) -> TrainingState | None:
    """The state in a file, without weights; None if there is no file."""
    if not path.is_file():
        return None
    try:
        fields: dict[str, Any] = json.loads(checkpoints.read_metadata(path)["training"])
        history = tuple(tuple(float(value) for value in epoch) for epoch in fields.pop("history"))
        return TrainingState(history=history, **fields)
    except (ModelError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(_unusable(path)) from error


def restore(path: Path, model: Classifier, optimizer: torch.optim.Optimizer) -> None:
    """Put the state's weights and the optimiser's tensors into a model and its optimiser, on the model's device."""
    prefixes = tuple(_SLOTS.values())
    try:
        tensors = checkpoints.read_verified(path)
        model.load_state_dict({key: value for key, value in tensors.items() if not key.startswith(prefixes)})
    except (ModelError, RuntimeError) as error:
        raise TrainingError(_unusable(path)) from error
    for key, parameter in model.named_parameters():
        for slot, prefix in _SLOTS.items():
            value = tensors.get(prefix + key)
            if value is not None and value.shape == parameter.shape:
                # In the parameter's memory layout, so that sums have the same order as without the interruption.
                value = torch.empty_like(parameter, requires_grad=False).copy_(value)
            if value is not None:
                optimizer.state[parameter][slot] = value


def _unusable(path: Path) -> str:
    return (
        f"The saved state {path} of an interrupted training is damaged or incomplete, and cannot be continued. "
        "Remove it, or start anew without --resume."
    )
