"""A network of one's own as a classifier: with the names of its classes, its normalisation and its input side."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from robustcore import arguments
from robustcore.models import class_names
from robustcore.models.architectures import check_classes
from robustcore.models.classifier import Card, Classifier

Classes = int | str | Sequence[str]


def classes_of(classes: Classes) -> tuple[str, ...]:
    """Names of classes from their number, "imagenet", a file of names, or the names."""
    number = arguments.integer(classes)
    if number is not None:
        return tuple(str(place) for place in range(check_classes(number)))
    if arguments.is_name(classes):
        return class_names.read(arguments.name(classes, "Classes are a number, 'imagenet', a file of names, or names"))
    return tuple(arguments.names(classes, "Classes are a number, 'imagenet', a file of names, or names"))


def classifier(
    network: nn.Module,
    classes: Classes,
    side: int,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    name: str = "",
) -> Classifier:
    """A network as a classifier; one that is a classifier already stays as it is.

    Args:
        network: (N, 3, side, side) normalised -> (N, K) logits.
        classes: their number, "imagenet", a file of names, or the names in the order of the logits.
        side: of the input in pixels.
        mean, std: of the normalisation for pixels in [0, 1]; by default none.
        name: what tables call it; by default the network's class.
    """
    if isinstance(network, Classifier):
        return network
    card = Card(name or type(network).__name__, classes_of(classes), side, "unknown", "unknown")
    model = Classifier(
        network,
        card,
        mean=_channels(mean, "mean", (0.0, 0.0, 0.0)),
        std=_channels(std, "standard deviation", (1.0, 1.0, 1.0), low=1e-6),
    )
    return model.train(network.training)


def _channels(
    values: Sequence[float] | None, what: str, default: tuple[float, ...], *, low: float = -1e6
) -> tuple[float, ...]:
    if values is None:
        return default
    rule = f"A {what} is three numbers for pixels from 0 to 1, such as 0.5, 0.5, 0.5"
    numbers = tuple(arguments.number(value, rule, low=low) for value in arguments.several(values, rule))
    if len(numbers) != 3:
        raise arguments.refuse(rule, values)
    return numbers
