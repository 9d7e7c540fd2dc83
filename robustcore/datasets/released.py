"""Corrupted images that others have published: ImageNet-C, Tiny-ImageNet-C and the CIFAR sets, as they are unpacked.

    ImageNet-C/fog/3/n01440764/ILSVRC2012_val_00000293.JPEG      also with blur/, digital/ ... above the corruptions
    CIFAR-10-C/fog.npy, labels.npy                               five blocks of equal size, severities 1 to 5

Images in folders are matched with the clean folder's by class and by their path in the class folder, whatever the
endings; rows of an array by their place in the original order, where the labels have to agree.
"""

from __future__ import annotations

import concurrent.futures
import copy
import dataclasses
import functools
import hashlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets import _digests, class_folders
from robustcore.datasets._base import Dataset, right_classes
from robustcore.datasets.folder import Folder
from robustcore.errors import DatasetError, ImageError, InvalidArgumentError
from robustcore.images import UInt8Array, decode, fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.notes import Note, note
from robustcore.paths import printable

REVISION = 1  # of how released images are matched and prepared; a part of their fingerprints

_SEVERITIES = ("1", "2", "3", "4", "5")
_LABELS = "labels.npy"
_READERS = min(8, os.cpu_count() or 1)
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def is_released(path: Path) -> bool:
    """Whether a folder is laid out as a released set of corrupted images: every folder in it is a corruption with its
    severities, or a group of such, or there are arrays with their labels."""
    if (path / _LABELS).is_file() and any(p.name != _LABELS for p in path.glob("*.npy")):
        return True
    inside = _folders(path)
    return bool(inside) and all(
        _is_corruption(child) or all(map(_is_corruption, _folders(child) or [child])) for child in inside
    )


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
        if (root / _LABELS).is_file():
            by_name = {_name(p.stem): p for p in sorted(root.glob("*.npy")) if p.name != _LABELS}
        else:
            for child in _folders(root):
                for folder in [child] if _is_corruption(child) else filter(_is_corruption, _folders(child)):
                    by_name.setdefault(_name(folder.name), folder)
        if not by_name:
            raise DatasetError(
                f"The folder {where} is no released set of corrupted images: those have a folder for each corruption, in it the "
                f"severities 1 to 5 and in these the class folders, as ImageNet-C; or an array for each corruption and {_LABELS}, "
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
        return sorted(int(folder.name) for folder in _folders(place))

    def content(self, corruption: str, severity: int) -> str:
        """SHA-256 over the files of a corruption at a severity: their paths in it and what is in them."""
        digest = hashlib.sha256(f"released {REVISION} {severity}".encode())
        if self.is_arrays:
            folder, files = self.root, [self.corruptions[corruption].name, _LABELS]
        else:
            folder = self.corruptions[corruption] / str(severity)
            files = sorted(_images(folder))
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
            rows = _Rows.of(self.root, self.corruptions[corruption], severity)
            places, numbers = rows.matched(base)
            return ReleasedImages(
                base, places, _Reading(rows, numbers), self._fingerprint(base, corruption, severity), ()
            )
        folder = self.corruptions[corruption] / str(severity)
        paths = _matched(base, folder)
        kept = [place for place, path in enumerate(paths) if path]
        absent = tuple("/".join(image_key(base, place)) for place, path in enumerate(paths) if not path)
        if not kept:
            raise DatasetError(
                f"None of the images of {base.name} is in {printable(str(folder))}: it has no {absent[0]}, for example. Images "
                "are matched by class folder and file name, so the clean folder has to be the one that was corrupted."
            )
        reading = _Reading(_Files(folder, tuple(path for path in paths if path)), np.arange(len(kept)))
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
        self, base: Dataset, places: npt.NDArray[np.int64], reading: _Reading, fingerprint: str, absent: tuple[str, ...]
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
        self._first = first / str(released.severities(_name(first.name))[0])
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
        rows = _Rows.of(released.root, first, 1)
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
                ["released arrays alone", released.content(_name(first.stem), 1), self.side, self.classes]
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


def lacking(name: str, corruption: str, severity: int) -> str:
    """That a set lacks a corruption, or a severity of it."""
    return f"the released set {name} has no {corruption} at severity {severity}"


def image_key(dataset: Dataset, index: int) -> tuple[str, str]:
    """What an image is matched by: (its class, its path in the class folder without a folder "images"); for images of no
    files the id."""
    label = int(np.asarray(dataset.labels)[index])
    class_ = dataset.classes[label] if label >= 0 else "unlabelled"
    paths: Any = getattr(dataset, "paths", None)
    if paths is None:
        return class_, str(int(dataset.ids[index]))
    parts = PurePosixPath(paths[index]).parts
    same = unicodedata.normalize("NFC", class_)
    places = [k for k, part in enumerate(parts[:-1]) if unicodedata.normalize("NFC", part) == same]
    start = 0 if dataset.split == "all" else 1  # a split's folder may be named as a class is
    place = next((k for k in places if k >= start), None)
    rest = parts[-1:] if place is None else parts[place + 1 :]
    return class_, "/".join(rest[1:] if len(rest) > 1 and rest[0] == "images" else rest)


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


# Reading


@dataclasses.dataclass(frozen=True)
class _Files:
    """Images in a folder, by their paths in it."""

    folder: Path
    paths: tuple[str, ...]

    def read(self, number: int) -> UInt8Array:
        return decode(self.folder / self.paths[number])


@dataclasses.dataclass(frozen=True)
class _Rows:
    """The block of one severity of an array on disk."""

    file: Path
    start: int
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, root: Path, file: Path, severity: int) -> _Rows:
        labels, pixels = _array(root / _LABELS), _array(file)
        n = len(pixels) // 5
        if pixels.ndim != 4 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8 or not n or len(pixels) % 5:
            raise DatasetError(
                f"The array {printable(str(file))} has the shape {pixels.shape} and the type {pixels.dtype}; a released one has "
                "five blocks of equal size of (H, W, 3) images of uint8."
            )
        if labels.shape not in ((n,), (5 * n,)) or labels.dtype.kind not in "iu":
            raise DatasetError(
                f"{printable(str(root / _LABELS))} has the shape {labels.shape}; with {len(pixels)} images it has {n} or {5 * n} "
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
        numbers = _numbers(base)
        if numbers is None or (len(numbers) and int(numbers.max()) >= len(self.labels)):
            raise DatasetError(
                f"The images of {base.name} cannot be matched with the {len(self.labels):,} rows of {printable(str(self.file))}: "
                "rows are matched by place, so the clean images are CIFAR's own files, or are named by their numbers in them."
            )
        differing = np.flatnonzero(self.labels[numbers] != np.asarray(base.labels))
        if len(differing):
            place = int(differing[0])
            raise DatasetError(
                f"{len(differing):,} labels of {base.name} are not those of {printable(str(self.file.parent / _LABELS))}: row "
                f"{int(numbers[place])} is class {int(self.labels[numbers[place]])} there and "
                f"{int(np.asarray(base.labels)[place])} here. Clean and corrupted images have to be in the same order."
            )
        return np.arange(len(numbers)), numbers


@dataclasses.dataclass(frozen=True)
class _Reading:
    """Reads the images of a set by their places in a dataset."""

    images: _Files | _Rows
    numbers: npt.NDArray[np.int64]

    def __call__(self, index: int) -> UInt8Array:
        return self.images.read(int(self.numbers[index]))


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


def _numbers(base: Dataset) -> npt.NDArray[np.int64] | None:
    """(N,) each image's place in the original order; None where nothing tells it."""
    paths: Any = getattr(base, "paths", None)
    ids = np.asarray(base.ids)
    if paths is None:
        return ids if len(np.unique(ids)) == len(ids) else None
    matches = [re.match(r"\d+", PurePosixPath(path).name) for path in paths]
    if not all(matches):
        return None
    numbers = np.array([int(m.group()) for m in matches if m], dtype=np.int64)
    return numbers if len(np.unique(numbers)) == len(numbers) else None


def _matched(base: Dataset, folder: Path) -> list[str]:
    """For each image of a clean dataset the path of the released one in `folder`; "" where there is none."""
    by_class: dict[str, Callable[[str], str]] = {}
    named = {unicodedata.normalize("NFC", child.name): child.name for child in _folders(folder)}
    matched = []
    for index in range(len(base)):
        class_, rest = image_key(base, index)
        if class_ not in by_class:
            by_class[class_] = _finder(folder, named.get(unicodedata.normalize("NFC", class_)))
        matched.append(sys.intern(by_class[class_](rest)))  # mostly the same paths under every condition
    return matched


def _finder(folder: Path, class_: str | None) -> Callable[[str], str]:
    """An image's path in its class folder -> the path of the released one in `folder`, the same but for the ending."""
    if class_ is None:
        return lambda rest: ""
    whole, stems = {}, {}
    for path in sorted(_images(folder / class_)):
        rest = path.removeprefix("images/")
        whole[rest] = stems[os.path.splitext(rest)[0]] = f"{class_}/{path}"

    def find(rest: str) -> str:
        return whole.get(rest) or stems.get(rest) or stems.get(os.path.splitext(rest)[0], "")

    return find


def _images(folder: Path) -> Iterator[str]:
    """The images in and below a folder, by their paths in it, with / between the parts."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from (f"{entry.name}/{path}" for path in _images(Path(entry.path)))
            elif class_folders.is_image(entry):
                yield entry.name


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir() and not e.name.startswith((".", "@", "__")))
    except OSError as error:
        raise DatasetError(
            f"The folder {printable(str(folder))} cannot be read ({error.strerror or error})."
        ) from error


def _own_side(folder: Path) -> int | None:
    """The side of the images in a folder, by the first one; None where that is not square, or cannot be read."""
    first = next(_images(folder), None)
    try:
        height, width = decode(folder / first).shape[:2] if first else (0, 1)
    except ImageError:  # `Folder` says which images cannot be read
        return None
    return height if height == width else None


def _is_corruption(folder: Path) -> bool:
    """Whether a folder has severities and nothing else, with class folders in them."""
    severities = _folders(folder)
    if not severities or any(s.name not in _SEVERITIES for s in severities):
        return False
    return all(_folders(severity) for severity in severities)


def _name(folder: str) -> str:
    """A corruption's name as it is registered here."""
    return re.sub(r"[\s-]+", "_", folder.strip().casefold())


def _without_clean(name: str) -> str:
    return (
        f"{name} has corrupted images alone: name the folder of the clean ones as the dataset, and this one with --released, "
        "for their accuracy"
    )
