"""Which released image belongs to which clean one: by class and path, or by place in the original order."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.datasets._base import Dataset
from robustcore.datasets.released.layout import folders, images_in


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


def numbers_in_order(base: Dataset) -> npt.NDArray[np.int64] | None:
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


def matched_paths(base: Dataset, folder: Path) -> list[str]:
    """For each image of a clean dataset the path of the released one in `folder`; "" where there is none."""
    by_class: dict[str, Callable[[str], str]] = {}
    named = {unicodedata.normalize("NFC", child.name): child.name for child in folders(folder)}
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
    for path in sorted(images_in(folder / class_)):
        rest = path.removeprefix("images/")
        whole[rest] = stems[os.path.splitext(rest)[0]] = f"{class_}/{path}"

    def find(rest: str) -> str:
        return whole.get(rest) or stems.get(rest) or stems.get(os.path.splitext(rest)[0], "")

    return find
