"""Released images in arrays: five blocks of equal size, severities 1 to 5, and their labels."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.datasets._base import Dataset
from robustcore.datasets.released.layout import LABELS
from robustcore.datasets.released.matching import numbers_in_order
from robustcore.errors import DatasetError
from robustcore.images import UInt8Array
from robustcore.paths import printable


@dataclasses.dataclass(frozen=True)
class Rows:
    """The block of one severity of an array on disk."""

    file: Path
    start: int
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, root: Path, file: Path, severity: int) -> Rows:
        labels, pixels = _array(root / LABELS), _array(file)
        n = len(pixels) // 5
        if pixels.ndim != 4 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8 or not n or len(pixels) % 5:
            raise DatasetError(
                f"The array {printable(str(file))} has the shape {pixels.shape} and the type {pixels.dtype}; a released one has "
                "five blocks of equal size of (H, W, 3) images of uint8."
            )
        if labels.shape not in ((n,), (5 * n,)) or labels.dtype.kind not in "iu":
            raise DatasetError(
                f"{printable(str(root / LABELS))} has the shape {labels.shape}; with {len(pixels)} images it has {n} or {5 * n} "
                "whole numbers."
            )
        start = (severity - 1) * n
        labels = np.asarray(labels[start : start + n] if len(labels) == 5 * n else labels, dtype=np.int64)
        return cls(file, start, labels)

    @property
    def pixels(self) -> npt.NDArray[Any]:
        return _array(self.file)

    def read(self, number: int) -> UInt8Array:
        return np.array(self.pixels[self.start + number])

    def matched(self, base: Dataset) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(places in the clean dataset, rows of the block) of all its images."""
        numbers = numbers_in_order(base)
        if numbers is None or (len(numbers) and int(numbers.max()) >= len(self.labels)):
            raise DatasetError(
                f"The images of {base.name} cannot be matched with the {len(self.labels):,} rows of {printable(str(self.file))}: "
                "rows are matched by place, so the clean images are CIFAR's own files, or are named by their numbers in them."
            )
        differing = np.flatnonzero(self.labels[numbers] != np.asarray(base.labels))
        if len(differing):
            place = int(differing[0])
            raise DatasetError(
                f"{len(differing):,} labels of {base.name} are not those of {printable(str(self.file.parent / LABELS))}: row "
                f"{int(numbers[place])} is class {int(self.labels[numbers[place]])} there and "
                f"{int(np.asarray(base.labels)[place])} here. Clean and corrupted images have to be in the same order."
            )
        return np.arange(len(numbers)), numbers


def _array(path: Path) -> npt.NDArray[Any]:
    """An array that stays on disk."""
    status = path.stat()
    return _mapped(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _mapped(path: Path, changed: int, size: int) -> npt.NDArray[Any]:
    try:
        mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The array {printable(str(path))} cannot be read ({error}).") from error
    return mapped
