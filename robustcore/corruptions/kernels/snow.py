"""Snow: a layer of flakes from thresholded noise, driven by the wind, over a whitened image."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from robustcore.corruptions._base import truncate
from robustcore.corruptions.kernels.levels import at_least
from robustcore.corruptions.kernels.zoom import zoom_block
from robustcore.randomness import Draws

_LUMA = (0.299, 0.587, 0.114)


def flakes(draws: Draws, height: int, width: int, mean: float, std: float, zoom: float, threshold: float) -> Tensor:
    """(N, 1, H, W) uint8: normal noise magnified by `zoom` >= 1, 0 where it is below the threshold (of 0..1).

    Only the central block that the magnification keeps is drawn.
    """
    block = draws.normal(1, math.ceil(height / zoom), math.ceil(width / zoom), mean=mean, std=std)
    layer = zoom_block(block, height, width, zoom) if zoom != 1 else block
    return truncate(at_least(layer, threshold).mul_(255))


def snow_over(x: Tensor, layer: Tensor, mix: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels: the image, whitened, and the layer twice, once turned by 180 degrees.

    The whitened image is mix x + (1 - mix) max(x, 1.5 y + 0.5) with the luma y, in 0..1. `layer`: (N, 1, H, W) uint8.
    """
    levels = x.to(torch.float32)
    white = levels[:, :1] * (1.5 * _LUMA[0])
    for channel in (1, 2):
        white += levels[:, channel : channel + 1] * (1.5 * _LUMA[channel])
    white += 255 / 2
    snow = layer.to(torch.float32) + layer.flip((2, 3)).to(torch.float32)
    return torch.maximum(white, levels).mul_(1 - mix).add_(levels.mul_(mix)).add_(snow)
