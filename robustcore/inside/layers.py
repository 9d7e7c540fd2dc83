"""The layers of a network as one pass meets them, and the one whose map Grad-CAM draws.

A layer is spatial if its output has a value for each place of the image: a map (N, C, H, W), the same with the channels last
(N, H, W, C), or tokens (N, T, D) of a square grid, with class and register tokens before them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from robustcore.detection.outputs import evaluating
from robustcore.errors import ModelError, UnknownNameError
from robustcore.models.classifier import Classifier

MAP, CHANNELS_LAST, TOKENS = "map", "channels last", "tokens"
_MOST_EXTRA_TOKENS = 8  # class, distillation and register tokens before those of the image
_FEWEST_TOKENS = 4
_TRIED = 32  # layers from the end whose gradient is looked at
_POOLS = ("Pool", "Dropout", "Identity", "DropPath", "StochasticDepth")


@dataclasses.dataclass(frozen=True)
class Layer:
    """One module of a network.

    Attributes:
        name: its path, as in `named_modules`.
        type: the name of its class.
        shape: of its output for one image, without the batch.
        form: "map", "channels last", "tokens", or "" where the output has no places.
        extra: tokens before those of the image.
        leaf: whether it holds no further modules.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    form: str
    extra: int
    leaf: bool

    @property
    def channels(self) -> int:
        """How many channels its output has; of one without places, all its values."""
        if self.form == MAP:
            return self.shape[0]
        return self.shape[-1] if self.form else math.prod(self.shape)

    @property
    def sides(self) -> tuple[int, int]:
        """Rows and columns of a spatial output."""
        if self.form == MAP:
            return self.shape[1], self.shape[2]
        if self.form == CHANNELS_LAST:
            return self.shape[0], self.shape[1]
        side = math.isqrt(self.shape[0] - self.extra)
        return side, side

    def as_map(self, output: Tensor) -> Tensor:
        """An output of this layer as (N, C, H, W)."""
        if self.form == MAP:
            return output
        if self.form == CHANNELS_LAST:
            return output.permute(0, 3, 1, 2)
        rows, columns = self.sides
        return output[:, self.extra :].transpose(1, 2).reshape(len(output), -1, rows, columns)


