"""The images that two networks' layers are compared on, where nobody names a data set."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from robustcore.datasets import load_dataset, photographs
from robustcore.images import to_tensor
from robustcore.models.classifier import Card
from robustcore.notes import note

_LEAST = 0.25  # of a photograph's shorter side, the smallest crop
SIDE = 224


@note
def comparison_images(count: int, source: str) -> str:
    if source == "scenes":
        return f"{count} test images of scenes."
    return f"{count} crops of the photographs that come with scikit-image and scikit-learn."


def source_for(first: Card, second: Card) -> str:
    """ "scenes" for two networks that know them, else "photographs"."""
    return "scenes" if first.dataset == second.dataset == "scenes" else "photographs"


def images(source: str, places: range) -> Tensor:
    """uint8 (n, 3, side, side): some of the images of a source; each depends on its place alone."""
    if source == "scenes":
        return load_dataset("scenes").images(places.start, places.stop)
    return torch.stack([_crop(place) for place in places])


def _crop(place: int) -> Tensor:
    names = photographs.names()
    pixels = photographs.pixels(names[place % len(names)])
    generator = np.random.Generator(np.random.Philox(key=place))
    side = round(min(pixels.shape[:2]) * generator.uniform(_LEAST, 1))
    top, left = (int(generator.integers(0, length - side + 1)) for length in pixels.shape[:2])
    crop = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    interpolation = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return to_tensor(np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=interpolation), np.uint8))
