"""The interface of a dataset, and a single image."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from robustcore.errors import InvalidArgumentError
from robustcore.images import UInt8Array
from robustcore.images.preparation import Preparation

UNLABELLED = -1  # the label of an image for which one cannot say what is right


@runtime_checkable
class Dataset(Protocol):
    """Images with labels, prepared (side, resize and crop rule) before any corruption.

    Attributes:
        name: e.g. "scenes" or the folder's name.
        split: e.g. "test".
        classes: class names in label order.
        ids: (N,) int64, 63-bit image ids that stay the same when other images come and go.
        labels: (N,) int64; -1 (`UNLABELLED`) for an image without one, which counts for no accuracy.
        side: side of the prepared images in pixels.
        fingerprint: SHA-256 (hex) over what determines the images: items, renderer's revision, preparation. A limit is
            not part of it, because it only takes a prefix of a fixed, seeded order.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    ids: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    side: int

    @property
    def fingerprint(self) -> str: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label)."""
        ...

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side): a contiguous block, decoded at once."""
        ...

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image before preparation, for sequences that move more content in."""
        ...


@runtime_checkable
class Preparable(Protocol):
    """A dataset whose images can be prepared in another way: those of files, which are larger than a network's input.

    Attributes:
        preparation: how the images are prepared now.
        chosen: whether whoever loaded it chose that; then no model's own preparation replaces it.
    """

    preparation: Preparation
    chosen: bool

    def prepared(self, preparation: Preparation) -> Dataset:
        """The same images in that preparation; its fingerprint is another one."""
        ...


def prepared_for(dataset: Dataset, preparation: Preparation | None) -> Dataset:
    """A dataset as a model's images are prepared: itself where the model says nothing of it, where whoever loaded it chose the
    preparation, or where images are what they are, such as scenes."""
    if preparation is None or not isinstance(dataset, Preparable) or dataset.chosen:
        return dataset
    return dataset if dataset.preparation == preparation else dataset.prepared(preparation)


def right_classes(dataset: Dataset) -> Mapping[int, tuple[int, ...]]:
    """Label -> all classes that are right where it is, for datasets in which several are; {} for all others."""
    return getattr(dataset, "right", {})


def prepared_as(dataset: Dataset, preparation: Preparation) -> Dataset:
    """A dataset in a preparation that somebody chose.

    Raises:
        InvalidArgumentError: images that are what they are.
    """
    if not isinstance(dataset, Preparable):
        raise InvalidArgumentError(
            f"The images of {dataset.name} are {dataset.side} pixels a side and are not prepared: leave out the preparation."
        )
    return dataset.prepared(preparation)


@dataclasses.dataclass(frozen=True)
class Item:
    """A single image for display: a photograph, an upload, or one from a dataset.

    Attributes:
        name: its display name.
        image: uint8 (3, H, W), prepared.
        id: the image id that its draws belong to.
        label: its class, where it is known.
        right: names of the classes that are right for it, several perhaps, for an image that belongs to no numbered classes.
        source: uint8 (H, W, 3) before preparation, for sequences that move more content in; None where there is no more.
        dataset: the name of the dataset that it is from; "" for an image on its own.
    """

    name: str
    image: Tensor
    id: int
    label: int | None = None
    source: UInt8Array | None = None
    dataset: str = ""
    right: tuple[str, ...] = ()

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the id and the pixels, prepared and before: what a corruption, a sequence or a model makes of it."""
        digest = hashlib.sha256(f"{self.id} {self.label}".encode())
        for pixels in (self.image.numpy(), self.source):
            if pixels is not None:
                digest.update(f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes())
        return digest.hexdigest()
