"""Models by a name of their own: `@model` registers a function that makes one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

from robustcore import plugins
from robustcore.errors import ModelError
from robustcore.models.classifier import Classifier
from robustcore.registry import Registry

Make = Callable[[], Classifier]
M = TypeVar("M", bound=Make)


@dataclasses.dataclass(frozen=True)
class NamedModel:
    """A model by name.

    Attributes:
        name: registry key.
        summary: what it is, one sentence.
        make: () -> the classifier, with its weights.
        plugin: SHA-256 of its plug-in's .py files, part of the model's fingerprint.
    """

    name: str
    summary: str
    make: Make
    plugin: str

    def load(self) -> Classifier:
        """The classifier, in evaluation mode."""
        model = self.make()
        if not isinstance(model, Classifier):
            raise ModelError(
                f"The model {self.name} is a {type(model).__name__}; a registered function gives a "
                "robustcore.extending.Classifier, which wraps a network and its card."
            )
        model.plugin = self.plugin
        return model.eval()


registry: Registry[NamedModel] = Registry("model")


def model(name: str, *, summary: str) -> Callable[[M], M]:
    """Register a function () -> `Classifier` under a name.

    Args:
        name: what `load_model` and `robustcore evaluate --model` find it by.
        summary: what it is, one sentence.

    The function makes the network with its weights and wraps it: `Classifier(network, Card(name, classes, side, dataset))`.
    Pixels reach the classifier in [0, 1]; its `mean` and `std` normalise them for the network.
    """

    def register(function: M) -> M:
        registry.add(name, NamedModel(name, summary, function, plugins.digest_of(function)), function)
        return function

    return register
