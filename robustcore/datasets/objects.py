"""Data sets of torchvision, of torch and of Hugging Face, as Python objects.

An object's own transform of the image is left out: corruptions come before a network's preparation, which its card knows.
"""

from __future__ import annotations

import concurrent.futures
import copy
import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset, Subset

from robustcore.datasets._base import Dataset
from robustcore.datasets.arrays import ArrayDataset
from robustcore.datasets.folder import SIDE, Folder, ImageFile, path_id
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.images import UInt8Array, decode, fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.notes import Note

_READERS = min(8, os.cpu_count() or 1)
Labels = npt.NDArray[np.int64]


class ObjectDataset:
    """The images of an object, read one by one; a `Dataset`.

    Images are ordered by a hash of their place in the object: a random order, so that a prefix is a fair sample.

    Args:
        name, split, classes: of the data set.
        labels: (N,) in the object's order.
        read: place in the object -> uint8 (H, W, 3).
        content: place in the object -> what its image is, for the fingerprint.
        limit: take the first images only.
        side, preparation: of the prepared images; where neither is chosen, small square images stay as they are, and all others are
            prepared as each model's card says.
    """

    def __init__(
        self,
        name: str,
        split: str,
        classes: Sequence[str],
        labels: Labels,
        read: Callable[[int], UInt8Array],
        content: Callable[[int], bytes],
        *,
        limit: int | None = None,
        side: int | None = None,
        preparation: Preparation | None = None,
    ) -> None:
        if not len(labels):
            raise DatasetError(f"The dataset {name} has no images.")
        if not -1 <= labels.min() <= labels.max() < len(classes):
            raise DatasetError(
                f"The labels of the dataset {name} are {labels.min()} to {labels.max()}; with {len(classes)} classes they are 0 to "
                f"{len(classes) - 1}."
            )
        height, width = read(0).shape[:2]
        own = height if height == width < SIDE else None
        self.chosen = side is not None or preparation is not None or own is not None
        self.preparation = preparation or Preparation(side or own or SIDE, side or own or SIDE)
        self.side = self.preparation.side
        self.name, self.split, self.classes = name, split, tuple(classes)
        ids = np.array([path_id(str(place)) for place in range(len(labels))], dtype=np.int64)
        order = np.argsort(ids)[:limit]
        self.ids: Labels = ids[order]
        self.labels: Labels = labels[order]
        self._places, self._all_labels, self._read, self._content = order, labels, read, content

    def __len__(self) -> int:
        return len(self.ids)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all images, labels, classes and the preparation; reads every image once."""
        prepared = ["object", self.classes, self.preparation.to_dict(), self._all_labels.tolist()]
        digest = hashlib.sha256(json.dumps(prepared).encode())
        with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
            for content in pool.map(self._content, range(len(self._all_labels))):
                digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    def prepared(self, preparation: Preparation) -> ObjectDataset:
        """The same images in another preparation."""
        other = copy.copy(self)
        vars(other).pop("fingerprint", None)
        other.side, other.preparation = preparation.side, preparation
        return other

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label)."""
        return to_tensor(fit(self.source(index), self.side, self.preparation).copy()), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side), read in a few threads."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the set has 0 .. {len(self)}.")
        with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
            rows = list(pool.map(lambda index: self[index][0], range(start, stop)))
        return torch.stack(rows) if rows else torch.empty(0, 3, self.side, self.side, dtype=torch.uint8)

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the image as the object has it."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return self._read(int(self._places[index]))


class ListedByObject(Folder):
    """The files that an ImageFolder lists, with its labels; a `Dataset`.

    Args:
        root: of the files.
        samples: (path, label) of each.
        names: of the classes.
        split: of the object.
    """

    def __init__(
        self, root: Path, samples: Sequence[tuple[str, int]], names: Sequence[str], split: str, **chosen: Any
    ) -> None:
        self._samples, self._names, self._split = samples, tuple(names), split
        super().__init__(root, split, **chosen)

    def _read(self, split: str) -> tuple[list[ImageFile], tuple[Note, ...]]:
        self.classes, self.split = self._names, split
        items = []
        for path, label in self._samples:
            relative = Path(os.path.relpath(path, self.root)).as_posix()
            items.append((path_id(relative), relative, int(label)))
        return sorted(items), ()


