"""Spatter: liquid on the lens, as water (a relief of droplets that light is added to) or as mud (opaque spots).

The water's edges, distances and equalisation are 8-bit OpenCV operations and run on the CPU; the rest runs on the images'
device.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.corruptions.kernels import host
from robustcore.corruptions.kernels.filters import gaussian_weights, separable
from robustcore.corruptions.kernels.levels import at_least
from robustcore.randomness import Draws

WATER = (175, 238, 238)  # pale turquoise, RGB
MUD = (63, 42, 20)  # dark brown, RGB
_CANNY = (50, 150)
_FARTHEST = 20.0  # pixels, at every size
_EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], dtype=np.float32)
_OPAQUE = 0.8  # thinner mud is left out


def liquid(draws: Draws, height: int, width: int, mean: float, std: float, sigma: float, threshold: float) -> Tensor:
    """(N, 1, H, W) float32: smoothed normal noise, 0 where it is below the threshold."""
    noise = draws.normal(1, height, width, mean=mean, std=std)
    smooth = separable(noise, gaussian_weights(sigma), "replicate")
    return at_least(smooth, threshold)


def water_over(x: Tensor, layer: Tensor, strength: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels, unclipped: water of a `liquid` layer added to the image."""
    # Above 1 it wraps around, as NumPy's cast does.
    planes = (layer[:, 0].cpu() * 255).numpy().astype(np.int32).astype(np.uint8)
    reliefs = np.empty(planes.shape, dtype=np.float32)

    def emboss(place: int) -> None:
        reliefs[place] = _relief(planes[place])

    host.for_each(x, emboss)
    relief = torch.from_numpy(reliefs)[:, None].to(x.device)
    colour = torch.tensor(WATER, dtype=torch.float32, device=x.device).mul_(strength).view(1, 3, 1, 1)
    return (relief * colour).add_(x.to(torch.float32))


def _relief(layer: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(H, W) float32 in 0..1: the layer times an embossed map of the distance to its edges."""
    edges = cv2.Canny(layer, *_CANNY)
    distance = cv2.distanceTransform(cv2.bitwise_not(edges), cv2.DIST_L2, 5)
    distance = cv2.threshold(distance, _FARTHEST, _FARTHEST, cv2.THRESH_TRUNC)[1]
    level = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
    level = cv2.blur(cv2.filter2D(level, cv2.CV_8U, _EMBOSS), (3, 3))
    relief: npt.NDArray[np.float32] = layer.astype(np.float32) * level
    greatest = relief.max()
    return relief / greatest if greatest > 0 else relief


def mud_over(x: Tensor, layer: Tensor, threshold: float, sigma: float) -> Tensor:
    """(N, 3, H, W) uint8 -> float32 grey levels: the image under mud where the layer exceeds the threshold.

    The spots' edges are smoothed with `sigma`, and what is then less opaque than 0.8 is left out.
    """
    cover = separable((layer > threshold).to(torch.float32), gaussian_weights(sigma), "replicate")
    cover = at_least(cover, _OPAQUE)
    colour = torch.tensor(MUD, dtype=torch.float32, device=x.device).view(1, 3, 1, 1)
    return (cover * colour).add_((1 - cover) * x.to(torch.float32))
