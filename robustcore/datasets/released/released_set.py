"""A released set on disk, and its images beside those of a clean dataset."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets import _digests
from robustcore.datasets._base import Dataset, right_classes
from robustcore.datasets.released.arrays import Rows
from robustcore.datasets.released.layout import LABELS, folders, images_in, is_corruption, registered_name
from robustcore.datasets.released.matching import image_key, matched_paths
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.images import UInt8Array, decode, fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.notes import Note, note
from robustcore.paths import printable

REVISION = 1  # of how released images are matched and prepared; a part of their fingerprints
_READERS = min(8, os.cpu_count() or 1)


@dataclasses.dataclass(frozen=True)
class ReleasedSet:
    """A released set on disk.

    Attributes:
        root: its folder.
        corruptions: name -> the folder of its severities, or its array.
    """

    root: Path
    corruptions: dict[str, Path]

    @classmethod
    def at(cls, path: Path | str) -> ReleasedSet:
        """The set in a folder.

        Raises:
            DatasetError: a folder that is missing, or is laid out in no published way.
        """
        root = Path(path).expanduser().absolute()
        where = printable(str(root))
        if not root.is_dir():
            raise DatasetError(f"There is no folder {where}. A released set is a folder such as ImageNet-C.")
        by_name: dict[str, Path] = {}
        if (root / LABELS).is_file():
            by_name = {registered_name(p.stem): p for p in sorted(root.glob("*.npy")) if p.name != LABELS}
        else:
            for child in folders(root):
                for folder in [child] if is_corruption(child) else filter(is_corruption, folders(child)):
                    by_name.setdefault(registered_name(folder.name), folder)
        if not by_name:
            raise DatasetError(
                f"The folder {where} is no released set of corrupted images: those have a folder for each corruption, in it the "
                f"severities 1 to 5 and in these the class folders, as ImageNet-C; or an array for each corruption and {LABELS}, "
                "as CIFAR-10-C."
            )
        return cls(root, by_name)

    @property
    def name(self) -> str:
        """What people know it by."""
        return printable(self.root.name)

    @property
    def is_arrays(self) -> bool:
        """Whether it is arrays and no folders."""
        return next(iter(self.corruptions.values())).suffix == ".npy"

    def severities(self, corruption: str) -> list[int]:
        """Those that the set has of a corruption, sorted; none for one that it lacks."""
        place = self.corruptions.get(corruption)
        if place is None:
            return []
        if self.is_arrays:
            return [1, 2, 3, 4, 5]
        return sorted(int(folder.name) for folder in folders(place))

    def content(self, corruption: str, severity: int) -> str:
        """SHA-256 over the files of a corruption at a severity: their paths in it and what is in them."""
        digest = hashlib.sha256(f"released {REVISION} {severity}".encode())
        if self.is_arrays:
            folder, files = self.root, [self.corruptions[corruption].name, LABELS]
        else:
            folder = self.corruptions[corruption] / str(severity)
            files = sorted(images_in(folder))
        for file, content in zip(files, _digests.of(folder, files), strict=True):
            digest.update(f"{content}\0".encode() + file.encode("utf-8", "surrogateescape") + b"\0")
        return digest.hexdigest()

    def images(self, base: Dataset, corruption: str, severity: int) -> ReleasedImages:
        """The released images of a corruption at a severity, for those of a clean dataset, in its order and with its ids.

        Raises:
            DatasetError: a corruption or a severity that the set lacks; images that cannot be matched.
        """
        if severity not in self.severities(corruption):
            raise DatasetError(lacking(self.name, corruption, severity))
        if self.is_arrays:
            rows = Rows.of(self.root, self.corruptions[corruption], severity)
            places, numbers = rows.matched(base)
            return ReleasedImages(
                base, places, Reading(rows, numbers), self._fingerprint(base, corruption, severity), ()
            )
        folder = self.corruptions[corruption] / str(severity)
        paths = matched_paths(base, folder)
        kept = [place for place, path in enumerate(paths) if path]
        absent = tuple("/".join(image_key(base, place)) for place, path in enumerate(paths) if not path)
        if not kept:
            raise DatasetError(
                f"None of the images of {base.name} is in {printable(str(folder))}: it has no {absent[0]}, for example. Images "
                "are matched by class folder and file name, so the clean folder has to be the one that was corrupted."
            )
        reading = Reading(Files(folder, tuple(path for path in paths if path)), np.arange(len(kept)))
        return ReleasedImages(base, np.array(kept), reading, self._fingerprint(base, corruption, severity), absent)

    def _fingerprint(self, base: Dataset, corruption: str, severity: int) -> str:
        parts = (base.fingerprint, self.content(corruption, severity))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


class ReleasedImages:
    """The released images that belong to a clean dataset's; a `Dataset`.

    An image that has the side of the prepared ones already is taken as it is; others are prepared as the clean ones are.

    Args:
        base: the clean dataset.
        places: (N,) int64, of its images that the set has.
        reading: reads them, in that order.
        fingerprint: of the images.
        absent: of the clean images those that the set lacks, by class and name.
    """

    def __init__(
        self, base: Dataset, places: npt.NDArray[np.int64], reading: Reading, fingerprint: str, absent: tuple[str, ...]
    ) -> None:
        self.name, self.split, self.classes, self.side = base.name, base.split, base.classes, base.side
        self.ids: npt.NDArray[np.int64] = np.asarray(base.ids)[places]
        self.labels: npt.NDArray[np.int64] = np.asarray(base.labels)[places]
        self.right = right_classes(base)
        self.fingerprint = fingerprint
        self.absent = absent
        self._preparation: Preparation | None = getattr(base, "preparation", None)
        self._reading = reading

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label)."""
        pixels = self.source(index)
        if pixels.shape[:2] != (self.side, self.side):
            pixels = fit(pixels, self.side, self._preparation)
        return to_tensor(pixels), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side), read in a few threads."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the set has 0 .. {len(self)}.")
        with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
            arrays = list(pool.map(lambda index: self[index][0].numpy(), range(start, stop)))
        return (
            torch.from_numpy(np.stack(arrays)) if arrays else torch.empty(0, 3, self.side, self.side, dtype=torch.uint8)
        )

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image as it was released."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return self._reading(index)


@dataclasses.dataclass(frozen=True)
class Files:
    """Images in a folder, by their paths in it."""

    folder: Path
    paths: tuple[str, ...]

    def read(self, number: int) -> UInt8Array:
        return decode(self.folder / self.paths[number])


@dataclasses.dataclass(frozen=True)
class Reading:
    """Reads the images of a set by their places in a dataset."""

    images: Files | Rows
    numbers: npt.NDArray[np.int64]

    def __call__(self, index: int) -> UInt8Array:
        return self.images.read(int(self.numbers[index]))


def lacking(name: str, corruption: str, severity: int) -> str:
    """That a set lacks a corruption, or a severity of it."""
    return f"the released set {name} has no {corruption} at severity {severity}"


@note
def absent_images(
    released: str, corruption: str, severity: int, images: int, of: int, examples: tuple[str, ...]
) -> str:
    more = f" and {images - len(examples):,} more" if images > len(examples) else ""
    return (
        f"{released}: of {corruption} at severity {severity} {images:,} of {of:,} images are absent and left out: "
        f"{', '.join(examples)}{more}."
    )


def absent_note(images: ReleasedImages, released: str, corruption: str, severity: int) -> list[Note]:
    """What of a clean dataset a released corruption lacks, in a note; none where it has all."""
    if not images.absent:
        return []
    total = len(images) + len(images.absent)
    return [absent_images(released, corruption, severity, len(images.absent), total, images.absent[:3])]
