"""What a model gives for images, beyond its answers: all logits, the features before the last layer, random passes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore.datasets._base import Dataset
from robustcore.errors import ModelError
from robustcore.models.classifier import Classifier
from robustcore.randomness import Draws

Floats = npt.NDArray[np.float32]

PASSES = 20  # with dropout on; no document prints a number
_BATCH_TIMES_SIDE = 64 * 64
_TINY = np.finfo(np.float32).tiny  # a probability among classes that share none of it


@dataclasses.dataclass(frozen=True)
class Head:
    """A network's last layer: logits = features @ weight.T + bias.

    Attributes:
        weight: (K, D) float32.
        bias: (K,) float32.
    """

    weight: Floats
    bias: Floats


@dataclasses.dataclass(frozen=True)
class Outputs:
    """A model's outputs for n images.

    Attributes:
        logits: (n, K) float32.
        features: (n, D) float32, what enters the last linear layer; None where they were not asked for.
        passes: (T, n, K) float32 probabilities of passes with dropout on; None where they were not asked for.
        labels: (n,) the images' labels, -1 where there is none.
        head: the last layer; None without features.
    """

    logits: Floats
    features: Floats | None = None
    passes: Floats | None = None
    labels: npt.NDArray[np.int64] | None = None
    head: Head | None = None

    def __len__(self) -> int:
        return len(self.logits)

    def among(self, places: Sequence[int]) -> Outputs:
        """The same as if the network had these classes alone: what reads probabilities sees those among them."""
        kept = np.asarray(places, np.int64)
        passes = None if self.passes is None else self.passes[..., kept]
        return dataclasses.replace(
            self,
            logits=self.logits[:, kept],
            passes=None if passes is None else passes / np.maximum(passes.sum(axis=-1, keepdims=True), _TINY),
            head=None if self.head is None else Head(self.head.weight[kept], self.head.bias[kept]),
        )


def last_linear(model: Classifier) -> tuple[str, nn.Linear]:
    """The name and the layer whose output are the logits.

    Raises:
        ModelError: the logits come from no linear layer.
    """
    outputs: dict[str, Tensor] = {}
    linear = {name: module for name, module in model.network.named_modules() if isinstance(module, nn.Linear)}
    hooks = [module.register_forward_hook(_keeping(name, outputs)) for name, module in linear.items()]
    side = model.card.side
    image = torch.linspace(0, 1, 3 * side * side, device=model.device).reshape(1, 3, side, side)
    try:
        with torch.no_grad():
            logits = model(image)
    finally:
        for hook in hooks:
            hook.remove()
    for name in reversed(outputs):
        if outputs[name].shape == logits.shape and torch.allclose(outputs[name].float(), logits, rtol=1e-5, atol=1e-6):
            return name, linear[name]
    raise ModelError(
        f"The logits of {model.card.name} come from no linear layer, so that it has no features before the last layer: choose "
        "scores that read logits."
    )


def has_dropout(model: Classifier) -> bool:
    """Whether any layer of the network drops values in training."""
    return any(_rate(module) > 0 for module in model.network.modules())


def head(model: Classifier) -> Head:
    """The last layer of a model.

    Raises:
        ModelError: as `last_linear`.
    """
    _, layer = last_linear(model)
    weight = layer.weight.detach().float().cpu().numpy()
    bias = np.zeros(len(weight), np.float32) if layer.bias is None else layer.bias.detach().float().cpu().numpy()
    return Head(weight, bias)


def compute(model: Classifier, dataset: Dataset, start: int, stop: int, *, features: bool, passes: int = 0) -> Outputs:
    """Outputs for the images from `start` to before `stop`.

    Args:
        features: whether the features before the last layer are kept; it costs no further pass.
        passes: the number of passes with dropout on, each one a pass through the network more.

    Raises:
        ModelError: features that the network cannot give, or passes without dropout.
    """
    if passes and not has_dropout(model):
        raise ModelError(f"{model.card.name} has no dropout, so that its passes are all alike: choose another score.")
    caught: dict[str, Tensor] = {}
    hooks = []
    if features:
        _, layer = last_linear(model)
        hooks.append(layer.register_forward_pre_hook(lambda _, inputs: caught.__setitem__("features", inputs[0])))
    size = max(1, _BATCH_TIMES_SIDE // dataset.side)
    logits, entering, random = [], [], []
    try:
        with torch.inference_mode(), evaluating(model):
            for place in range(start, stop, size):
                images = dataset.images(place, min(place + size, stop)).to(model.device)
                logits.append(model(images).float().cpu())
                if features:
                    entering.append(caught["features"].flatten(1).float().cpu())
                if passes:
                    ids = torch.as_tensor(dataset.ids[place : place + len(images)])
                    random.append(_passes(model, images, ids, passes))
    finally:
        for hook in hooks:
            hook.remove()
    return Outputs(
        logits=torch.cat(logits).numpy(),
        features=torch.cat(entering).numpy() if features else None,
        passes=np.concatenate(random, axis=1) if passes else None,
        labels=np.asarray(dataset.labels[start:stop], np.int64),
        head=head(model) if features else None,
    )


@contextlib.contextmanager
def evaluating(model: Classifier) -> Iterator[None]:
    """The model in evaluation mode; afterwards every layer is in the mode that it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _passes(model: Classifier, images: Tensor, ids: Tensor, count: int) -> Floats:
    """(count, n, K) probabilities with values dropped, every other layer as in evaluation.

    What is dropped of an image depends on its id, the layer and the pass, and on no other image.
    """
    passes = []
    for index in range(count):
        hooks = [
            module.register_forward_hook(_dropping(Draws(0, f"mc_dropout {name} {index}", ids, device=model.device)))
            for name, module in model.network.named_modules()
            if _rate(module) > 0
        ]
        try:
            passes.append(model(images).float().softmax(-1).cpu().numpy())
        finally:
            for hook in hooks:
                hook.remove()
    return np.stack(passes)


def _rate(module: nn.Module) -> float:
    """The share of values that a layer drops in training; 0 for one that drops none."""
    if isinstance(module, (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)):
        return float(module.p)
    # By name: timm need not be installed, and importing torchvision takes more than a second.
    attribute = {"StochasticDepth": "p", "DropPath": "drop_prob"}.get(type(module).__name__)
    return float(getattr(module, attribute, 0) or 0) if attribute else 0.0


def _dropping(draws: Draws) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    """A forward hook that drops values as the layer does in training: single ones, channels, or all of an image."""

    def drop(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> Tensor:
        rate = _rate(module)
        if isinstance(module, nn.Dropout):
            shape = output.shape[1:]
        elif isinstance(module, (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)):
            shape = torch.Size([output.shape[1], *[1] * (output.ndim - 2)])
        else:
            shape = torch.Size([1] * (output.ndim - 1))
        keep = draws.uniform(*shape) >= rate
        return output * keep / (1 - rate) if rate < 1 else torch.zeros_like(output)

    return drop


def _keeping(name: str, outputs: dict[str, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def keep(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        outputs[name] = output.detach()

    return keep
