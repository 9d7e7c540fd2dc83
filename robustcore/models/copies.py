"""Copies of models: whatever is tried out on a model is tried out on a copy, so that the one that was given stays as it is."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator

from torch import Tensor, nn

from robustcore.errors import ModelError
from robustcore.models.classifier import Classifier


def copied(model: Classifier) -> Classifier:
    """A copy that shares nothing with the model.

    Raises:
        ModelError: the model cannot be copied, with the reason.
    """
    try:
        with _without_graphs(model):
            other: Classifier = copy.deepcopy(model)
    except Exception as error:  # whatever a part of somebody's network does when it is copied
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelError(
            f"{model.card.name} cannot be copied, which scoring needs ({type(error).__name__}: {first}). Keep what cannot be "
            "copied (locks, generators, open files) outside the module."
        ) from error
    return other


@contextlib.contextmanager
def _without_graphs(model: nn.Module) -> Iterator[None]:
    """Tensors that a network keeps as attributes, cut off the graphs that made them, which cannot be copied.

    The weights that weight_norm and pruning compute before every pass are such tensors, and so is a kept output.
    """
    kept: list[tuple[nn.Module, str, Tensor]] = []
    try:
        for module in model.modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, Tensor) and value.grad_fn is not None:
                    kept.append((module, name, value))
                    vars(module)[name] = value.detach()
        yield
    finally:
        for module, name, value in kept:
            vars(module)[name] = value
