"""The scenes dataset: 12 classes that differ only in the shape of one object."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes._base import SIDE, Rendered, balanced_labels, check_size
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import REVISION, render
from robustcore.datasets.scenes.scene import NATURAL, Scene, Style, between, draw
from robustcore.errors import UnknownNameError
from robustcore.images import UInt8Array

SIZES = {"train": 12_000, "val": 1_200, "test": 2_400}

OFFSETS = {"train": 0, "val": 1, "test": 2}


class Scenes(Rendered):
    """A split of the scenes; a `Dataset`.

    Image i is a function of (seed, split, i): it is the same alone, in any split size and in any process. The order is
    shuffled in runs of 12, one of each class, so that every prefix is balanced to within one image a class.

    Args:
        split: "train" (12,000 images), "val" (1,200) or "test" (2,400).
        limit: take the first images only; more than there are takes all.
        side: pixels, 32..512. At sides other than 64 the same scenes are painted for display and are not
            cached.
        size: number of images in the split instead; a larger split starts with the smaller one.
        seed: another seed gives different scenes of the same kind.
    """

    classes = tuple(CLASSES)

    def __init__(
        self, split: str = "test", limit: int | None = None, side: int = SIDE, *, size: int | None = None, seed: int = 0
    ) -> None:
        if split not in SIZES:
            raise UnknownNameError("split of scenes", split, SIZES)
        size = SIZES[split] if size is None else size
        check_size(size, side)
        self._stream = f"scenes/{seed}/{split}"
        super().__init__(
            name="scenes",
            split=split,
            classes=self.classes,
            count=size if limit is None else min(limit, size),
            side=side,
            seed=seed,
            offset=OFFSETS[split],
            stem=f"r{REVISION}-{seed}-{split}-{side}",
            identity={"scenes": REVISION, "seed": seed, "split": split, "side": side, "style": NATURAL.name},
        )

    def scene(self, index: int) -> Scene:
        """The scene that image `index` is painted from."""
        index = self._check(index)
        return self._scene(index, int(self.labels[index]))

    def towards(self, index: int, style: Style, share: float) -> UInt8Array:
        """uint8 (3, side, side): image `index` with its pose moved towards those of another style.

        Everything is drawn as it is for the image; the ranges of the pose are wider. So a share of 0 is the image itself, and larger
        ones are the same scene, shifted more and more.

        Args:
            index: of the image.
            style: whose sizes, rotations, perspectives, stretches and shears are reached at 1.
            share: of the way, 0 .. 1.
        """
        index = self._check(index)
        return render(self._scene(index, int(self.labels[index]), between(NATURAL, style, share)), self.side)

    def _scene(self, index: int, label: int, style: Style = NATURAL) -> Scene:
        return draw(RandomStream(self._stream, index), self.classes[label], style)

    def _labels(self, count: int) -> npt.NDArray[np.int64]:
        return balanced_labels(self._stream, len(CLASSES), count)

    def _paint(self, index: int, label: int) -> UInt8Array:
        return render(self._scene(index, label), self.side)
