"""A released set without its clean images, as a dataset of its own."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from robustcore.datasets._base import Dataset
from robustcore.datasets.folder import Folder
from robustcore.datasets.released.arrays import Rows
from robustcore.datasets.released.layout import images_in, registered_name
from robustcore.datasets.released.released_set import ReleasedSet
from robustcore.errors import DatasetError, ImageError
from robustcore.images import UInt8Array, decode
from robustcore.images.preparation import Preparation

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class ReleasedAlone(Folder):
    """A released set of folders without the clean images; a `Dataset` whose clean images cannot be read.

    Released images are prepared already: their side is that of the files, unless another one is chosen.

    Attributes:
        released_root: the set's folder.
        without_clean: why there are no clean images, a sentence.
    """

    def __init__(
        self,
        root: Path | str,
        limit: int | None = None,
        side: int | None = None,
        *,
        preparation: Preparation | None = None,
    ) -> None:
        released = ReleasedSet.at(root)
        first = next(iter(released.corruptions.values()))
        self._first = first / str(released.severities(registered_name(first.name))[0])
        chosen = side is not None or preparation is not None
        super().__init__(
            self._first, "test", limit, side if chosen else _own_side(self._first), preparation=preparation
        )
        self.chosen = chosen
        self.root, self.name, self.split = released.root, released.name, "test"
        self.released_root, self.without_clean = str(released.root), _without_clean(released.name)

    def _digest(self) -> str:
        """SHA-256 over the first corruption's images, which stand for the clean ones."""
        folder = copy.copy(self)
        folder.root = self._first
        return hashlib.sha256(f"released alone {Folder._digest(folder)}".encode()).hexdigest()

    def source(self, index: int) -> UInt8Array:
        """Refused: there are no clean images."""
        raise DatasetError(self.without_clean)


class ReleasedArraysAlone:
    """A released set of arrays without the clean images; a `Dataset` whose clean images cannot be read.

    Attributes:
        released_root: the set's folder.
        without_clean: why there are no clean images, a sentence.
    """

    def __init__(self, root: Path | str, limit: int | None = None, side: int | None = None) -> None:
        released = ReleasedSet.at(root)
        first = next(iter(released.corruptions.values()))
        rows = Rows.of(released.root, first, 1)
        self.name, self.split, self.side = released.name, "test", side or min(rows.pixels.shape[1:3])
        count = int(rows.labels.max()) + 1
        self.classes = CIFAR10 if count == len(CIFAR10) else tuple(map(str, range(count)))
        self.labels: npt.NDArray[np.int64] = rows.labels[:limit]
        self.ids: npt.NDArray[np.int64] = np.arange(len(self.labels), dtype=np.int64)
        self.root, self.released_root, self.without_clean = (
            released.root,
            str(released.root),
            _without_clean(released.name),
        )
        self.fingerprint = hashlib.sha256(
            json.dumps(
                ["released arrays alone", released.content(registered_name(first.stem), 1), self.side, self.classes]
            ).encode()
        ).hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        raise DatasetError(self.without_clean)

    def images(self, start: int, stop: int) -> Tensor:
        """Refused: there are no clean images."""
        raise DatasetError(self.without_clean)

    def source(self, index: int) -> UInt8Array:
        """Refused: there are no clean images."""
        raise DatasetError(self.without_clean)


def load_alone(
    path: Path, limit: int | None = None, side: int | None = None, *, preparation: Preparation | None = None
) -> Dataset:
    """A released set as a dataset of its own.

    Raises:
        DatasetError: a folder that is laid out in no published way.
    """
    if not ReleasedSet.at(path).is_arrays:
        return ReleasedAlone(path, limit, side, preparation=preparation)
    return ReleasedArraysAlone(path, limit, preparation.side if preparation else side)


def without_clean(dataset: Dataset) -> str:
    """Why a dataset has no clean images, a sentence; "" for all that have them."""
    return str(getattr(dataset, "without_clean", ""))


def root_of(dataset: Dataset) -> str:
    """The folder of the released set that a dataset is; "" for all others."""
    return str(getattr(dataset, "released_root", ""))


def _own_side(folder: Path) -> int | None:
    """The side of the images in a folder, by the first one; None where that is not square, or cannot be read."""
    first = next(images_in(folder), None)
    try:
        height, width = decode(folder / first).shape[:2] if first else (0, 1)
    except ImageError:  # `Folder` says which images cannot be read
        return None
    return height if height == width else None


def _without_clean(name: str) -> str:
    return (
        f"{name} has corrupted images alone: name the folder of the clean ones as the dataset, and this one with --released, "
        "for their accuracy"
    )