def converted(
    dataset: object, *, limit: int | None = None, side: int | None = None, preparation: Preparation | None = None
) -> Dataset | None:
    """An object's images as a `Dataset`; None for what is no data set of torch or Hugging Face.

    Raises:
        DatasetError: one that cannot be read by place, or whose items are no images with labels.
    """
    library = type(dataset).__module__.partition(".")[0]
    more = {"limit": limit, "side": side, "preparation": preparation}
    if library == "datasets":
        return _hugging_face(dataset, **more)
    if isinstance(dataset, IterableDataset):
        raise DatasetError(
            "A dataset that can only be read from its beginning cannot be evaluated; one with places can."
        )
    return _torch(dataset, **more) if isinstance(dataset, TorchDataset) else None


def _torch(dataset: Any, **more: Any) -> Dataset:
    plain = _without_transforms(dataset)
    name = str(getattr(plain, "base_folder", "") or type(plain).__name__)
    split = _split(plain)
    names = _classes(plain)
    untouched = getattr(plain, "target_transform", None) is None
    samples, root = getattr(plain, "samples", None), getattr(plain, "root", None)
    if untouched and isinstance(samples, list) and samples and isinstance(root, (str, os.PathLike)) and names:
        return ListedByObject(Path(root), samples, names, split, **more)
    pixels = _array(getattr(plain, "data", None))
    targets = getattr(plain, "targets", None)
    targets = getattr(plain, "labels", None) if targets is None else targets
    if untouched and pixels is not None and targets is not None and more["preparation"] is None:
        labels = np.asarray(targets, dtype=np.int64)
        names = names or _numbers(labels)
        return ArrayDataset(name, pixels, labels, names, split=split, limit=more["limit"], side=more["side"])
    items = [_item(plain, place, name) for place in range(len(plain))] if targets is None or not untouched else None
    labels = np.array([label for _, label in items] if items is not None else targets, dtype=np.int64)

    def read(place: int) -> UInt8Array:
        return _item(plain, place, name)[0]

    def content(place: int) -> bytes:
        image = read(place)
        return f"{image.shape}".encode() + image.tobytes()

    return ObjectDataset(name, split, names or _numbers(labels), labels, read, content, **more)


def _without_transforms(dataset: Any) -> Any:
    """The object without what it does to images; a `Subset` of such for a subset."""
    if isinstance(dataset, Subset):
        part: Any = Subset(_without_transforms(dataset.dataset), dataset.indices)
        for field in ("classes", "base_folder", "target_transform", "train", "split"):
            if hasattr(part.dataset, field):
                setattr(part, field, getattr(part.dataset, field))
        return part
    if getattr(dataset, "transform", None) is None and getattr(dataset, "transforms", None) is None:
        return dataset
    plain = copy.copy(dataset)
    if hasattr(plain, "transforms"):
        from torchvision.datasets.vision import StandardTransform

        plain.transforms = StandardTransform(None, getattr(plain, "target_transform", None))
    plain.transform = None
    return plain


def _split(dataset: Any) -> str:
    train = getattr(dataset, "train", None)
    if isinstance(train, bool):
        return "train" if train else "test"
    split = getattr(dataset, "split", None)
    return split if isinstance(split, str) else "all"


def _classes(dataset: Any) -> tuple[str, ...]:
    names = getattr(dataset, "wnids", None) or getattr(dataset, "classes", None) or ()
    return tuple(", ".join(name) if isinstance(name, tuple) else str(name) for name in names)


def _numbers(labels: Labels) -> tuple[str, ...]:
    return tuple(map(str, range(int(labels.max(initial=0)) + 1)))


def _array(data: Any) -> npt.NDArray[np.uint8] | None:
    """uint8 (N, H, W, 3) of images that an object keeps in memory; None for anything else."""
    pixels = data.numpy() if isinstance(data, Tensor) else data
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or not len(pixels):
        return None
    if pixels.ndim == 3:
        return np.repeat(pixels[..., None], 3, axis=3)
    if pixels.ndim == 4 and pixels.shape[1] == 3 != pixels.shape[3]:
        return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
    return pixels if pixels.ndim == 4 and pixels.shape[3] == 3 else None


