"""A folder of class folders as a dataset."""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets import _digests
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.images import UInt8Array, decode, fit, to_tensor

SIDE = 224
REVISION = 1  # of the preparation; a part of every fingerprint

_SPLITS = ("train", "val", "test")
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
_SIDES = range(8, 2049)
_DECODERS = min(8, os.cpu_count() or 1)


class Folder:
    """Images in one folder for each class, as torchvision's ImageFolder has them; a `Dataset`.

    Classes are the folders' names, sorted. Where the folder has folders "train", "val" or "test" with class folders in
    them, these are its splits, and all splits share one list of classes; otherwise it is one set, whose split is "all".
    Class folders may have further folders in them. Hidden files, files without a PNG, JPEG, WebP, BMP, GIF or TIFF
    suffix, and folders without images are ignored. One class is enough for an evaluation.

    Images are ordered by id, a hash of their path in the folder: a random order that does not change for the others when
    images are added or removed, so that a prefix is a fair sample.

    Args:
        root: the folder.
        split: "train", "val" or "test".
        limit: take the first images only; more than there are takes all.
        side: images are resized (shorter side, bilinear, antialiased) and cropped at the centre to this many pixels.

    Raises:
        DatasetError: no images in class folders, no such split, or a folder that cannot be read.
        ImageError: on access, an image that cannot be decoded; it names the file.
    """

    def __init__(self, root: Path | str, split: str = "test", limit: int | None = None, side: int = SIDE) -> None:
        if side not in _SIDES:
            raise InvalidArgumentError(f"Images have a side of {_SIDES[0]} to {_SIDES[-1]} pixels, not {side!r}.")
        self.root = Path(root).absolute()
        self.name = self.root.resolve().name
        self.side = side
        splits = _splits(self.root)
        self.split = split if splits else "all"
        files_by_split = {part: _class_files(self.root, self.root / part) for part in (splits or [""])}
        self.classes = tuple(sorted({name for files in files_by_split.values() for name in files}))
        if not self.classes:
            raise DatasetError(_no_images_message(self.root))
        part = split if splits else ""
        if part not in files_by_split or not files_by_split[part]:
            have = ", ".join(name for name in splits if files_by_split[name])
            raise DatasetError(f"The folder {self.root} has no images for the split {split!r}; it has {have}.")
        label = {name: number for number, name in enumerate(self.classes)}
        items = sorted(
            (_path_id(path), path, label[name]) for name, files in files_by_split[part].items() for path in files
        )
        self._everything = [path for _, path, _ in items]  # the fingerprint covers what a limit leaves out
        items = items[:limit]
        self.paths = [path for _, path, _ in items]  # relative to the root, with / between the parts
        self.ids: npt.NDArray[np.int64] = np.array([id_ for id_, _, _ in items], dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = np.array([number for _, _, number in items], dtype=np.int64)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over what determines the images; computed at first use."""
        return self._digest()

    def _digest(self) -> str:
        """SHA-256 over every image's path and content, the classes and the preparation.

        Contents count, not dates: a copy on another machine has the same fingerprint, a replaced image a different one. All
        files are read the first time; their digests are cached and recomputed only for files with a new size or
        modification time.
        """
        digest = hashlib.sha256()
        prepared = {"fit": REVISION, "side": self.side, "classes": self.classes, "split": self.split}
        digest.update(json.dumps(prepared, sort_keys=True).encode())
        for path, content in zip(self._everything, _digests.of(self.root, self._everything), strict=True):
            digest.update(_encoded(path) + b"\0" + content.encode() + b"\0")
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"Folder({str(self.root)!r}, {self.split!r}, {len(self)} images, side {self.side})"

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label)."""
        return to_tensor(fit(self.source(index), self.side)), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side), decoded in a few threads."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the dataset has 0 .. {len(self)}.")
        # NumPy memory, because other threads cannot write to a tensor created under torch.inference_mode.
        out = np.empty((stop - start, 3, self.side, self.side), np.uint8)

        def prepare(index: int) -> None:
            out[index - start] = self[index][0].numpy()

        with concurrent.futures.ThreadPoolExecutor(_DECODERS) as pool:
            for _ in pool.map(prepare, range(start, stop)):
                pass  # taking the results raises what a thread raised
        return torch.from_numpy(out)

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image as the file has it."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return decode(self.root / self.paths[index])


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")  # file names need not be valid UTF-8


def _path_id(path: str) -> int:
    return int.from_bytes(hashlib.sha256(_encoded(path)).digest()[:8], "big") >> 1


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise DatasetError(f"The folder {folder} cannot be read ({error.strerror or error}).") from error


def _is_image(entry: os.DirEntry[str]) -> bool:
    return os.path.splitext(entry.name)[1].lower() in _SUFFIXES and entry.is_file()


def _splits(root: Path) -> list[str]:
    """The splits of a folder. A folder "train" that contains images directly is a class (of trains), not a split."""
    splits = []
    for entry in _entries(root):
        if entry.name in _SPLITS and entry.is_dir():
            inside = _entries(root / entry.name)
            if any(e.is_dir() for e in inside) and not any(_is_image(e) for e in inside):
                splits.append(entry.name)
    return splits


def _class_files(root: Path, folder: Path) -> dict[str, list[str]]:
    """Class name -> paths of its images, relative to `root`; classes without images are left out."""
    files_by_class = {}
    for entry in _entries(folder):
        if entry.is_dir():
            files = [Path(path).relative_to(root).as_posix() for path in _walk(Path(entry.path), frozenset())]
            if files:
                files_by_class[entry.name] = files
    return files_by_class


def _walk(folder: Path, above: frozenset[str]) -> Iterator[str]:
    """Paths of the images in and below a folder. Links are followed, but not in circles."""
    here = os.path.realpath(folder)
    if here in above:
        return
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {here})
        elif _is_image(entry):
            yield entry.path


def _no_images_message(root: Path) -> str:
    wanted = "A dataset has one folder for each class, with PNG, JPEG, WebP, BMP, GIF or TIFF images in it"
    if any(_is_image(entry) for entry in _entries(root)):
        return f"The folder {root} has images, but none in a class folder. {wanted}: sort the images into such folders."
    return f"The folder {root} has no images in class folders. {wanted}."
