"""Images that belong to no class, made from noise: what anomaly scores are tested on (Basart's thesis, 4.3 and A.5).

    gaussian    every value from N(0, 0.5), clipped to -1 .. 1 and mapped to 0 .. 1
    rademacher  every value 0 or 1, with equal chances
    blobs       soft spots: Gaussian noise, blurred with a standard deviation of 1.5 pixels, and cut below a threshold
    uniform     one colour

The document prints the first two. Its blobs come without a recipe; ours have the mean (0.7), the spread (0.086) and the threshold (0.75)
of the public code's blurred coin flips, with the noise Gaussian.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore import arguments
from robustcore.datasets._base import UNLABELLED, Dataset
from robustcore.errors import UnknownNameError
from robustcore.images import UInt8Array
from robustcore.randomness import Draws

REVISION = 1
_SIGMA = 1.5
_BLOB_MEAN, _BLOB_SPREAD, _BLOB_THRESHOLD = 0.7, 0.086, 0.75


@dataclasses.dataclass(frozen=True)
class Noise:
    """A kind of unknown image.

    Attributes:
        title: for people.
        summary: one sentence.
        make: (draws, side) -> float32 (n, 3, side, side) in 0 .. 1.
    """

    title: str
    summary: str
    make: Callable[[Draws, int], Tensor]


def _gaussian(draws: Draws, side: int) -> Tensor:
    return draws.normal(3, side, side, std=0.5).clamp_(-1, 1).add_(1).div_(2)


def _rademacher(draws: Draws, side: int) -> Tensor:
    return draws.integers(0, 2, 3, side, side).to(torch.float32)


def _blobs(draws: Draws, side: int) -> Tensor:
    margin = math.ceil(4 * _SIGMA)
    noise = draws.normal(3, side + 2 * margin, side + 2 * margin)
    distance = torch.arange(-margin, margin + 1, dtype=torch.float32, device=noise.device)
    kernel = torch.exp(-((distance / _SIGMA) ** 2) / 2)
    # Weights whose squares sum to one leave noise of variance one behind.
    kernel /= kernel.square().sum().sqrt()
    flat = noise.reshape(-1, 1, *noise.shape[-2:])
    flat = torch.nn.functional.conv2d(flat, kernel.view(1, 1, 1, -1))
    flat = torch.nn.functional.conv2d(flat, kernel.view(1, 1, -1, 1))
    values = flat.reshape(len(draws), 3, side, side).mul_(_BLOB_SPREAD).add_(_BLOB_MEAN)
    return torch.where(values < _BLOB_THRESHOLD, 0.0, values).clamp_(max=1)


def _uniform(draws: Draws, side: int) -> Tensor:
    return draws.uniform(3, 1, 1).expand(-1, -1, side, side)


KINDS = {
    "gaussian": Noise("Gaussian noise", "Every value from N(0, 0.5) between -1 and 1, mapped to 0 .. 1.", _gaussian),
    "rademacher": Noise("Rademacher noise", "Every value 0 or 1, with equal chances.", _rademacher),
    "blobs": Noise("Blobs", "Soft coloured spots on black.", _blobs),
    "uniform": Noise("Uniform colours", "One colour in every image.", _uniform),
}


class UnknownImages:
    """Images of one kind of noise; a `Dataset` without classes and labels.

    Image k of a kind and a side is always the same, so that a smaller set is the beginning of a larger one.

    Args:
        kind: a key of `KINDS`.
        count: the number of images.
        side: in pixels.

    Raises:
        UnknownNameError: no kind of that name.
    """

    split = "test"
    classes: tuple[str, ...] = ()

    def __init__(self, kind: str, count: int, side: int) -> None:
        if kind not in KINDS:
            raise UnknownNameError("kind of unknown images", kind, KINDS)
        self.name = f"unknown/{kind}"
        self.side = arguments.whole(side, "A side is a whole number of pixels, 1 or more", low=1)
        self.ids: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = np.full(count, UNLABELLED, np.int64)
        self._noise = KINDS[kind]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the kind, the side and the revision."""
        return hashlib.sha256(f"{self.name} {self.side} {REVISION}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        index = range(len(self))[index]
        return self.images(index, index + 1)[0], UNLABELLED

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        values = self._noise.make(Draws(0, self.name, torch.from_numpy(self.ids[start:stop])), self.side)
        return values.mul(255).round_().to(torch.uint8)

    def source(self, index: int) -> UInt8Array:
        """uint8 (side, side, 3): there is no more than the image."""
        pixels: UInt8Array = self[index][0].permute(1, 2, 0).numpy()
        return pixels


class Unlabelled:
    """Another dataset's images without their labels: what is on them is none of a model's classes.

    Attributes:
        folders: what the other dataset calls its classes.
    """

    classes: tuple[str, ...] = ()

    def __init__(self, images: Dataset) -> None:
        self._images = images
        self.name, self.split, self.side, self.ids = images.name, images.split, images.side, images.ids
        self.folders = tuple(images.classes)
        self.labels: npt.NDArray[np.int64] = np.full(len(images), UNLABELLED, np.int64)

    @property
    def fingerprint(self) -> str:
        """The images' own."""
        return self._images.fingerprint

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._images[index][0], UNLABELLED

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        return self._images.images(start, stop)

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): an image before preparation."""
        return self._images.source(index)
