"""Images that are in memory already, as a dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.images import Batch, UInt8Array, fit, to_array, to_tensor


class ArrayDataset:
    """A `Dataset` of an array of images.

    Args:
        name: of the dataset.
        images: uint8, RGB: (N, H, W, 3) array or (N, 3, H, W) tensor.
        labels: (N,) indices into `classes`.
        classes: class names in label order.
        split: of the dataset.
        limit: take the first images only; more than there are takes all.
        side: of the prepared images in pixels; by default the shorter side. Others are resized and cut to the centre.

    The order of the images is theirs; put them in an order of which every beginning is a fair sample.
    """

    def __init__(
        self,
        name: str,
        images: Any,
        labels: Any,
        classes: Sequence[str],
        *,
        split: str = "test",
        limit: int | None = None,
        side: int | None = None,
    ) -> None:
        batch = Batch.of(images)
        numbers = np.asarray(labels, dtype=np.int64)
        count = len(batch.images)
        if batch.was_single or count == 0 or numbers.shape != (count,):
            raise DatasetError(
                f"The dataset {name} has images of shape {tuple(np.shape(images))} and labels of shape {numbers.shape}; it "
                "takes (N, H, W, 3) or (N, 3, H, W) images and N labels, N at least 1."
            )
        if not 0 <= numbers.min() <= numbers.max() < len(classes):
            raise DatasetError(
                f"The labels of the dataset {name} are {numbers.min()} to {numbers.max()}; with {len(classes)} classes they "
                f"are 0 to {len(classes) - 1}."
            )
        self.name, self.split, self.classes = name, split, tuple(classes)
        self.side = min(batch.images.shape[-2:]) if side is None else side
        self._images = batch.images.cpu()
        content = hashlib.sha256(json.dumps([name, split, self.side, self.classes]).encode())
        content.update(numbers.tobytes())
        content.update(self._images.contiguous().numpy().tobytes())
        self._fingerprint = content.hexdigest()
        length = count if limit is None else min(limit, count)
        self.ids: npt.NDArray[np.int64] = np.arange(length, dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = numbers[:length]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all images, labels, classes and the side; a limit is no part of it."""
        return self._fingerprint

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return to_tensor(fit(self.source(index), self.side)), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are asked for; the dataset has 0 .. {len(self)}.")
        if self._images.shape[-2:] == (self.side, self.side):
            return self._images[start:stop].clone()
        return torch.stack([self[index][0] for index in range(start, stop)])

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image before preparation."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return to_array(self._images[index % len(self)])
