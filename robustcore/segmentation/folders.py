"""StreetHazards and BDD-Anomaly as their authors publish them.

StreetHazards: a folder with `train/images`, `train/annotations` and `test/...`, or `.odgt` lists ("training.odgt", "validation.odgt",
"test.odgt") whose rows name `fpath_img` and `fpath_segm`. Labels in the files are 1..13, 14 the anomaly, as published; 0 counts for
nothing. BDD-Anomaly: BDD100K's `seg/images/{train,val}` and `seg/labels/{train,val}` with labels 0..18 and 255 for nothing;
motorcycle, train and bicycle are the anomalies (section 4.4).

What the publishers number otherwise is a mistake that the mIoU shows at once; masks are resized by the nearest label.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.errors import DatasetError, UnknownNameError
from robustcore.images import UInt8Array
from robustcore.paths import printable
from robustcore.segmentation.measures import IGNORED

# The publishers' numbers begin at 1 with "unlabeled", which holds everything else.
STREET_HAZARDS = (
    "unlabeled",
    "building",
    "fence",
    "other",
    "pedestrian",
    "pole",
    "road line",
    "road",
    "sidewalk",
    "vegetation",
    "car",
    "wall",
    "traffic sign",
)
BDD = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
)
_BDD_ANOMALIES = (16, 17, 18)  # train, motorcycle, bicycle
_LISTS = {"train": "training.odgt", "val": "validation.odgt", "test": "test.odgt"}
SIDE = 256


class PixelFolder:
    """Pairs of image and mask files; a `PixelDataset`.

    Args:
        name, split, classes, background: as of other datasets with masks.
        pairs_of_files: (image, mask) of each.
        labels: (256,) the label of every value in the files.
        limit: take the first pairs only.
        side: both sides of what images and masks are resized to.
    """

    def __init__(
        self,
        name: str,
        split: str,
        classes: tuple[str, ...],
        background: int | None,
        pairs_of_files: Sequence[tuple[Path, Path]],
        labels: UInt8Array,
        limit: int | None,
        side: int | None,
    ) -> None:
        self.name, self.split, self.classes, self.background = name, split, classes, background
        self.anomaly: int | None = len(classes)
        self.side = side or SIDE
        self._files = list(pairs_of_files)[:limit]
        self._labels = labels
        digests = [hashlib.sha256(str(image.name).encode()).digest()[:8] for image, _ in self._files]
        self.ids: npt.NDArray[np.int64] = np.array([int.from_bytes(d, "big") >> 1 for d in digests], np.int64)
        listed = [(str(image), image.stat().st_size, mask.stat().st_size) for image, mask in self._files]
        identity = [name, split, self.side, listed]
        self.fingerprint = hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._files)

    def pairs(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Images uint8 (n, 3, side, side) and masks uint8 (n, side, side)."""
        images, masks = [], []
        for image_file, mask_file in self._files[start:stop]:
            image, mask = _pixels(image_file, cv2.IMREAD_COLOR), _labels_in(mask_file)
            size = (self.side, self.side)
            shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            images.append(np.ascontiguousarray(shrunk[..., ::-1].transpose(2, 0, 1)))
            masks.append(self._labels[cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)])
        return torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(masks))


def read(root: Path, split: str, limit: int | None = None, side: int | None = None) -> PixelFolder:
    """The dataset in a folder.

    Raises:
        UnknownNameError: no such split.
        DatasetError: a folder that is neither of the two, or has no pairs of this split.
    """
    if split not in _LISTS:
        raise UnknownNameError("split", split, list(_LISTS))
    if any((root / name).is_file() for name in _LISTS.values()) or (root / split / "annotations").is_dir():
        files = _street_hazards(root, split)
        labels = _numbered(range(1, len(STREET_HAZARDS) + 1), (len(STREET_HAZARDS) + 1,), len(STREET_HAZARDS))
        return PixelFolder("StreetHazards", split, STREET_HAZARDS, 0, _checked(files, root), labels, limit, side)
    seg = root / "seg" if (root / "seg").is_dir() else root
    if (seg / "images").is_dir() and (seg / "labels").is_dir():
        files = _bdd(seg, split)
        labels = _numbered(range(len(BDD)), _BDD_ANOMALIES, len(BDD))
        return PixelFolder("BDD-Anomaly", split, BDD, None, _checked(files, root), labels, limit, side)
    raise DatasetError(
        f"The folder {printable(str(root))} is neither StreetHazards (training.odgt, or train/images and train/annotations) nor "
        "BDD100K's segmentation (seg/images and seg/labels)."
    )


