"""The channels of a layer for a clean and a corrupted image, those that change most first."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from robustcore.detection.outputs import evaluating
from robustcore.errors import ModelError
from robustcore.inside import layers as layers_
from robustcore.inside.layers import Layer
from robustcore.models.classifier import Classifier

CHANNELS = 64
SIDE = 48  # pixels; larger maps are averaged down to it


@dataclasses.dataclass(frozen=True)
class FeatureMaps:
    """Channels of one layer.

    Attributes:
        layer: whose output it is.
        channels: (k,) their places in the layer, those that change most first.
        change: (k,) the mean absolute change of a channel, divided by the mean magnitude of all of the layer's sampled channels
            for the clean image.
        clean, corrupted: (k, h, w) float32, at most `SIDE` a side.
    """

    layer: Layer
    channels: npt.NDArray[np.int64]
    change: npt.NDArray[np.float32]
    clean: npt.NDArray[np.float32]
    corrupted: npt.NDArray[np.float32]


def feature_maps(model: Classifier, images: Tensor, layer: Layer, *, channels: int = CHANNELS) -> FeatureMaps:
    """Equally spaced channels of a layer.

    Args:
        images: uint8 (2, 3, H, W), the clean one first.
        layer: spatial; only its sampled channels are kept.
        channels: at most so many.

    Raises:
        ModelError: a layer without places.
    """
    if not layer.form:
        raise ModelError(f"The output of {layer.name} has no places and so no feature maps: choose another layer.")
    places = np.unique(np.linspace(0, layer.channels - 1, min(channels, layer.channels)).round().astype(np.int64))
    kept: list[Tensor] = []

    def sample(_: str, output: Tensor) -> None:
        if not kept:
            kept.append(layer.as_map(output)[:, torch.as_tensor(places, device=output.device)].float().cpu())

    module = layers_.modules(model)[layer.name]
    with evaluating(model), torch.no_grad(), layers_.hooked([(layer.name, module)], sample):
        model(images.to(model.device))
    maps = kept[0]
    scale = float(maps[0].abs().mean())
    change = (maps[1] - maps[0]).abs().mean((1, 2)) / (scale if scale > 0 else 1.0)
    order = change.argsort(descending=True, stable=True)
    if max(maps.shape[-2:]) > SIDE:
        maps = F.adaptive_avg_pool2d(maps, (min(SIDE, maps.shape[-2]), min(SIDE, maps.shape[-1])))
    clean, corrupted = maps[:, order].numpy()
    return FeatureMaps(layer, places[order.numpy()], change[order].numpy(), clean, corrupted)
