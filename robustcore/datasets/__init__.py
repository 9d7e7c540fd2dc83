"""Datasets: named ones, and folders of class folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from robustcore.datasets._base import Dataset, Item
from robustcore.datasets.folder import Folder
from robustcore.datasets.scenes import SHIFTS, Scenes, ShiftedScenes
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.registry import Registry

__all__ = ["SPLITS", "Dataset", "Item", "load_dataset", "names", "registry"]

SPLITS = ("train", "val", "test")

# Each is called with (split, limit, side); None stands for the dataset's own default.
registry: Registry[Callable[[str, int | None, int | None], Dataset]] = Registry("dataset")


def _scenes(split: str, limit: int | None, side: int | None) -> Dataset:
    return Scenes(split, limit) if side is None else Scenes(split, limit, side)


registry.add("scenes", _scenes)


def _shifted(shift: str) -> Callable[[str, int | None, int | None], Dataset]:
    def load(split: str, limit: int | None, side: int | None) -> Dataset:
        if split != "test":
            raise DatasetError(f"scenes/{shift} is for testing: its split is 'test', not {split!r}.")
        return ShiftedScenes(shift, limit) if side is None else ShiftedScenes(shift, limit, side)

    return load


for _shift in SHIFTS:
    registry.add(f"scenes/{_shift}", _shifted(_shift))


def names() -> list[str]:
    """The names of all named datasets, sorted; a folder's path is as good as a name."""
    return registry.names()


def load_dataset(
    name: str | os.PathLike[str], split: str = "test", limit: int | None = None, side: int | None = None
) -> Dataset:
    """A dataset by name, or a folder of class folders by path.

    Args:
        name: "scenes", a shifted set of them such as "scenes/sketch", or the path of a folder (see `folder.Folder`); write "./scenes" for a folder of that name.
        split: "train", "val" or "test". A folder without folders of these names is one set, whatever is asked for, and
            says so: its `split` is "all".
        limit: take the first images of the dataset's fixed order only. More than there are takes all of them, so that
            one limit serves datasets of all sizes; `len` tells how many there are.
        side: of the prepared images in pixels; by default 64 for scenes and 224 for folders.

    Raises:
        UnknownNameError: no dataset and no split of that name.
        InvalidArgumentError: a limit below 1, or a side that the dataset cannot have.
        DatasetError: a folder that is missing, or that holds no images in class folders.
    """
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    _check_count("limit", limit)
    _check_count("side", side)
    text = os.fspath(name)
    if text in registry:
        return registry[text](split, limit, side)
    path = Path(os.path.expanduser(text))
    if text and os.path.isdir(path):
        return Folder(path, split, limit) if side is None else Folder(path, split, limit, side)
    if text and os.path.exists(path):
        raise DatasetError(f"{path} is a file; a dataset is a folder with one folder of images for each class.")
    a_path = isinstance(name, os.PathLike) or text.startswith(("~", ".")) or os.sep in text
    if a_path and not text.startswith("scenes/"):
        raise DatasetError(f"There is no folder {path}. A dataset is one of {', '.join(names())}, or a folder's path.")
    raise UnknownNameError("dataset", text, registry.names())


def _check_count(what: str, value: int | None) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InvalidArgumentError(f"A {what} is an integer of at least 1, or None, not {value!r}.")
