"""Datasets with masks: images in which every pixel has a class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from robustcore.datasets.scenes.street import StreetScenes
from robustcore.errors import DatasetError, UnknownNameError

STREET = "scenes/street"


class PixelDataset(Protocol):
    """Images and masks.

    Attributes:
        name, split: as of other datasets.
        classes: names in label order; what a network is trained on.
        anomaly: the label of pixels of no class, len(classes) or above; None for a dataset without anomalies.
        background: the label of the class that holds everything else; None where there is none.
        side: of the images in pixels.
        ids: (N,) int64 image ids.
        fingerprint: SHA-256 (hex) over what determines images and masks.
    """

    name: str
    split: str
    classes: tuple[str, ...]
    anomaly: int | None
    background: int | None
    side: int
    ids: npt.NDArray[np.int64]
    fingerprint: str

    def __len__(self) -> int: ...

    def pairs(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Images uint8 (n, 3, H, W) and masks uint8 (n, H, W); 255 counts for nothing."""
        ...


def load(name: str, split: str = "test", limit: int | None = None, side: int | None = None) -> PixelDataset:
    """A dataset with masks by name, or a folder of StreetHazards or BDD-Anomaly.

    Raises:
        UnknownNameError: no such dataset.
        DatasetError: a folder that is neither.
    """
    if name == STREET:
        return StreetScenes(split, limit) if side is None else StreetScenes(split, limit, side)
    path = Path(os.path.expanduser(name))
    if path.is_dir():
        from robustcore.segmentation import folders

        return folders.read(path, split, limit, side)
    if os.sep in name and not name.startswith("scenes/"):
        raise DatasetError(f"There is no folder {name}. A dataset with masks is {STREET} or the path of a folder.")
    raise UnknownNameError("dataset with masks", name, [STREET])
