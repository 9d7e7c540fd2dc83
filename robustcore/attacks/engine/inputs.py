"""The caller's arguments of an attack, checked and converted to one form."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustcore import arguments
from robustcore.attacks.budgets import largest_eps
from robustcore.attacks.goals import Goal
from robustcore.errors import InvalidArgumentError
from robustcore.images import Batch
from robustcore.randomness import Draws

Eps = float | Sequence[float] | Tensor | tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Inputs:
    """N images with their goals, ids and radii.

    Attributes:
        images: float32 (N, 3, H, W) in [0, 1], on the caller's device.
        goal: labels and targets, (N,) each, on the CPU.
        ids: (N,) int64, on the CPU.
        eps: (N,) float32 radii on the CPU, or None.
    """

    images: Tensor
    goal: Goal
    ids: Tensor
    eps: Tensor | None

    def __len__(self) -> int:
        return len(self.ids)


def images_of(images: Any) -> Tensor:
    """float32 (N, 3, H, W) in [0, 1] from uint8 or float images; a numpy array is (N, H, W, 3)."""
    array = isinstance(images, np.ndarray)
    if array and images.dtype.kind not in "iuf":
        raise InvalidArgumentError(f"Images are uint8, 0 to 255, or float in [0, 1]; these are {images.dtype}.")
    if array and images.dtype != np.uint8:
        # A copy, because torch takes neither negative strides nor foreign byte orders, and no long doubles.
        native = np.float64 if images.dtype.itemsize > 8 else images.dtype.newbyteorder("=")
        images = torch.from_numpy(images.astype(native))
        if images.ndim == 4:
            images = images.permute(0, 3, 1, 2)
    if not array and not isinstance(images, Tensor):
        raise InvalidArgumentError(
            f"Images are a tensor (N, 3, H, W) or an array (N, H, W, 3), not {type(images).__name__}."
        )
    if images.ndim != 4 or images.shape[3 if isinstance(images, np.ndarray) else 1] != 3:
        raise InvalidArgumentError(
            f"An attack takes images of shape (N, 3, H, W), or (N, H, W, 3) as an array; these have {tuple(images.shape)}."
        )
    if not len(images):
        raise InvalidArgumentError("There are no images to attack.")
    if 0 in images.shape:
        raise InvalidArgumentError(f"Images have at least one pixel; these have shape {tuple(images.shape)}.")
    if isinstance(images, np.ndarray) or images.dtype == torch.uint8:
        return Batch.of(images).images.to(torch.float32).div_(255)
    if not images.is_floating_point():
        raise InvalidArgumentError(f"Images are uint8, 0 to 255, or float in [0, 1]; these are {images.dtype}.")
    pixels: Tensor = images.detach().to(torch.float32)
    low, high = (float(v) for v in pixels.aminmax())
    if not (low >= 0 and high <= 1):  # also refuses NaN
        raise InvalidArgumentError(f"Float images are in [0, 1]; these have values from {low:g} to {high:g}.")
    return pixels


def companions_of(option: str, companions: Tensor, images: Tensor) -> Tensor:
    """The images of an option, one for each of `images`: float32 in [0, 1], of the same shape."""
    pixels = images_of(companions)
    if pixels.shape != images.shape:
        raise InvalidArgumentError(
            f"{option} are one image for each of the {len(images)}, {tuple(images.shape)}; these have {tuple(pixels.shape)}."
        )
    return pixels


def eps_of(eps: Any, norm: str, shape: tuple[int, ...], draws: Draws) -> Tensor:
    """(N,) float32 radii from one number, one for each image, or a range (low, high) to draw from for each image."""
    n = len(draws)
    values = arguments.real_numbers(eps, "eps is a number, one for each image, or a range (low, high) to draw from").to(
        torch.float32
    )
    most = largest_eps(norm, shape)
    if isinstance(eps, tuple):
        if values.shape != (2,) or not bool(values[0] <= values[1]):
            raise InvalidArgumentError(
                f"A range of eps is (low, high) with low <= high, not {arguments.describe(eps)}."
            )
    elif values.ndim and values.shape != (n,):
        raise InvalidArgumentError(
            f"eps is one number or one for each of the {n} images; it has shape {tuple(values.shape)}."
        )
    if not bool(((values >= 0) & (values <= most * (1 + 1e-6))).all()):
        hint = " Pixels are in [0, 1]: write 8/255, not 8." if norm == "linf" else ""
        worst = float(values.flatten()[(~((values >= 0) & (values <= most))).flatten()][0])
        raise InvalidArgumentError(f"eps for {norm} is in 0 .. {most:g}; {worst:g} is not.{hint}")
    if isinstance(eps, tuple):
        return (
            draws.uniform(low=float(values[0]), high=float(values[1])) if values[0] < values[1] else values[0].repeat(n)
        )
    return values.expand(n).clone() if not values.ndim else values


def targets_of(target: Any, labels: Tensor, classes: int, draws: Draws, names: Sequence[str] | None = None) -> Tensor:
    """(N,) int64 classes to reach, from one class, one for each image, or "random": any class but the label, drawn.

    Where the classes have names, these may stand for the numbers.
    """
    target = arguments.scalar(target)
    if isinstance(target, str) and target == "random":
        others = draws.integers(0, classes - 1, 1)[:, 0]
        return others + (others >= labels)
    if isinstance(target, str) and target not in (names or ()):
        raise arguments.refuse("A target is a class, one for each image, or 'random'", target)
    if isinstance(target, str) or arguments.integer(target) is not None:
        target = [target] * len(labels)
    targets = arguments.whole_numbers(target, len(labels), "target", classes=names)
    same = (targets == labels).nonzero()
    if len(same):
        place = int(same[0])
        raise InvalidArgumentError(
            f"The target of image {place} of the batch is its true class, {int(labels[place])}; a target is another class."
        )
    return targets
