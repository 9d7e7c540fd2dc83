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
    Class folders may have further folders in them. Hidden files, and files that are no PNG, JPEG, WebP, BMP, GIF or
    TIFF by their suffix, are left out; so are folders without images. One class is enough to evaluate on.

    The order is that of the image ids, and an id is a hash of the path in the folder: a shuffle that stays as it is for
    all other images when some come and go, so that a prefix is a fair sample.

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
        found = {part: _class_files(self.root, self.root / part) for part in (splits or [""])}
        self.classes = tuple(sorted({name for files in found.values() for name in files}))
        if not self.classes:
            raise DatasetError(_nothing_found(self.root))
        part = split if splits else ""
        if part not in found or not found[part]:
            have = ", ".join(name for name in splits if found[name])
            raise DatasetError(f"The folder {self.root} has no images for the split {split!r}; it has {have}.")
        label = {name: number for number, name in enumerate(self.classes)}
        items = sorted((_path_id(path), path, label[name]) for name, files in found[part].items() for path in files)
        self._everything = [path for _, path, _ in items]  # the fingerprint covers what a limit leaves out
        items = items[:limit]
        self.paths = [path for _, path, _ in items]  # relative to the root, with / between the parts
        self.ids: npt.NDArray[np.int64] = np.array([id_ for id_, _, _ in items], dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = np.array([number for _, _, number in items], dtype=np.int64)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over what determines the images; made when first asked for."""
        return self._digest()

    def _digest(self) -> str:
        """SHA-256 over every image's path and content, the classes and the preparation.

        Contents and not dates: a copy on another machine has the same fingerprint, an exchanged image another one. The
        first time, all files are read; their digests are kept and only made again for files of another size or time
        of change.
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
            raise InvalidArgumentError(f"Images {start} .. {stop} are asked for; the dataset has 0 .. {len(self)}.")
        # NumPy's memory: a tensor made under torch.inference_mode could not be written to by other threads.
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
    """The splits that a folder has. A folder "train" full of images is a class, of railways perhaps, and no split."""
    found = []
    for entry in _entries(root):
        if entry.name in _SPLITS and entry.is_dir():
            inside = _entries(root / entry.name)
            if any(e.is_dir() for e in inside) and not any(_is_image(e) for e in inside):
                found.append(entry.name)
    return found


def _class_files(root: Path, folder: Path) -> dict[str, list[str]]:
    """Class name -> paths of its images, relative to `root`; classes without images are left out."""
    found = {}
    for entry in _entries(folder):
        if entry.is_dir():
            files = [Path(path).relative_to(root).as_posix() for path in _walk(Path(entry.path), frozenset())]
            if files:
                found[entry.name] = files
    return found


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


def _nothing_found(root: Path) -> str:
    wanted = "A dataset has one folder for each class, with PNG, JPEG, WebP, BMP, GIF or TIFF images in it"
    if any(_is_image(entry) for entry in _entries(root)):
        return f"The folder {root} has images, but none in a class folder. {wanted}: sort the images into such folders."
    return f"The folder {root} has no images in class folders. {wanted}."
