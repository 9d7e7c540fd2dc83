"""A dataset that is known from its results alone: its folder is on another machine, or is gone."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt
from torch import Tensor

from robustcore.errors import DatasetError
from robustcore.images import UInt8Array


class RecordedDataset:
    """What results say of the images that they were computed on; a `Dataset` without its images.

    Args:
        name, split, classes: as for any dataset.
        fingerprint: what the results are found by.
        size: the number of images, as far as results tell.
        side: of the prepared images in pixels; 0 where it was not recorded.
        reason: why the images are not here, a sentence.

    Raises:
        DatasetError: on access to an image.
    """

    def __init__(
        self, name: str, split: str, classes: tuple[str, ...], fingerprint: str, *, size: int, side: int, reason: str
    ) -> None:
        self.name, self.split, self.classes, self.side = name, split, classes, side
        self.ids: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.labels: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.reason = reason
        self._fingerprint, self._size = fingerprint, size

    @property
    def fingerprint(self) -> str:
        """That of the images that were scored."""
        return self._fingerprint

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        self._refuse()

    def images(self, start: int, stop: int) -> Tensor:
        """Refused: there are no images here."""
        self._refuse()

    def source(self, index: int) -> UInt8Array:
        """Refused: there are no images here."""
        self._refuse()

    def __repr__(self) -> str:
        return f"RecordedDataset({self.name!r}, {self.split!r}, {self._size} images that are not here)"

    def _refuse(self) -> NoReturn:
        raise DatasetError(self.reason)
