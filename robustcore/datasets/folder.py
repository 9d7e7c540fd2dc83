"""A folder of class folders as a dataset."""

from __future__ import annotations

import concurrent.futures
import copy
import functools
import hashlib
import json
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets import _digests, class_folders
from robustcore.errors import DatasetError, ImageError, InvalidArgumentError
from robustcore.images import UInt8Array, decode, fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.notes import Note
from robustcore.paths import printable

SIDE = 224
REVISION = 1  # of the preparation; a part of every fingerprint

_NAMED = 10  # broken files in one sentence
_SIDES = range(8, 2049)
_DECODERS = min(8, os.cpu_count() or 1)
ImageFile = tuple[int, str, int]  # id, path, label


class Folder:
    """Images in one folder for each class, as torchvision's ImageFolder has them; a `Dataset`.

    Classes are the folders' names, sorted. Where the folder has folders "train", "val" or "test", in any usual spelling,
    with class folders in them, these are its splits, and all splits share one list of classes; otherwise it is one set,
    whose split is "all". Class folders may have further folders in them. One class is enough to evaluate on. Left out are
    hidden and system files, files with other endings than `images.SUFFIXES`, folders without images, and images that
    cannot be read, which are looked for once; `left_out` says what.

    Images are ordered by id, a hash of their path in the folder: a random order that does not change for the others when
    images are added or removed, so that a prefix is a fair sample.

    Args:
        root: the folder.
        split: "train", "val" or "test".
        limit: take the first images only; more than there are takes all.
        side: images are resized (shorter side, bilinear, antialiased) and cropped at the centre to this many pixels; by
            default 224, unless a model brings a preparation of its own.
        preparation: another way to prepare them; its side is theirs.

    Raises:
        DatasetError: no images in class folders, no such split, or a folder that cannot be read.
        ImageError: on access, an image that has changed and cannot be decoded; it names the file.
    """

    def __init__(
        self,
        root: Path | str,
        split: str = "test",
        limit: int | None = None,
        side: int | None = None,
        *,
        preparation: Preparation | None = None,
    ) -> None:
        self.chosen = side is not None or preparation is not None
        side = preparation.side if preparation else SIDE if side is None else side
        if side not in _SIDES:
            raise InvalidArgumentError(f"Images have a side of {_SIDES[0]} to {_SIDES[-1]} pixels, not {side!r}.")
        self.root = Path(root).absolute()
        self.name = _name(self.root.resolve())
        self.side = side
        self.preparation = preparation or Preparation(side, side)
        self._otherwise: dict[Preparation, Folder] = {}
        self._items, self._left_out = self._read(split)
        items, self._broken = self._chosen(limit)
        if not items:
            why = next(iter(self._unreadable.values()))
            raise DatasetError(f"None of the {len(self._items):,} images of {self.name} can be read. {why}")
        self.paths = [path for _, path, _ in items]  # relative to the root, with / between the parts
        self.ids: npt.NDArray[np.int64] = np.array([id_ for id_, _, _ in items], dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = np.array([number for _, _, number in items], dtype=np.int64)

    def _read(self, split: str) -> tuple[list[ImageFile], tuple[Note, ...]]:
        """The split's images in order, and what is left out; sets the classes and the split."""
        contents = class_folders.read(self.root, self.name)
        self.classes: tuple[str, ...] = contents.classes
        self.split = "all" if class_folders.WHOLE in contents.splits else split
        part = contents.splits.get(class_folders.WHOLE if self.split == "all" else split)
        if part is None or not part.classes:
            raise DatasetError(_no_such_split(self.root, split, contents))
        label = {name: number for number, name in enumerate(self.classes)}
        items = sorted((path_id(p), p, label[name]) for name, files in part.classes.items() for p in files)
        return items, tuple(contents.notes)

    @functools.cached_property
    def _unreadable(self) -> dict[str, str]:
        """Path -> why it cannot be read, of all of the split's images: the fingerprint covers what a limit leaves out."""
        return _digests.unreadable(self.root, [path for _, path, _ in self._items])

    def _chosen(self, limit: int | None) -> tuple[list[ImageFile], dict[str, str]]:
        """The readable images, up to the limit, and what was broken before it; no more files are opened than that takes."""
        if limit is None:
            return [item for item in self._items if item[1] not in self._unreadable], self._unreadable
        chosen: list[ImageFile] = []
        broken: dict[str, str] = {}
        place = 0
        while len(chosen) < limit and place < len(self._items):
            items = self._items[place : place + limit - len(chosen)]
            broken |= _digests.unreadable(self.root, [path for _, path, _ in items])
            chosen += [item for item in items if item[1] not in broken]
            place += len(items)
        return chosen, broken

    @property
    def left_out(self) -> tuple[Note, ...]:
        """What of the folder is not among the images, and why."""
        if not self._broken:
            return self._left_out
        reasons = tuple(self._broken.values())[:_NAMED]
        return (*self._left_out, class_folders.unreadable_images(self.name, len(self._broken), reasons))

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over what determines the images; computed at first use."""
        return self._digest()

    def prepared(self, preparation: Preparation) -> Folder:
        """The same images in another preparation."""
        if preparation not in self._otherwise:
            other = copy.copy(self)
            vars(other).pop("fingerprint", None)
            other.side, other.preparation, other._otherwise = preparation.side, preparation, {}
            self._otherwise[preparation] = other
        return self._otherwise[preparation]

    def _digest(self) -> str:
        """SHA-256 over every image's path and content, the classes and the preparation.

        Contents count, not dates: a copy on another machine has the same fingerprint, a replaced image a different one. All
        files are read the first time; their digests are cached and recomputed only for files with a new size or
        modification time.
        """
        digest = hashlib.sha256()
        prepared: dict[str, Any] = {
            "fit": REVISION,
            "side": self.side,
            "classes": self.classes,
            "split": self.split,
        }
        if not self.preparation.is_default:
            prepared["preparation"] = self.preparation.to_dict()
        digest.update(json.dumps(prepared, sort_keys=True).encode())
        # A file that cannot be read is as one that is not there.
        readable = [path for _, path, _ in self._items if path not in self._unreadable]
        for path, content in zip(readable, _digests.of(self.root, readable), strict=True):
            digest.update(_encoded(path) + b"\0" + content.encode() + b"\0")
        if labels := self._labels_of_files():
            digest.update(json.dumps(labels).encode())
        return digest.hexdigest()

    def _labels_of_files(self) -> list[tuple[str, int]]:
        """(path, label) of the images whose labels a file tells, and not their folders' names, which paths have in them."""
        normal = [unicodedata.normalize("NFC", name) for name in self.classes]
        return [
            (path, label)
            for _, path, label in self._items
            if label >= 0 and normal[label] not in unicodedata.normalize("NFC", path).split("/")[:-1]
        ]

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"Folder({printable(str(self.root))!r}, {self.split!r}, {len(self)} images, side {self.side})"

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label)."""
        return to_tensor(fit(self.source(index), self.side, self.preparation)), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side), decoded in a few threads."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the dataset has 0 .. {len(self)}.")
        # NumPy memory, because other threads cannot write to a tensor created under torch.inference_mode.
        out = np.empty((stop - start, 3, self.side, self.side), np.uint8)

        def prepare(index: int) -> None:
            out[index - start] = self[index][0].numpy()

        with concurrent.futures.ThreadPoolExecutor(_DECODERS) as pool:
            errors = [e for e in (f.exception() for f in [pool.submit(prepare, i) for i in range(start, stop)]) if e]
        if errors:
            images = [str(error) for error in errors if isinstance(error, ImageError)]
            if len(errors) == len(images) > 1:
                raise ImageError(f"{len(images)} images cannot be read: {' '.join(images[:_NAMED])}")
            raise next((e for e in errors if not isinstance(e, ImageError)), errors[0])
        return torch.from_numpy(out)

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image as the file has it."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return decode(self.root / self.paths[index])


class FolderShift(Folder):
    """Other images of some of a clean dataset's classes; a `Dataset` whose labels are the clean one's.

    Args:
        root: the folder, with a folder for each class, named as the clean dataset's classes.
        clean: the clean dataset's classes.
        side, preparation: as the clean images are prepared.
        name: of the shift.

    Raises:
        DatasetError: a class that the clean dataset lacks.
    """

    def __init__(
        self, root: Path | str, clean: Sequence[str], side: int, *, preparation: Preparation | None = None, name: str
    ) -> None:
        super().__init__(root, "test", None, None if preparation else side, preparation=preparation)
        place = {unicodedata.normalize("NFC", class_): number for number, class_ in enumerate(clean)}
        normal = [unicodedata.normalize("NFC", class_) for class_ in self.classes]
        if unknown := [class_ for class_ in normal if class_ not in place]:
            raise DatasetError(
                f"The shift {name} has a class {unknown[0]!r} that the clean dataset lacks, whose classes are such as "
                f"{clean[0] if clean else 'none'!r}. Name its class folders as the clean ones."
            )
        self.labels = np.array([place[normal[label]] for label in self.labels], dtype=np.int64)
        self._own_classes, self.classes, self.name = self.classes, tuple(clean), name

    def _digest(self) -> str:
        """SHA-256 over the folder's own fingerprint and the classes that its labels are of."""
        folder = copy.copy(self)
        folder.classes = self._own_classes
        return hashlib.sha256(json.dumps([Folder._digest(folder), self.classes]).encode()).hexdigest()


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")  # file names need not be valid UTF-8


def path_id(path: str) -> int:
    """The 63-bit id of an image: a hash of its path in the folder."""
    return int.from_bytes(hashlib.sha256(_encoded(path)).digest()[:8], "big") >> 1


def _name(root: Path) -> str:
    """What people know a folder by; a number alone, such as a severity's, tells little without the folder that it is in."""
    name = printable(root.name)
    return f"{printable(root.parent.name)}/{name}" if name.isdigit() and root.parent.name else name


def _no_such_split(root: Path, split: str, contents: class_folders.Contents) -> str:
    have = []
    for name, part in sorted(contents.splits.items()):
        folder = part.folder.rsplit("/", 1)[-1]
        if part.classes:
            have.append(name if folder == name else f"{name} (the folder {printable(folder)})")
    text = f"The folder {printable(str(root))} has no images for the split {split!r}; it has {', '.join(have)}."
    entry = contents.splits.get(split)
    if entry is not None and entry.unlabelled:
        text += (
            f" The {entry.unlabelled:,} images in {printable(entry.folder)} are in no class folders and nothing tells their "
            "classes: sort them into one folder for each class."
        )
    return text
