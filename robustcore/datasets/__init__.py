"""Datasets by name, folders with one sub-folder per class, and folders of images without labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from robustcore import arguments
from robustcore.datasets import cifar, class_folders, listed, objects
from robustcore.datasets._base import Dataset, Item, Preparable, prepared_as, prepared_for
from robustcore.datasets.arrays import ArrayDataset
from robustcore.datasets.flat_folder import FlatFolder
from robustcore.datasets.folder import Folder
from robustcore.datasets.photographs import Photographs
from robustcore.datasets.registered import Load, NamedDataset, dataset, registry
from robustcore.datasets.released.alone import load_alone
from robustcore.datasets.released.layout import is_released
from robustcore.datasets.scenes import SHIFTS, Scenes, ShiftedScenes
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.images.preparation import Preparation
from robustcore.notes import Note
from robustcore.paths import printable

__all__ = [
    "SPLITS",
    "ArrayDataset",
    "Dataset",
    "Item",
    "Preparable",
    "Preparation",
    "check_dataset",
    "dataset",
    "dataset_of",
    "folder_of",
    "get",
    "left_out",
    "load_dataset",
    "names",
    "prepared_for",
    "registry",
]

_RULE = (
    "A dataset is a name, the path of a folder with one folder for each class, "
    "what load_dataset gives, or a dataset object of torch or Hugging Face"
)
SPLITS = ("train", "val", "test")


@dataset("scenes", summary="Painted scenes of 12 shapes, 64 pixels a side; the shape alone decides the class.")
def _scenes(split: str, limit: int | None, side: int | None) -> Dataset:
    return Scenes(split, limit) if side is None else Scenes(split, limit, side)


@dataset(
    "photographs", summary="Photographs from scikit-image and scikit-learn; some with ImageNet classes, some with none."
)
def _photographs(split: str, limit: int | None, side: int | None) -> Dataset:
    if split != "test":
        raise DatasetError(f"The photographs are for testing: their split is 'test', not {split!r}.")
    return Photographs(limit, side)


def _shifted(shift: str) -> Load:
    def load(split: str, limit: int | None, side: int | None) -> Dataset:
        if split != "test":
            raise DatasetError(f"scenes/{shift} is for testing: its split is 'test', not {split!r}.")
        return ShiftedScenes(shift, limit) if side is None else ShiftedScenes(shift, limit, side)

    return load


for _shift in SHIFTS:
    dataset(f"scenes/{_shift}", summary=f"{SHIFTS[_shift].summary[:1].upper()}{SHIFTS[_shift].summary[1:]}.")(
        _shifted(_shift)
    )


def names() -> list[str]:
    """The names of all named datasets, sorted; `load_dataset` also accepts a folder's path."""
    return registry.names()


def get(name: str) -> NamedDataset:
    """The registered dataset of that name, before it is loaded."""
    return registry[name]


def load_dataset(
    name: str | os.PathLike[str] | object,
    split: str = "test",
    limit: int | None = None,
    side: int | None = None,
    *,
    preparation: Preparation | None = None,
) -> Dataset:
    """A dataset by name, or by path a folder of class folders, or one of images alone, which have no labels.

    Args:
        name: "scenes", a shifted set of them such as "scenes/sketch", or the path of a folder (see `folder.Folder`) or of a
            csv or parquet file of path and label (see `listed.ListedImages`); write "./scenes" for a folder of that name.
            Also a dataset object of torchvision, torch or Hugging Face (see `objects`), which has its own split.
        split: "train", "val" or "test". A folder without sub-folders of these names is one set for every split; its
            `split` is then "all".
        limit: take only the first images of the dataset's fixed order. A larger limit than the dataset takes all of it;
            `len` gives the actual number.
        side: of the prepared images in pixels; by default 64 for scenes and 224 for folders.
        preparation: how the images of a folder are resized and cut, instead of a side. Where neither is chosen, an
            evaluation prepares them for each model as its card says, and at 224 pixels for models that say nothing.

    Raises:
        UnknownNameError: no dataset and no split of that name.
        InvalidArgumentError: a limit below 1, a side that the dataset cannot have, a side and a preparation.
        DatasetError: a folder that is missing, or that holds no images.
    """
    split = arguments.choice(split, SPLITS, "split")
    limit = arguments.limit(limit)
    if side is not None:
        side = arguments.whole(side, "A side is a whole number of pixels, 1 or more, or None", low=1)
    if side is not None and preparation is not None:
        raise InvalidArgumentError("A preparation has a side of its own: leave out one of the two.")
    if not arguments.is_name(name):
        images = objects.converted(name, limit=limit, side=side, preparation=preparation)
        if images is not None:
            return images
    text = arguments.name(name, _RULE)
    if text in registry:
        loaded = registry[text](split, limit, side)
        return loaded if preparation is None else prepared_as(loaded, preparation)
    path = Path(os.path.expanduser(text))
    if text and os.path.isdir(path):
        if cifar.find(path) is not None:
            return cifar.load(path, split, limit, preparation.side if preparation else side)
        if is_released(path):
            return load_alone(path, limit, side, preparation=preparation)
        folder = FlatFolder if class_folders.is_flat(path) else Folder
        return folder(path, split, limit, side, preparation=preparation)
    if text and os.path.isfile(path) and path.suffix.lower() in listed.SUFFIXES:
        return listed.ListedImages(path, split, limit, side, preparation=preparation)
    if text and os.path.exists(path):
        raise DatasetError(
            f"{printable(str(path))} is a file; a dataset is a folder with one folder of images for each class, or a csv or "
            "parquet file with the columns path and label."
        )
    is_path = isinstance(name, os.PathLike) or text.startswith(("~", ".")) or os.sep in text
    if is_path and not text.startswith("scenes/"):
        raise DatasetError(
            f"There is no folder {printable(str(path))}. A dataset is one of {', '.join(names())}, or a folder's path."
        )
    raise UnknownNameError("dataset", text, registry.names())


def dataset_of(dataset: str | os.PathLike[str] | Dataset, split: str = "test") -> Dataset:
    """The dataset that an argument stands for: a name, a folder's path, or one that is loaded already.

    Raises:
        RobustcoreError: as `check_dataset` and `load_dataset`.
    """
    checked = check_dataset(dataset)
    return load_dataset(checked, split=split) if isinstance(checked, str) else checked


def folder_of(dataset: Dataset) -> str:
    """The absolute path of the folder or the table that a dataset was read from, printable; "" for what is neither."""
    root: Any = getattr(dataset, "file", None) or getattr(dataset, "root", None)
    return printable(os.path.abspath(root)) if arguments.is_name(root) else ""


def left_out(dataset: Dataset) -> list[Note]:
    """What is not among a dataset's images, and why; nothing for what is no folder."""
    return list(getattr(dataset, "left_out", ()))


def check_dataset(dataset: str | os.PathLike[str] | Dataset) -> str | Dataset:
    """A dataset's name or path as text, or a loaded dataset: as it is, or made of one of torchvision, torch or Hugging Face.

    Raises:
        InvalidArgumentError: anything else.
    """
    if arguments.is_name(dataset):
        return arguments.name(dataset, _RULE)
    if all(hasattr(dataset, name) for name in ("ids", "labels", "classes", "images", "source")):
        return dataset  # type: ignore[return-value]
    images = objects.converted(dataset)
    if images is None:
        raise arguments.refuse(_RULE, dataset)
    return images
