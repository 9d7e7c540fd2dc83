"""What files of whole networks have in common: the number of classes is asked of the network, and the rest is said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from robustcore import outputs
from robustcore.datasets import imagenet_classes
from robustcore.errors import ModelError, RobustcoreError
from robustcore.models import class_names
from robustcore.models.checkpoints import Reading
from robustcore.models.classifier import Card, Classifier

SIDE = 224  # of the input in pixels, where neither the file nor its reader says it
CARD = "card.json"  # an entry beside the network with `Card.to_json()`
_OF_WEIGHTS = {"weights_from": "weights_from", "by_order": "keys"}


def check_reading(path: Path, kind: str, architecture: str | None, reading: Reading) -> None:
    """Refuse options that are about files of weights.

    Raises:
        ModelError: one of them was chosen.
    """
    chosen = [option for field, option in _OF_WEIGHTS.items() if getattr(reading, field)]
    if architecture is not None:
        chosen.insert(0, "architecture")
    if chosen:
        raise ModelError(f"{path} is {kind} and holds the whole network: leave out the option {chosen[0]}.")


def classifier(
    network: nn.Module,
    path: Path,
    *,
    kind: str,
    architecture: str,
    reading: Reading,
    classes: int | str | None,
    name: str,
    side: int | None = None,
    card: Card | None = None,
) -> Classifier:
    """A network from a file as a classifier in evaluation mode.

    Args:
        network: (N, 3, side, side) -> (N, K) logits, on the CPU.
        path, kind: of the file, for errors: "a TorchScript file".
        architecture: for the card, such as "torchscript".
        reading: side and normalisation, by default those of the card, and none.
        classes: the required number, or where the names are: see `class_names.read`.
        name: the card's name.
        side: of the input, where the file fixes it.
        card: what the file says itself.

    Raises:
        ModelError: the network fails on an image of that side, or the classes are not as many as its answers.
    """
    if side is not None and reading.side not in (None, side):
        raise ModelError(f"{path} takes images of {side} pixels a side, not {reading.side}: leave out the option side.")
    chosen = reading.side or side or (card.side if card else SIDE)
    count = _answers(network, path, kind, chosen, is_fixed=side is not None)
    if isinstance(classes, str) or (classes is None and card is None):
        names = _names(count, classes)
    else:
        names = card.classes if card else _names(count, None)
    wanted = classes if isinstance(classes, int) else len(names)
    if not len(names) == count == wanted:
        raise ModelError(
            f"{path} answers for {count} classes, and {wanted if wanted != count else len(names)} are named."
        )
    whole = Card(name or str(path), names, chosen, "unknown", "unknown", architecture)
    if card is not None:
        preparation = card.preparation if chosen == card.side else None
        whole = dataclasses.replace(
            card, name=whole.name, classes=names, side=chosen, architecture=architecture, preparation=preparation
        )
    model = Classifier(network, whole, mean=reading.mean or (0.0, 0.0, 0.0), std=reading.std or (1.0, 1.0, 1.0))
    return model.eval()


def card_in(text: str | bytes, path: Path) -> Card | None:
    """The card in a file; None where there is none.

    Raises:
        ModelError: a damaged one.
    """
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    if not text:
        return None
    try:
        return Card.from_json(text)
    except RobustcoreError as error:
        raise ModelError(f"The card in {path} cannot be used. {error}") from error


def _names(count: int, classes: str | None) -> tuple[str, ...]:
    if classes is not None:
        return class_names.read(classes)
    return imagenet_classes.names() if count == len(imagenet_classes.classes()) else tuple(map(str, range(count)))


def _answers(network: nn.Module, path: Path, kind: str, side: int, *, is_fixed: bool) -> int:
    """How many classes a network answers for."""
    image = torch.full((1, 3, side, side), 0.5, dtype=outputs.dtype_of(network))
    try:
        with torch.inference_mode():
            logits: Tensor = outputs.logits_of(network(image), 1)
    except RobustcoreError as error:
        raise ModelError(f"{path} is no classifier. {error}") from error
    except Exception as error:  # whatever somebody's network raises
        why = (str(error).strip().splitlines() or [""])[-1][:200]
        more = "" if is_fixed else " Name the side that it takes, as in side=32."
        raise ModelError(
            f"{path} is {kind} whose network fails on an image of shape (1, 3, {side}, {side}) ({why}).{more}"
        ) from error
    if logits.shape[1] < 2:
        raise ModelError(f"{path} answers with one number an image; a classifier answers with a logit for each class.")
    return logits.shape[1]
