"""Readers for the natural shifts of ImageNet: ImageNet-A, -R, -V2, -Sketch and ObjectNet, as their authors publish them.

The sets lie side by side in one folder, which the environment variable `ROBUSTCORE_SHIFTS` names:

    imagenet-a/n01498041/...     imagenet-r/n01443537/...    imagenet-sketch/n01440764/... (also sketch/)
    imagenetv2-matched-frequency-format-val/0/...            (folders are numbers, in the order of the WordNet ids)
    objectnet-1.0/images/alarm_clock/..., objectnet-1.0/mappings/*.json

Each is read as a shift of a clean folder of ImageNet images, whose 1,000 class folders are named by WordNet ids; labels
are those of that folder. For sets with fewer classes, models choose among these alone, as the sets' authors do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.datasets.folder import SIDE, Folder
from robustcore.errors import DatasetError, UnknownNameError
from robustcore.images import UInt8Array
from robustcore.images.preparation import Preparation

VARIABLE = "ROBUSTCORE_SHIFTS"
REVISION = 1

_WORDNET = re.compile(r"n\d{8}")
_BORDER = 2  # pixels: ObjectNet's images have a red frame, to prevent training on them by accident
_OBJECTNET_FILES = (
    "folder_to_objectnet_label.json",
    "objectnet_to_imagenet_1k.json",
    "pytorch_to_imagenet_2012_id.json",
    "imagenet_to_label_2012_v2",
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a set is published.

    Attributes:
        summary: one sentence.
        folders: names that its folder may have, under `ROBUSTCORE_SHIFTS`.
        classes: how class folders are named: "wordnet", "numbers", or "objectnet".
    """

    summary: str
    folders: tuple[str, ...]
    classes: str = "wordnet"


def _v2(selection: str) -> tuple[str, ...]:
    return f"imagenetv2-{selection}-format-val", f"imagenetv2-{selection}"


LAYOUTS: dict[str, Layout] = {
    "imagenet-a": Layout("natural images that a ResNet-50 failed on, 200 classes", ("imagenet-a",)),
    "imagenet-r": Layout("art, cartoons, toys and other renditions, 200 classes", ("imagenet-r",)),
    "imagenet-sketch": Layout("sketches, 1,000 classes", ("imagenet-sketch", "sketch")),
    "imagenet-v2": Layout(
        "ImageNet collected once more, matched frequency", (*_v2("matched-frequency"), "imagenet-v2"), "numbers"
    ),
    "imagenet-v2-threshold-0.7": Layout(
        "ImageNet collected once more, agreement of 0.7 and above", _v2("threshold0.7"), "numbers"
    ),
    "imagenet-v2-top-images": Layout("ImageNet collected once more, highest agreement", _v2("top-images"), "numbers"),
    "objectnet": Layout(
        "household objects rotated, on other backgrounds, from other viewpoints; the classes shared with ImageNet",
        ("objectnet-1.0", "objectnet"),
        "objectnet",
    ),
}


def find(name: str) -> Path:
    """The folder of a set.

    Raises:
        UnknownNameError: no set of that name.
        DatasetError: `ROBUSTCORE_SHIFTS` is not set, or has no such folder.
    """
    if name not in LAYOUTS:
        raise UnknownNameError("natural shift", name, LAYOUTS)
    root = os.environ.get(VARIABLE)
    if not root:
        raise DatasetError(f"{name} is not on this machine: {VARIABLE} has to name the folder that has it.")
    for folder in LAYOUTS[name].folders:
        if (path := Path(root).expanduser() / folder).is_dir():
            return path
    raise DatasetError(
        f"{name} is not in {root}, where {VARIABLE} points: it lacks a folder {LAYOUTS[name].folders[0]}."
    )


def here() -> list[str]:
    """The sets that are on this machine."""
    available = []
    for name in LAYOUTS:
        with contextlib.suppress(DatasetError):
            find(name)
            available.append(name)
    return available


