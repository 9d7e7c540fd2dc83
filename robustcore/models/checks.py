"""Checks of a model's answers, made once before anything is scored: what makes a number wrong is refused, or said.

A network that answers with something else than logits, or for another number of classes, is refused. One that answers with
probabilities, at random, or otherwise in a batch than alone is scored, and a note goes with every number of it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore import outputs
from robustcore.errors import ModelError
from robustcore.models import probes
from robustcore.models.classifier import Classifier
from robustcore.models.copies import copied
from robustcore.notes import Note, note


@dataclasses.dataclass(frozen=True)
class Examination:
    """What the probe images showed of a model.

    Attributes:
        answers: float32 (8, K) logits for the probe images, on the CPU.
        notes: what has to be said beside every number of the model.
    """

    answers: npt.NDArray[np.float32]
    notes: tuple[Note, ...]


def examine(model: Classifier) -> Examination | None:
    """Ask the model about the probe images: together, once more, and one by one.

    Returns:
        What was seen; None where the network fails on them, which is the scoring's to report, unit by unit.

    Raises:
        ModelError: it answers with no logits, or for another number of classes than its card has; the message says which.
    """
    network = copied(model).to("cpu").eval()
    with torch.no_grad():  # as it is scored
        images = probes.images(model.card.side)
        try:
            logits = network(images)
        except ModelError:
            raise
        except Exception:  # whatever somebody's network raises
            return None
        _check(model, logits)
        again = network(images)
        alone = torch.cat([network(image[None]) for image in images])
    together, repeated, single = (_array(values) for values in (logits, again, alone))
    notes = []
    if outputs.look_like_probabilities(logits):
        notes.append(answers_are_probabilities(model.card.name))
    if not probes.agree(together, repeated):
        notes.append(answers_are_random(model.card.name, _apart(together, repeated)))
    elif not probes.agree(together, single):
        notes.append(answers_depend_on_the_batch(model.card.name, _apart(together, single)))
    if model.unreadable:
        notes.append(results_are_not_shared(model.card.name, model.unreadable[0]))
    return Examination(together, tuple(notes))


@note
def answers_are_probabilities(model: str) -> str:
    return (
        f"{model} answers with probabilities, not with logits (none is negative and they sum to 1): its confidences are too low, "
        "and attacks on it look weaker than they are. Remove the softmax."
    )


@note
def answers_are_random(model: str, difference: float) -> str:
    return (
        f"{model} answers the same image differently each time (logits up to {difference:.2g} apart): it draws at random, "
        "dropout for example, so that its numbers cannot be repeated."
    )


@note
def answers_depend_on_the_batch(model: str, difference: float) -> str:
    return (
        f"{model} answers an image otherwise in a batch than alone (logits up to {difference:.2g} apart): it normalises with "
        "the batch's own statistics, so that its numbers depend on which images are scored together."
    )


@note
def results_are_not_shared(model: str, part: str) -> str:
    return f"{model} has a part that cannot be read, {part}: its results are neither looked up nor found again later."


def _check(model: Classifier, logits: Tensor) -> None:
    name, classes = model.card.name, len(model.card.classes)
    if logits.shape != (probes.COUNT, classes):
        raise ModelError(
            f"{name} answers with shape {tuple(logits.shape)} to {probes.COUNT} images, but its card names {classes} classes: "
            f"the logits of {classes} classes have shape ({probes.COUNT}, {classes})."
        )


def _array(logits: Tensor) -> npt.NDArray[np.float32]:
    return np.asarray(logits.float().numpy(), dtype=np.float32)


def _apart(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    """The largest difference of two sets of logits where both are finite."""
    finite = np.isfinite(first) & np.isfinite(second)
    return float(np.abs(first[finite] - second[finite]).max(initial=0))