@contextmanager
def hooked(modules: Sequence[tuple[str, nn.Module]], hook: Callable[[str, Tensor], None]) -> Iterator[None]:
    """While it lasts, `hook` gets the name and the output of each of some modules as soon as it is computed."""

    def listen(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def heard(_: nn.Module, __: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                hook(name, output)

        return heard

    handles = [module.register_forward_hook(listen(name)) for name, module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def modules(model: Classifier) -> dict[str, nn.Module]:
    """The modules of a network that can be listened to, by name; what TorchScript has compiled cannot."""
    return {
        name: module
        for name, module in model.network.named_modules()
        if name and not isinstance(module, torch.jit.ScriptModule)
    }


def layers(model: Classifier) -> list[Layer]:
    """The layers in the order in which a pass leaves them; one that hands on its last part's output is left out."""
    return logits_and_layers(model, _probe(model))[1]


def logits_and_layers(model: Classifier, x: Tensor) -> tuple[Tensor, list[Layer]]:
    """The logits of some images as a classifier takes them, (N, K), and the layers that they passed."""
    watched = modules(model)
    met: list[Layer] = []
    seen: set[str] = set()
    before: list[tuple[Tensor, int]] = []  # the last output, and how often it had been changed in place by then

    def meet(name: str, output: Tensor) -> None:
        if name in seen:  # used again: what it gives now is its container's to report
            return
        same = bool(before) and before[0][0] is output and before[0][1] == output._version
        before[:] = [(output, output._version)]
        if same or not output.is_floating_point() or output.ndim < 2:
            return
        seen.add(name)
        module = watched[name]
        shape = tuple(output.shape[1:])
        form, extra = _form(shape)
        met.append(Layer(name, type(module).__name__, shape, form, extra, not any(module.children())))

    with evaluating(model), torch.no_grad(), hooked(list(watched.items()), meet):
        logits: Tensor = model(x)
    return logits, met


def layer(model: Classifier, name: str) -> Layer:
    """The layer of that name.

    Raises:
        UnknownNameError: the network has none, or a pass does not meet it.
    """
    return named(model, layers(model), name)


def named(model: Classifier, met: Sequence[Layer], name: str) -> Layer:
    """The one of a model's layers that has the name.

    Raises:
        UnknownNameError: there is none.
    """
    by_name = {each.name: each for each in met}
    if name not in by_name:
        raise UnknownNameError(f"layer of {model.card.name}", name, by_name)
    return by_name[name]


def spatial(met: Sequence[Layer]) -> list[Layer]:
    """Those of some layers whose output has several places."""
    return [each for each in met if each.form]


def last_map(model: Classifier, met: Sequence[Layer] | None = None) -> Layer:
    """The layer whose map Grad-CAM draws: the last spatial one from whose every place the answer depends.

    Poolings are passed over. Where a class token decides, the last block's tokens of the image lead nowhere, so that the layer
    is an earlier one, usually the normalisation before the last attention.

    Args:
        met: of `layers`, where it is known already.

    Raises:
        ModelError: there is none: choose one of `spatial(layers(model))`.
    """
    candidates = [each for each in spatial(layers(model) if met is None else met) if not _pools(model, each.name)]
    tried = candidates[-_TRIED:]
    if tried:
        gradients = _gradients(model, tried)
        tokens = [each for each in tried if each.form == TOKENS]
        width = tokens[-1].channels if tokens else 0  # of the stream of tokens, not of the queries or the inner layers
        for each in reversed(tried):
            if each.form == TOKENS and each.channels != width:
                continue
            gradient = gradients.get(each.name)
            if gradient is not None and bool((each.as_map(gradient).abs().amax(1) > 0).float().mean() > 0.5):
                return each
    raise ModelError(
        f"No layer of {model.card.name} has a map from which its answer depends, so that Grad-CAM has nothing to draw. "
        "Name a layer yourself, or use the input gradient."
    )


def convolutions(model: Classifier, met: Sequence[Layer]) -> list[Layer]:
    """The convolutions that a pass meets, in its order."""
    watched = modules(model)
    return [each for each in met if isinstance(watched[each.name], nn.Conv2d)]


def first_and_deep(model: Classifier, met: Sequence[Layer]) -> list[Layer]:
    """The first and a deep spatial layer: the first and the last convolution; of transformers the last tokens instead."""
    places = [each for each in spatial(met) if not _pools(model, each.name)]
    maps = [each for each in convolutions(model, met) if each.form]
    if not places:
        return []
    first = maps[0] if maps else places[0]
    tokens = [each for each in places if each.form != MAP]
    deep = tokens[-1] if len(tokens) > len(places) / 2 else maps[-1] if maps else places[-1]
    return [first] if deep.name == first.name else [first, deep]


def evenly(values: Sequence[Any], most: int) -> list[Any]:
    """At most so many of some values, equally spaced, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    if most == 1:
        return [values[0]]
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def _form(shape: tuple[int, ...]) -> tuple[str, int]:
    """The form of an output without its batch, and how many tokens stand before those of the image."""
    if len(shape) == 3:
        if shape[1] == shape[2] > 1:
            return MAP, 0
        if shape[0] == shape[1] > 1:
            return CHANNELS_LAST, 0
    if len(shape) == 2 and shape[0] >= _FEWEST_TOKENS:
        extra = shape[0] - math.isqrt(shape[0]) ** 2
        if extra <= _MOST_EXTRA_TOKENS:
            return TOKENS, extra
    return "", 0


def _pools(model: Classifier, name: str) -> bool:
    """Whether a layer is a pooling, or does nothing, or ends with one that does."""
    module = modules(model)[name]
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    return any(part in type(module).__name__ for part in _POOLS)


def _gradients(model: Classifier, tried: Sequence[Layer]) -> dict[str, Tensor]:
    """The gradient of the greatest logit at each of some layers' outputs, for one image."""
    watched = modules(model)
    outputs: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        if output.requires_grad:
            outputs.setdefault(name, output)

    image = _probe(model).requires_grad_(True)
    with evaluating(model), torch.enable_grad(), hooked([(each.name, watched[each.name]) for each in tried], keep):
        logit = model(image).amax()
    if not outputs or not logit.requires_grad:
        return {}
    gradients = torch.autograd.grad(logit, list(outputs.values()), allow_unused=True)
    return {name: each for name, each in zip(outputs, gradients, strict=True) if each is not None}


def _probe(model: Classifier) -> Tensor:
    """One image of smooth noise, float32 (1, 3, side, side), in which no two places are alike."""
    side = model.card.side
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    return noise.to(model.device)