class ImageNetShift(Folder):
    """One natural shift of ImageNet; a `Dataset` whose labels are those of the clean folder.

    Args:
        name: a key of `LAYOUTS`.
        clean: names of the clean folder's classes, WordNet ids.
        side: of the prepared images; the clean folder's.
        preparation: of the images, where the clean folder's is another one than that of its side.

    Attributes:
        among: (m,) the classes that a model may choose from; counted_as: (m,) the label for each of them, which differs
            where several ImageNet classes form one ObjectNet class.

    Raises:
        DatasetError: a set that is missing or incomplete, or a clean folder that is not ImageNet's.
    """

    def __init__(
        self, name: str, clean: Sequence[str], side: int = SIDE, *, preparation: Preparation | None = None
    ) -> None:
        root = find(name)
        kind = LAYOUTS[name].classes
        super().__init__(root / "images" if kind == "objectnet" else root, "test", None, side, preparation=preparation)
        self.name, self._border = name, _BORDER if kind == "objectnet" else 0
        labels_of_folders = _clean_classes(name, kind, root, self.classes, tuple(clean))
        if not labels_of_folders:
            raise DatasetError(f"The folder {self.root} has none of the class folders of {name}.")
        kept = np.array([self.classes[label] in labels_of_folders for label in self.labels], dtype=bool)
        folders = [self.classes[label] for label in self.labels[kept]]
        self.paths = [path for path, keep in zip(self.paths, kept, strict=True) if keep]
        self.ids, self.labels = self.ids[kept], np.array([labels_of_folders[f][0] for f in folders], dtype=np.int64)
        self.classes = tuple(clean)
        pairs = sorted({(class_, ids[0]) for ids in labels_of_folders.values() for class_ in ids})
        self.among: npt.NDArray[np.int64] = np.array([p[0] for p in pairs], dtype=np.int64)
        self.counted_as: npt.NDArray[np.int64] = np.array([p[1] for p in pairs], dtype=np.int64)
        self._labels_of_folders = labels_of_folders

    def _digest(self) -> str:
        """SHA-256 over the folder's own fingerprint, and which ImageNet classes each folder shows."""
        contents = {"shift": REVISION, "folder": super()._digest(), "meant": self._labels_of_folders}
        return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image as the file has it, without ObjectNet's red frame."""
        image = super().source(index)
        b = self._border
        return np.ascontiguousarray(image[b : image.shape[0] - b, b : image.shape[1] - b]) if b else image


def content(name: str) -> str:
    """SHA-256 over a set's files, whatever they are a shift of."""
    root = find(name)
    kind = LAYOUTS[name].classes
    digest = hashlib.sha256(f"{REVISION} {name}".encode())
    digest.update(Folder(root / "images" if kind == "objectnet" else root).fingerprint.encode())
    if kind == "objectnet":
        for file in _OBJECTNET_FILES:
            digest.update(_read(root, file).encode())
    return digest.hexdigest()


def _clean_classes(
    name: str, kind: str, root: Path, folders: Sequence[str], clean: tuple[str, ...]
) -> Mapping[str, tuple[int, ...]]:
    """Folder -> the clean classes that it shows; folders that show none are left out."""
    place = {class_: number for number, class_ in enumerate(clean)}
    if kind == "wordnet":
        unknown = [folder for folder in folders if folder not in place]
        if unknown:
            raise DatasetError(
                f"{name} is a shift of ImageNet, whose class folders are named by WordNet ids; the clean dataset has no "
                f"{unknown[0]}, but classes such as {clean[0]!r}."
            )
        return {folder: (place[folder],) for folder in folders}
    if len(clean) != 1000:
        raise DatasetError(f"{name} is a shift of ImageNet's 1,000 classes; the clean dataset has {len(clean)}.")
    others = [class_ for class_ in clean if not _WORDNET.fullmatch(class_)]
    if others:  # in a different order, numbers would denote other classes
        raise DatasetError(
            f"{name} numbers its classes in the order of ImageNet's WordNet ids; name the clean dataset's class folders by these, "
            f"as n01440764, and not as {others[0]!r}."
        )
    # ImageNet's classes are numbered in the order of their WordNet ids, which is the clean folder's.
    if kind == "numbers":
        wrong = [folder for folder in folders if not folder.isdigit() or int(folder) >= len(clean)]
        if wrong:
            raise DatasetError(f"The class folders of {name} are named 0 to 999; {root} has {wrong[0]!r}.")
        return {folder: (int(folder),) for folder in folders}
    return _objectnet(root, folders)


def _objectnet(root: Path, folders: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """The folders of ObjectNet that ImageNet has classes for, by the tables that come with it."""
    labels, shared, numbers = (_table(root, file) for file in _OBJECTNET_FILES[:3])
    names = [line.strip() for line in _read(root, _OBJECTNET_FILES[3]).splitlines()]
    try:
        number = {int(old): int(new) for new, old in numbers.items()}
        place = {name: number[old] for old, name in enumerate(names) if old in number}
        return {
            folder: tuple(place[class_] for class_ in shared[labels[folder]].split("; "))
            for folder in folders
            if labels.get(folder) in shared
        }
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise DatasetError(f"The tables in {root / 'mappings'} do not fit together ({error}).") from error


def _read(root: Path, file: str) -> str:
    path = root / "mappings" / file
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"ObjectNet's table {path} cannot be read; it comes with ObjectNet: unpack all of it."
        ) from error


def _table(root: Path, file: str) -> dict[str, Any]:
    try:
        table = json.loads(_read(root, file))
    except ValueError as error:
        raise DatasetError(f"ObjectNet's table {root / 'mappings' / file} is not valid JSON ({error}).") from error
    if not isinstance(table, dict):
        raise DatasetError(f"ObjectNet's table {root / 'mappings' / file} is not a table of names.")
    return table
