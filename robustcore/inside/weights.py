"""Histograms of a network's weights, and the kernels of its convolutions.

The first place is the first layer with its normalisation. Kinds are told apart as [R] 3.1.2 does: weights and biases of ordinary layers, of normalisations, and of the layers that down-sample
a shortcut.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from robustcore.errors import ModelError
from robustcore.models.classifier import Classifier

PLACES = ("first", "last stage", "head")
KINDS = ("weights", "biases", "normalisation", "down-sampling")
BINS = 60  # fewer where there are few values
KERNELS = 64
HISTOGRAM = ("model", "place", "kind", "left", "right", "share")
SUMMARY = ("model", "place", "kind", "count", "mean", "std", "least", "greatest")
_DOWN = re.compile(r"downsample|down_sample|shortcut|proj_shortcut", re.IGNORECASE)
_FEWEST_BINS = 8
_MOST_VALUES = 1 << 24  # of one group that are sorted into bins at once


@dataclasses.dataclass(frozen=True)
class Kernels:
    """Kernels of one convolution.

    Attributes:
        layer: its name.
        outputs: (k,) the output channels that they belong to, equally spaced.
        inputs: (k,) the input channel that is shown of each, the one with the greatest norm; -1 where all three are, as colours.
        values: (k, h, w, 3) or (k, h, w) float32, as they are.
    """

    layer: str
    outputs: npt.NDArray[np.int64]
    inputs: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]


def histograms(models: Sequence[Classifier], *, bins: int = BINS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histograms of each place and kind, with the same bins for all models, and what they were made from in figures.

    Args:
        bins: at most so many; twice the square root of the number of values where there are few.

    Returns:
        A table with model, place, kind, left, right (of a bin), share (of the values in it), and one with model, place, kind,
        count, mean, std, least, greatest. A place or kind that a network has none of has no rows.
    """
    groups = {
        (model.card.name, place, kind): tensors for model in models for (place, kind), tensors in _groups(model).items()
    }
    rows, summary = [], []
    for place in PLACES:
        for kind in KINDS:
            own = {name: tensors for (name, p, k), tensors in groups.items() if (p, k) == (place, kind)}
            if not own:
                continue
            low = min(float(tensor.min()) for tensors in own.values() for tensor in tensors)
            high = max(float(tensor.max()) for tensors in own.values() for tensor in tensors)
            if low == high:  # all the same: one bin in the middle has them
                low, high = low - 0.5, high + 0.5
            fewest = min(sum(tensor.numel() for tensor in tensors) for tensors in own.values())
            number = min(bins, max(_FEWEST_BINS, round(2 * fewest**0.5)))
            edges = np.linspace(low, high, number + 1)
            for name, tensors in own.items():
                counts = np.zeros(number, np.int64)
                for part in _parts(tensors):
                    counts += np.histogram(part.numpy(), edges)[0]
                rows += [
                    {"model": name, "place": place, "kind": kind, "left": a, "right": b, "share": c / counts.sum()}
                    for a, b, c in zip(edges[:-1], edges[1:], counts, strict=True)
                ]
                summary.append({"model": name, "place": place, "kind": kind, **_figures(tensors)})
    return pd.DataFrame(rows, columns=list(HISTOGRAM)), pd.DataFrame(summary, columns=list(SUMMARY))


def kernels(model: Classifier, *, count: int = KERNELS) -> list[Kernels]:
    """Kernels of the first convolution and of a deep one, the last with kernels of more than one pixel; [] for networks without."""
    named = [
        (name, module)
        for name, module in model.network.named_modules()
        if isinstance(module, nn.Conv2d) and min(module.kernel_size) > 1
    ]
    if not named:
        return []
    chosen = [named[0]] if len(named) == 1 else [named[0], named[-1]]
    return [_kernels(name, _dense(module.weight), count) for name, module in chosen]


