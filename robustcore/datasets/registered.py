"""Named datasets: `@dataset` registers a function that loads one."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import TypeVar

from torch import Tensor

from robustcore import plugins
from robustcore.datasets._base import Dataset
from robustcore.errors import DatasetError
from robustcore.images import UInt8Array
from robustcore.registry import Registry

Load = Callable[[str, int | None, int | None], Dataset]
L = TypeVar("L", bound=Load)


@dataclasses.dataclass(frozen=True)
class NamedDataset:
    """A dataset by name; call it with (split, limit, side) to load it.

    Attributes:
        name: registry key.
        summary: what its images show, one sentence.
        load: (split, limit, side) -> the dataset; None stands for the dataset's own limit or side.
        plugin: SHA-256 of its plug-in's .py files, part of the dataset's fingerprint; "" for the package's own.
    """

    name: str
    summary: str
    load: Load
    plugin: str = ""

    def __call__(self, split: str, limit: int | None, side: int | None) -> Dataset:
        loaded = self.load(split, limit, side)
        if not self.plugin:
            return loaded
        if not isinstance(loaded, Dataset):
            raise DatasetError(
                f"The dataset {self.name} of a plug-in is a {type(loaded).__name__}; it has to have what "
                "robustcore.datasets.Dataset lists. robustcore.extending.ArrayDataset makes one of arrays."
            )
        return _FromPlugin(loaded, self.plugin)


registry: Registry[NamedDataset] = Registry("dataset")


def dataset(name: str, *, summary: str) -> Callable[[L], L]:
    """Register a function (split, limit, side) -> dataset under a name.

    Args:
        name: what `load_dataset` and `robustcore evaluate --dataset` find it by.
        summary: what its images show, one sentence.

    The function is called with a split ("train", "val" or "test"; it raises a `DatasetError` for one that it lacks), the
    number of images or None for all, and the side in pixels or None for its own. What it gives has what
    `robustcore.datasets.Dataset` lists; `ArrayDataset` makes that of an array.
    """

    def register(function: L) -> L:
        registry.add(name, NamedDataset(name, summary, function, plugins.digest_of(function)), function)
        return function

    return register


class _FromPlugin:
    """A plug-in's dataset, whose fingerprint its plug-in is part of."""

    def __init__(self, loaded: Dataset, plugin: str) -> None:
        self._loaded, self._plugin = loaded, plugin
        self.name, self.split, self.classes = loaded.name, loaded.split, loaded.classes
        self.ids, self.labels, self.side = loaded.ids, loaded.labels, loaded.side

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self._loaded.fingerprint} {self._plugin}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._loaded)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._loaded[index]

    def images(self, start: int, stop: int) -> Tensor:
        return self._loaded.images(start, stop)

    def source(self, index: int) -> UInt8Array:
        return self._loaded.source(index)