def _item(dataset: Any, place: int, name: str) -> tuple[UInt8Array, int]:
    item = dataset[place]
    if not isinstance(item, (tuple, list)) or len(item) < 2:
        raise DatasetError(f"Item {place} of {name} is a {type(item).__name__}; it has to be an image and its label.")
    label = item[1].item() if isinstance(item[1], (Tensor, np.generic)) and np.ndim(item[1]) == 0 else item[1]
    if not isinstance(label, int):
        raise DatasetError(
            f"The label of item {place} of {name} is a {type(label).__name__}; it has to be a whole number."
        )
    return _pixels(item[0], place, name), label


def _pixels(image: Any, place: int, name: str) -> UInt8Array:
    """uint8 (H, W, 3) of an image in any usual form."""
    if isinstance(image, Image.Image):
        return np.array(image.convert("RGB"), dtype=np.uint8)
    values = image.detach().cpu().numpy() if isinstance(image, Tensor) else image
    if isinstance(values, np.ndarray) and values.ndim in (2, 3):
        if values.ndim == 3 and values.shape[0] in (1, 3) and isinstance(image, Tensor):
            values = values.transpose(1, 2, 0)
        values = values[..., None] if values.ndim == 2 else values
        values = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
        if values.dtype.kind == "f" and values.size and 0 <= values.min() <= values.max() <= 1:
            values = (values * 255 + 0.5).astype(np.uint8)
        if values.dtype == np.uint8 and values.shape[2] == 3:
            return np.ascontiguousarray(values)
    raise DatasetError(
        f"Item {place} of {name} is no picture, and no array of bytes or of numbers from 0 to 1: hand the dataset over without its "
        "transform, and normalise with the model's mean and std."
    )


def _hugging_face(dataset: Any, **more: Any) -> Dataset:
    features = getattr(dataset, "features", None)
    if not hasattr(dataset, "select_columns") or not hasattr(dataset, "__len__") or not isinstance(features, dict):
        raise DatasetError(
            f"A {type(dataset).__name__} of Hugging Face holds several splits, or can only be read from its beginning: hand over one "
            'split that is loaded, such as dataset["test"].'
        )
    kinds = {column: type(feature).__name__ for column, feature in features.items()}
    images = [column for column, kind in kinds.items() if kind == "Image"]
    labelled = [column for column, kind in kinds.items() if kind == "ClassLabel"]
    usual = [column for column in ("label", "labels", "fine_label") if column in kinds]
    column = next((c for c in usual if c in labelled), None) or next(iter([*labelled, *usual]), None)
    if len(images) != 1 or column is None:
        raise DatasetError(
            f"The dataset has the columns {', '.join(f'{c} ({k})' for c, k in kinds.items())}; it takes one column of images and one of "
            "labels. Leave out others with select_columns."
        )
    values = dataset.with_format(None)[column]
    if kinds[column] == "ClassLabel":
        names = tuple(map(str, features[column].names))
        labels = np.array([-1 if value is None else value for value in values], dtype=np.int64)
    else:
        texts = [str(value) for value in values]
        names = tuple(sorted(set(texts), key=lambda text: (int(text) if text.isdecimal() else 0, text)))
        place_of = {text: place for place, text in enumerate(names)}
        labels = np.array([place_of[text] for text in texts], dtype=np.int64)
    encoded = (
        dataset.with_format(None).select_columns(images).cast_column(images[0], type(features[images[0]])(decode=False))
    )
    name = str(getattr(dataset.info, "dataset_name", None) or "dataset")

    def content(place: int) -> bytes:
        cell = encoded[place][images[0]] or {}
        if cell.get("bytes"):
            return bytes(cell["bytes"])
        try:
            return Path(cell.get("path") or "").read_bytes()
        except OSError as error:
            raise DatasetError(f"Image {place} of {name} cannot be read ({error.strerror or error}).") from error

    def read(place: int) -> UInt8Array:
        return decode(content(place), name=f"image {place} of {name}")

    return ObjectDataset(name, str(dataset.split or "all"), names, labels, read, content, **more)
