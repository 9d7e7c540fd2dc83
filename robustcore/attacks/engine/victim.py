"""Checks on the model under attack, and switching off its weights' gradients while an attack runs."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import weakref
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from robustcore import arguments, outputs
from robustcore.errors import InvalidArgumentError


@dataclasses.dataclass
class _Frozen:
    """The number of attacks running on a model, and what to restore after the last one."""

    attacks: int = 0
    trained: list[nn.Parameter] = dataclasses.field(default_factory=list)
    turned: list[tuple[nn.Parameter, Tensor]] = dataclasses.field(default_factory=list)


# Several threads may attack one model.
_lock = threading.Lock()
_frozen: weakref.WeakKeyDictionary[nn.Module, _Frozen] = weakref.WeakKeyDictionary()


def check(model: object, role: str) -> nn.Module:
    """The model, if it can be attacked: a module in eval mode and in float32."""
    if not isinstance(model, nn.Module):
        raise InvalidArgumentError(
            f"The {role} is a torch.nn.Module that takes pixels in [0, 1], not {type(model).__name__}."
        )
    training = next((name for name, part in model.named_modules() if part.training), None)
    if training is not None:
        where = f"its part {training!r} is" if training else "it is"
        raise InvalidArgumentError(
            f"The {role} cannot be attacked while {where} in training mode; call model.eval() first."
        )
    kinds = {p.dtype for p in model.parameters() if p.is_floating_point()} - {torch.float32}
    if kinds:
        raise InvalidArgumentError(
            f"Attacks run in float32, but the {role} has {str(kinds.pop()).removeprefix('torch.')} weights; call model.float() first."
        )
    return model


class _Described(nn.Module):
    """A network with a normalisation in front of it, and the names of its classes."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, classes: tuple[str, ...] | None, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.network = network
        self.card = SimpleNamespace(classes=classes)
        self.register_buffer("mean", mean.view(1, 3, 1, 1))
        self.register_buffer("std", std.view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """float32 (N, 3, H, W) in [0, 1] -> (N, K) logits."""
        logits: Tensor = self.network((x - self.mean) / self.std)
        return logits


def described(
    model: nn.Module, classes: Sequence[str] | None, mean: Sequence[float] | None, std: Sequence[float] | None
) -> nn.Module:
    """A network with the names of its classes and its normalisation.

    Raises:
        InvalidArgumentError: a model that has them on its card; values that are not three numbers, or divide by zero.
    """
    if hasattr(model, "card"):
        raise InvalidArgumentError("classes, mean and std describe a plain network; this model has a card that does.")
    scale = []
    for what, values, default, low in (("mean", mean, 0.0, -1e6), ("std", std, 1.0, 1e-6)):
        rule = f"{what} is three numbers for pixels from 0 to 1, such as (0.5, 0.5, 0.5)"
        several = [default] * 3 if values is None else arguments.several(values, rule)
        if len(several) != 3:
            raise arguments.refuse(rule, values)
        scale.append(torch.tensor([arguments.number(value, rule, low=low) for value in several]))
    names = None if classes is None else tuple(arguments.names(classes, "Classes are names in the order of the logits"))
    wrapped = _Described(model, names, *scale).eval()
    return wrapped.to(device_of(model, torch.device("cpu")))


def device_of(model: nn.Module, default: torch.device) -> torch.device:
    """Where the model's weights are; `default` for a model without any."""
    tensor = next(model.parameters(), next(model.buffers(), None))
    return default if tensor is None else tensor.device


def classes_of(model: nn.Module) -> tuple[str, ...] | None:
    """The class names on the model's card, if it has one."""
    return getattr(getattr(model, "card", None), "classes", None)


def count_classes(model: nn.Module, image: Tensor) -> int:
    """The number of classes: from the model's card, else from its logits for one image, (1, 3, H, W)."""
    names = classes_of(model)
    if names is not None:
        return len(names)
    with torch.no_grad():
        return int(outputs.logits_of(model(image.to(device_of(model, image.device))), 1).shape[1])


def check_surrogate(surrogate: nn.Module, model: nn.Module, image: Tensor | None) -> None:
    """Raise an error if the surrogate's classes visibly differ from the model's."""
    theirs, ours = classes_of(surrogate), classes_of(model)
    if theirs is not None and ours is not None:
        if theirs != ours:
            place = next((i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), None)
            difference = (
                f"{len(theirs)} classes, not {len(ours)}"
                if place is None
                else f"{theirs[place]!r} for {ours[place]!r} as class {place}"
            )
            raise InvalidArgumentError(
                f"A surrogate needs the model's classes in the same order; this one has {difference}."
            )
        return
    if image is None:
        return
    counts = count_classes(surrogate, image), count_classes(model, image)
    if counts[0] != counts[1]:
        raise InvalidArgumentError(
            f"A surrogate needs the model's classes; this one has {counts[0]} classes, not {counts[1]}."
        )


@contextlib.contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Switch `requires_grad` of every parameter off, and restore it afterwards.

    On a CPU the convolution weights are channels-last meanwhile, like the images; otherwise every pass would convert them.
    Values do not change, and the tensors are restored afterwards.
    """
    with _lock:
        entry = _frozen.setdefault(model, _Frozen())
        entry.attacks += 1
        if entry.attacks == 1:
            for parameter in model.parameters():
                if parameter.requires_grad:
                    entry.trained.append(parameter)
                    parameter.requires_grad_(False)
                if parameter.ndim == 4 and parameter.device.type == "cpu":
                    entry.turned.append((parameter, parameter.data))
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    try:
        yield
    finally:
        with _lock:
            entry.attacks -= 1
            if not entry.attacks:
                for parameter, data in entry.turned:
                    parameter.data = data
                for parameter in entry.trained:
                    parameter.requires_grad_(True)
                del _frozen[model]


@contextlib.contextmanager
def float32_gradients(device: torch.device) -> Iterator[None]:
    """Gradients on and autocast off, whatever the caller's context is."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device.type, enabled=False):
        yield