def _pixels(file: Path, how: int) -> UInt8Array:
    pixels = cv2.imread(str(file), how)
    if pixels is None:
        raise DatasetError(f"The file {printable(str(file))} cannot be read as an image.")
    if pixels.dtype != np.uint8:
        raise DatasetError(f"The file {printable(str(file))} has {8 * pixels.itemsize} bits a value; 8 are read.")
    levels: UInt8Array = np.asarray(pixels, np.uint8)
    return levels


def _labels_in(file: Path) -> UInt8Array:
    """(H, W) the value of every pixel of a mask."""
    pixels = _pixels(file, cv2.IMREAD_UNCHANGED)
    if pixels.ndim == 2:
        return pixels
    if (pixels[..., :3] != pixels[..., :1]).any():
        raise DatasetError(
            f"The mask {printable(str(file))} is a picture in colours; a mask has one label for each pixel."
        )
    return np.ascontiguousarray(pixels[..., 0])


def _numbered(classes: Sequence[int] | range, anomalies: Sequence[int], anomaly: int) -> UInt8Array:
    """(256,) file value -> label; what is neither class nor anomaly counts for nothing."""
    labels: UInt8Array = np.full(256, IGNORED, np.uint8)
    labels[list(classes)] = np.arange(len(classes))
    labels[list(anomalies)] = anomaly
    return labels


def _street_hazards(root: Path, split: str) -> list[tuple[Path, Path]]:
    listed = root / _LISTS[split]
    if listed.is_file():
        try:
            rows = json.loads(listed.read_text())
            return [(root / row["fpath_img"], root / row["fpath_segm"]) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"The list {printable(str(listed))} cannot be read ({error}); it is JSON with fpath_img and fpath_segm in every row."
            ) from error
    return _twins(root / split / "images", root / split / "annotations")


def _bdd(seg: Path, split: str) -> list[tuple[Path, Path]]:
    """BDD-Anomaly's splits: pairs with an anomaly test, those of "train" and "val" without any train and validate."""
    files = _twins(seg / "images" / "train", seg / "labels" / "train")
    validation = _twins(seg / "images" / "val", seg / "labels" / "val")
    if split == "test":
        return [pair for pair in (*files, *validation) if _has(pair[1], _BDD_ANOMALIES)]
    return [pair for pair in (validation if split == "val" else files) if not _has(pair[1], _BDD_ANOMALIES)]


def _has(mask: Path, values: Sequence[int]) -> bool:
    read_mask = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
    return read_mask is not None and bool(np.isin(read_mask, values).any())


def _twins(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Images and the masks whose names begin alike, in the order of their paths."""
    by_stem = {_stem(path): path for path in sorted(masks.rglob("*.png"))}
    found = [path for path in sorted(images.rglob("*")) if path.suffix.lower() in (".png", ".jpg", ".jpeg")]
    return [(path, by_stem[_stem(path)]) for path in found if _stem(path) in by_stem]


def _stem(path: Path) -> str:
    return path.stem.removesuffix("_train_id")


def _checked(files: list[tuple[Path, Path]], root: Path) -> list[tuple[Path, Path]]:
    if not files:
        raise DatasetError(f"The folder {printable(str(root))} has no pairs of image and mask for this split.")
    for path in (path for pair in files for path in pair):
        if not path.resolve().is_relative_to(root.resolve()):
            raise DatasetError(f"{printable(str(path))} is not within {printable(str(root))}.")
        if not path.is_file():
            raise DatasetError(f"{printable(str(path))} is named in a list and is not there.")
    return files
