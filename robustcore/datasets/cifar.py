"""CIFAR-10 and CIFAR-100 as their authors release them and torchvision keeps them: pickles of arrays.

    cifar-10-batches-py/data_batch_1 .. data_batch_5, test_batch, batches.meta
    cifar-100-python/train, test, meta

A pickle can name any function to run. These are read by an unpickler that knows arrays and plain values alone.
"""

from __future__ import annotations

import dataclasses
import importlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from robustcore.datasets.arrays import ArrayDataset
from robustcore.errors import DatasetError
from robustcore.paths import printable

_LARGEST = 400_000_000  # bytes of one file
_SIDE = 32
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),  # of bytes, in pickles of Python 3
}


@dataclasses.dataclass(frozen=True)
class Layout:
    """The files of one of the two.

    Attributes:
        folder: the name that it is unpacked under.
        files: split -> its files.
        meta: the file with the classes' names, and the name of their list.
        labels: the name of the labels in the files.
    """

    folder: str
    files: dict[str, tuple[str, ...]]
    meta: tuple[str, str]
    labels: str


LAYOUTS = (
    Layout(
        "cifar-10-batches-py",
        {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)},
        ("batches.meta", "label_names"),
        "labels",
    ),
    Layout("cifar-100-python", {"train": ("train",), "test": ("test",)}, ("meta", "fine_label_names"), "fine_labels"),
)


class CifarPickles(ArrayDataset):
    """CIFAR's images from its pickles; a `Dataset` whose ids are the rows, as CIFAR-10-C and CIFAR-100-C count them.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path, layout: Layout, split: str, limit: int | None, side: int | None) -> None:
        if split not in layout.files:
            raise DatasetError(f"{printable(str(root))} has the splits train and test, not {split!r}.")
        pixels, labels = [], []
        for name in layout.files[split]:
            content = _content(root / name)
            pixels.append(_pixels(content.get("data"), root / name))
            labels.append(_labels(content.get(layout.labels), len(pixels[-1]), root / name))
        names = _content(root / layout.meta[0]).get(layout.meta[1])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise DatasetError(
                f"{printable(str(root / layout.meta[0]))} has no {layout.meta[1]}: names of the classes."
            )
        self.root = root
        super().__init__(
            layout.folder, np.concatenate(pixels), np.concatenate(labels), names, split=split, limit=limit, side=side
        )


def find(path: Path) -> tuple[Path, Layout] | None:
    """The folder with the pickles and its layout, where a path is it or holds it alone; None for any other."""
    places = [
        (place, layout)
        for layout in LAYOUTS
        for place in (path, path / layout.folder)
        if (place / layout.meta[0]).is_file() and all((place / name).is_file() for name in layout.files["test"])
    ]
    return places[0] if len(places) == 1 else None


def load(path: Path, split: str, limit: int | None = None, side: int | None = None) -> CifarPickles:
    """The images of a split in a path that `find` knows.

    Raises:
        DatasetError: a file that is missing or damaged, or holds anything but arrays and plain values.
    """
    place = find(path)
    if place is None:
        raise DatasetError(f"{printable(str(path))} has no pickles of CIFAR.")
    return CifarPickles(place[0].absolute(), place[1], split, limit, side)


class _Unpickler(pickle.Unpickler):
    """An unpickler of arrays and plain values."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}"[:200])
        if module == "numpy.core.multiarray":  # NumPy 2 keeps it under another name
            module = "numpy._core.multiarray"
        return getattr(importlib.import_module(module), name)


def _content(path: Path) -> dict[str, Any]:
    where = printable(str(path))
    try:
        if path.stat().st_size > _LARGEST:
            raise DatasetError(f"{where} has more than {_LARGEST // 10**6} MB; no file of CIFAR has.")
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="latin1").load()  # as Python 2 wrote them
    except OSError as error:
        raise DatasetError(f"{where} cannot be read ({error.strerror or error}).") from error
    except DatasetError:
        raise
    except Exception as error:  # a damaged pickle raises almost anything
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise DatasetError(
            f"{where} is damaged, or holds something else than CIFAR's arrays, which could run code and is not opened ({why}). "
            "Unpack the release again."
        ) from error
    if not isinstance(content, dict):
        raise DatasetError(f"{where} holds a {type(content).__name__} and no table, so it is no file of CIFAR.")
    return {key.decode("latin1") if isinstance(key, bytes) else str(key): value for key, value in content.items()}


def _pixels(data: Any, path: Path) -> Any:
    """uint8 (N, 32, 32, 3)."""
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3 * _SIDE**2:
        kind = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise DatasetError(f"{printable(str(path))} has {kind} for data; CIFAR's is uint8 (N, {3 * _SIDE**2}).")
    return data.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)


def _labels(labels: Any, count: int, path: Path) -> Any:
    if not isinstance(labels, list) or len(labels) != count or not all(isinstance(label, int) for label in labels):
        raise DatasetError(
            f"{printable(str(path))} has not one whole number as the label of each of its {count:,} images."
        )
    return np.array(labels, dtype=np.int64)
