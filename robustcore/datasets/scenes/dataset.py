"""The scenes dataset: 12 classes that only the shape of one object tells apart."""

from __future__ import annotations

import functools
import hashlib
import json

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets.scenes import blocks
from robustcore.datasets.scenes.dice import Dice, stream_key
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.renderer import REVISION, render
from robustcore.datasets.scenes.scene import NATURAL, Scene, draw
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.images import UInt8Array

SIDE = 64  # the side that is scored; others are for looking
SIZES = {"train": 12_000, "val": 1_200, "test": 2_400}

_SIDES = range(32, 513)
_MAX_SIZE = 1 << 32  # image ids leave 32 bits for the index
_OFFSETS = {"train": 0, "val": 1, "test": 2}


class Scenes:
    """A split of the scenes; a `Dataset`.

    Image i is a function of (seed, split, i): it is the same alone, in any split size and in any process. The order is
    shuffled in runs of 12, one of each class, so that every prefix is balanced to within one image a class.

    Args:
        split: "train" (12,000 images), "val" (1,200) or "test" (2,400).
        limit: take the first images only; more than there are takes all.
        side: pixels, 32..512. At another side than 64 the same scenes are painted at that side, for looking, and are
            not kept in the cache.
        size: make the split so large instead; a larger split begins with the smaller one.
        seed: another seed makes another world of the same kind.
    """

    name = "scenes"
    classes = tuple(CLASSES)

    def __init__(
        self, split: str = "test", limit: int | None = None, side: int = SIDE, *, size: int | None = None, seed: int = 0
    ) -> None:
        if split not in SIZES:
            raise UnknownNameError("split of scenes", split, SIZES)
        if side not in _SIDES:
            raise InvalidArgumentError(f"Scenes have a side of {_SIDES[0]} to {_SIDES[-1]} pixels, not {side!r}.")
        size = SIZES[split] if size is None else size
        if not 1 <= size <= _MAX_SIZE:
            raise InvalidArgumentError(f"A split of scenes has 1 to 2**32 images, not {size!r}.")
        self.split, self.side, self.seed = split, side, seed
        self._stream = f"scenes/{seed}/{split}"
        count = size if limit is None else min(limit, size)
        self.ids: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64) + (_OFFSETS[split] << 32)
        self.labels = _labels(self._stream, count)
        self.fingerprint = self._fingerprint()
        self._blocks: dict[int, UInt8Array] = {}

    def _fingerprint(self) -> str:
        """Neither limit nor size is in it: both only take a prefix."""
        what = {"scenes": REVISION, "seed": self.seed, "split": self.split, "side": self.side, "style": NATURAL.name}
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Scenes({self.split!r}, {len(self)} images, side {self.side}, seed {self.seed})"

    def scene(self, index: int) -> Scene:
        """What image `index` is painted from."""
        index = self._check(index)
        return draw(Dice(self._stream, index), self.classes[self.labels[index]])

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label); rendered alone where the cache does not hold it."""
        index = self._check(index)
        number, place = divmod(index, blocks.BLOCK)
        if self._cached and (number in self._blocks or blocks.is_kept(self._block_name(number))):
            image = self._block(number)[place].copy()
        else:
            image = self._render(index)
        return torch.from_numpy(image), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side). Blocks that it touches are rendered into the cache when first needed."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are asked for; the dataset has 0 .. {len(self)}.")
        out = np.empty((stop - start, 3, self.side, self.side), np.uint8)
        if not self._cached:
            for index in range(start, stop):
                out[index - start] = self._render(index)
            return torch.from_numpy(out)
        at = start
        while at < stop:
            number, place = divmod(at, blocks.BLOCK)
            n = min(stop - at, blocks.BLOCK - place)
            out[at - start : at - start + n] = self._block(number)[place : place + n]
            at += n
        return torch.from_numpy(out)

    def source(self, index: int) -> UInt8Array:
        """uint8 (side, side, 3). A scene is painted at its side: there is no larger image behind it."""
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
        return f"r{REVISION}-{self.seed}-{self.split}-{self.side}-{number:04d}"

    def _block(self, number: int) -> UInt8Array:
        if number not in self._blocks:
            self._blocks[number] = blocks.block(
                self._block_name(number), self.side, functools.partial(self._render_block, number)
            )
        return self._blocks[number]

    def _render_block(self, number: int) -> UInt8Array:
        """A whole block, beyond the end of the split too, so that a file does not depend on the size."""
        first = number * blocks.BLOCK
        labels = _labels(self._stream, first + blocks.BLOCK)
        out = np.empty((blocks.BLOCK, 3, self.side, self.side), np.uint8)
        for place in range(blocks.BLOCK):
            index = first + place
            out[place] = render(draw(Dice(self._stream, index), self.classes[labels[index]]), self.side)
        return out

    def _render(self, index: int) -> UInt8Array:
        return render(self.scene(index), self.side)


def _labels(stream: str, count: int) -> npt.NDArray[np.int64]:
    """Runs of one of each class, each run in an order of its own."""
    k = len(CLASSES)
    runs = -(-count // k)
    generator = np.random.Philox(key=np.array([stream_key(f"{stream}/labels"), 0], dtype=np.uint64))
    words = np.asarray(generator.random_raw(runs * k), dtype=np.uint64).reshape(runs, k)
    return words.argsort(axis=1, kind="stable").reshape(-1)[:count].astype(np.int64)
