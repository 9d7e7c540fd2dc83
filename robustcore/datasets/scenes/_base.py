"""What all sets of rendered images share: balanced labels, cached blocks, rendering single images or blocks."""

from __future__ import annotations

import abc
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets.scenes import render_cache
from robustcore.datasets.scenes.random_stream import stream_key
from robustcore.errors import InvalidArgumentError
from robustcore.images import UInt8Array

SIDE = 64  # the side for evaluation; others are for display

_SIDES = range(32, 513)
_MAX_SIZE = 1 << 32  # image ids leave 32 bits for the index


class Rendered(abc.ABC):
    """Images that are rendered from an index; a `Dataset`. Subclasses define how one is painted.

    Args:
        name, split, classes: as in `Dataset`.
        count: the number of images.
        side: pixels, 32..512. At another side than 64 the images are not kept in the cache.
        seed: of the whole world.
        offset: the upper half of the image ids.
        stem: prefix of the blocks' names in the cache.
        identity: JSON values that determine the images; the fingerprint is their hash.
    """

    name: str
    split: str
    classes: tuple[str, ...]

    def __init__(
        self,
        *,
        name: str,
        split: str,
        classes: tuple[str, ...],
        count: int,
        side: int,
        seed: int,
        offset: int,
        stem: str,
        identity: Mapping[str, Any],
    ) -> None:
        self.name, self.split, self.classes, self.side, self.seed = name, split, classes, side, seed
        self.ids: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64) + (offset << 32)
        self.labels = self._labels(count)
        # Limit and size are not part of it, because both only take a prefix.
        self.fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self._stem = stem
        self._blocks: dict[int, UInt8Array] = {}

    @abc.abstractmethod
    def _labels(self, count: int) -> npt.NDArray[np.int64]:
        """(count,) the classes of the first images; `count` may exceed the set, to fill a block."""

    @abc.abstractmethod
    def _paint(self, index: int, label: int) -> UInt8Array:
        """uint8 (3, side, side): image `index`, which shows class `label`."""

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.split!r}, {len(self)} images, side {self.side}, seed {self.seed})"

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label); rendered alone if it is not cached."""
        index = self._check(index)
        number, place = divmod(index, render_cache.BLOCK)
        if self._cached and (number in self._blocks or render_cache.is_kept(self._block_name(number))):
            image = self._block(number)[place].copy()
        else:
            image = self._paint(index, int(self.labels[index]))
        return torch.from_numpy(image), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side). Missing blocks are rendered into the cache."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the dataset has 0 .. {len(self)}.")
        out = np.empty((stop - start, 3, self.side, self.side), np.uint8)
        if not self._cached:
            for index in range(start, stop):
                out[index - start] = self._paint(index, int(self.labels[index]))
            return torch.from_numpy(out)
        at = start
        while at < stop:
            number, place = divmod(at, render_cache.BLOCK)
            n = min(stop - at, render_cache.BLOCK - place)
            out[at - start : at - start + n] = self._block(number)[place : place + n]
            at += n
        return torch.from_numpy(out)

    def source(self, index: int) -> UInt8Array:
        """uint8 (side, side, 3). A scene is painted at its side; there is no larger source image."""
        image, _ = self[index]
        return np.ascontiguousarray(image.numpy().transpose(1, 2, 0))

    def _check(self, index: int) -> int:
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return index % len(self)

    @property
    def _cached(self) -> bool:
        return self.side == SIDE

    def _block_name(self, number: int) -> str:
        return f"{self._stem}-{number:04d}"

    def _block(self, number: int) -> UInt8Array:
        if number not in self._blocks:
            self._blocks[number] = render_cache.block(
                self._block_name(number), self.side, functools.partial(self._render_block, number)
            )
        return self._blocks[number]

    def _render_block(self, number: int) -> UInt8Array:
        """A whole block, beyond the end of the split too, so that a file does not depend on the size."""
        first = number * render_cache.BLOCK
        labels = self._labels(first + render_cache.BLOCK)
        out = np.zeros((render_cache.BLOCK, 3, self.side, self.side), np.uint8)
        for index in range(first, len(labels)):
            out[index - first] = self._paint(index, int(labels[index]))
        return out


def check_size(size: int, side: int) -> None:
    """Raise an error for a number of images or a side that no set of scenes can have."""
    if side not in _SIDES:
        raise InvalidArgumentError(f"Scenes have a side of {_SIDES[0]} to {_SIDES[-1]} pixels, not {side!r}.")
    if not 1 <= size <= _MAX_SIZE:
        raise InvalidArgumentError(f"A split of scenes has 1 to 2**32 images, not {size!r}.")


def balanced_labels(stream: str, classes: int, count: int) -> npt.NDArray[np.int64]:
    """(count,) labels in runs that contain each class once, in random order."""
    runs = -(-count // classes)
    generator = np.random.Philox(key=np.array([stream_key(f"{stream}/labels"), 0], dtype=np.uint64))
    keys = np.asarray(generator.random_raw(runs * classes), dtype=np.uint64).reshape(runs, classes)
    return keys.argsort(axis=1, kind="stable").reshape(-1)[:count].astype(np.int64)