def last_stage(model: Classifier) -> str:
    """The path of the last of a network's numbered blocks that holds weights, such as "layer4"; without such blocks its last
    convolution, "" where it has none."""
    owners = list(_owners(model))
    stages = [_stage(name) for name, _ in owners]
    plain = [name for name, module in owners if isinstance(module, nn.Conv2d)]
    return next((stage for stage in reversed(stages) if stage), plain[-1] if plain else "")


def _kernels(name: str, weight: Tensor, count: int) -> Kernels:
    outputs = np.unique(np.linspace(0, len(weight) - 1, min(count, len(weight))).round().astype(np.int64))
    sampled = weight[torch.as_tensor(outputs)]
    if weight.shape[1] == 3:
        return Kernels(name, outputs, np.full(len(outputs), -1), sampled.permute(0, 2, 3, 1).contiguous().numpy())
    inputs = sampled.flatten(2).norm(dim=2).argmax(1)
    return Kernels(name, outputs, inputs.numpy(), sampled[torch.arange(len(outputs)), inputs].numpy())


def _groups(model: Classifier) -> dict[tuple[str, str], list[Tensor]]:
    """The tensors of each place and kind."""
    owners = list(_owners(model))
    if not owners:
        raise ModelError(f"The weights of {model.card.name} cannot be read, so that it has no histograms.")
    head = next((name for name, module in reversed(owners) if not _normalises(module)), owners[-1][0])
    stage = last_stage(model)
    groups: dict[tuple[str, str], list[Tensor]] = {}
    first = {name for name, module in owners[:2] if name == owners[0][0] or _normalises(module)}
    for name, module in owners:
        if name == head:
            place = "head"
        elif name in first:
            place = "first"
        elif stage and (name == stage or name.startswith(f"{stage}.")):
            place = "last stage"
        else:
            continue
        for label, parameter in module.named_parameters(recurse=False):
            if parameter.numel():
                groups.setdefault((place, _kind(name, module, label)), []).append(_dense(parameter))
    return groups


def _dense(parameter: Tensor) -> Tensor:
    """float32, on the CPU, every value written out."""
    value = parameter.detach()
    return (value if value.layout is torch.strided else value.to_dense()).float().cpu()


def _owners(model: Classifier) -> Iterator[tuple[str, nn.Module]]:
    """The modules that have weights of their own."""
    for name, module in model.network.named_modules():
        if any(each.numel() for each in module.parameters(recurse=False)):
            yield name, module


def _stage(name: str) -> str:
    """A module's path up to its first numbered part, where something is below that; else ""."""
    parts = name.split(".")
    place = next((i for i, part in enumerate(parts) if part[-1:].isdigit()), len(parts))
    return ".".join(parts[: place + 1]) if place < len(parts) - 1 else ""


def _kind(name: str, module: nn.Module, label: str) -> str:
    if _DOWN.search(name):
        return "down-sampling"
    if _normalises(module):
        return "normalisation"
    return "biases" if "bias" in label else "weights"


def _normalises(module: nn.Module) -> bool:
    return "Norm" in str(getattr(module, "original_name", type(module).__name__))


def _parts(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
    for tensor in tensors:
        flat = tensor.flatten()
        yield from (flat[start : start + _MOST_VALUES] for start in range(0, len(flat), _MOST_VALUES))


def _figures(tensors: Sequence[Tensor]) -> dict[str, float]:
    """Count, mean, standard deviation (of the whole group, divided by the count), least and greatest value."""
    count = sum(tensor.numel() for tensor in tensors)
    mean = sum(float(tensor.double().sum()) for tensor in tensors) / count
    variance = sum(float((tensor.double() - mean).square().sum()) for tensor in tensors) / count
    least, greatest = min(float(t.min()) for t in tensors), max(float(t.max()) for t in tensors)
    return {"count": count, "mean": mean, "std": variance**0.5, "least": least, "greatest": greatest}
