"""Shifted scenes: the same classes in other styles, images that a model gets wrong, and shapes of no class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes import filtered_shift, rendition_shift, sketch_shift
from robustcore.datasets.scenes._base import SIDE, Rendered, balanced_labels, check_size
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import REVISION, render
from robustcore.datasets.scenes.scene import NATURAL, Style, draw
from robustcore.datasets.scenes.unknown_shapes import UNKNOWN
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.images import UInt8Array

SIZE = 2_400

Painter = Callable[[RandomStream, str, int], UInt8Array]

REPLICATION = Style(
    name="replication", bank=1, size=(0.17, 0.42), rotation=30.0, perspective=0.34, separation=(0.08, 0.36)
)
VIEWPOINT = Style(name="viewpoint", size=(0.14, 0.43), rotation=75.0, perspective=0.42, stretch=(0.7, 1.42), shear=0.25)


@dataclasses.dataclass(frozen=True)
class Shift:
    """One shifted set.

    Attributes:
        summary: one sentence.
        paint: (rng, shape, side) -> uint8 (3, side, side).
        classes: of its labels.
        revision: in addition to the renderer's; raise it whenever a pixel changes.
        offset: the upper half of its image ids.
        filtered: whether its images are those listed by `filtered_shift`.
    """

    summary: str
    paint: Painter
    offset: int
    revision: int = 1
    classes: tuple[str, ...] = tuple(CLASSES)
    filtered: bool = False


def _styled(style: Style) -> Painter:
    return lambda rng, shape, side: render(draw(rng, shape, style), side)


SHIFTS: dict[str, Shift] = {
    "replication": Shift(
        "the scenes made once more: new textures, a slightly wider pose, less contrast with the ground",
        _styled(REPLICATION),
        offset=3,
    ),
    "sketch": Shift(
        "pen and chalk: broken strokes, hatching, and outlines that distract",
        lambda rng, shape, side: sketch_shift.render(sketch_shift.draw(rng, shape), side),
        offset=4,
        revision=sketch_shift.REVISION,
    ),
    "rendition": Shift(
        "flat pictures: posters, mosaics, smeared paint, stitched cloth, half-tone prints",
        lambda rng, shape, side: rendition_shift.render(rendition_shift.draw(rng, shape), side),
        offset=5,
        revision=rendition_shift.REVISION,
    ),
    "viewpoint": Shift(
        "turned by up to 75 degrees, in strong perspective, small and large", _styled(VIEWPOINT), offset=6
    ),
    "filtered": Shift(
        "fresh scenes that one fixed model gets wrong, similar to ImageNet-A",
        _styled(NATURAL),
        offset=7,
        filtered=True,
    ),
    "unknown": Shift(
        "six shapes that are no class: for the detection of what a model does not know",
        _styled(NATURAL),
        offset=8,
        classes=tuple(UNKNOWN),
    ),
}


class ShiftedScenes(Rendered):
    """One shifted set of scenes, by name a key of `SHIFTS`; a `Dataset` with one split, "test".

    As in `Scenes`, image i is a function of (seed, set, i), and every prefix is balanced to within one image a class.

    Args:
        shift: "replication", "sketch", "rendition", "viewpoint", "filtered" or "unknown".
        limit: take the first images only; more than there are takes all.
        side: pixels, 32..512.
        size: number of images instead of 2,400. The filtered set is a fixed list for seed 0 and cannot be larger.
        seed: another seed gives different scenes of the same kind.
    """

    def __init__(
        self, shift: str, limit: int | None = None, side: int = SIDE, *, size: int | None = None, seed: int = 0
    ) -> None:
        if shift not in SHIFTS:
            raise UnknownNameError("shift of scenes", shift, SHIFTS)
        self.shift = SHIFTS[shift]
        identity: dict[str, Any] = {
            "scenes": REVISION,
            "seed": seed,
            "split": "test",
            "side": side,
            "shift": shift,
            "revision": self.shift.revision,
        }
        self._stream = f"scenes/{seed}/test/{shift}"
        self._indices: npt.NDArray[np.int64] | None = None
        if self.shift.filtered:
            if seed != 0:
                raise DatasetError(f"The filtered scenes are listed for seed 0; there are none of seed {seed}.")
            self._stream = filtered_shift.STREAM
            self._indices, identity["list"] = filtered_shift.indices()
            if size is not None and size > len(self._indices):
                raise InvalidArgumentError(f"There are {len(self._indices)} filtered scenes; {size} are too many.")
        most = SIZE if self._indices is None else len(self._indices)
        size = most if size is None else size
        check_size(size, side)
        digest = f"-{identity['list'][:8]}" if self._indices is not None else ""
        super().__init__(
            name=f"scenes/{shift}",
            split="test",
            classes=self.shift.classes,
            count=size if limit is None else min(limit, size),
            side=side,
            seed=seed,
            offset=self.shift.offset,
            stem=f"r{REVISION}-{seed}-{shift}{digest}-v{self.shift.revision}-{side}",
            identity=identity,
        )

    def _labels(self, count: int) -> npt.NDArray[np.int64]:
        if self._indices is None:
            return balanced_labels(self._stream, len(self.classes), count)
        indices = self._indices[:count]
        return balanced_labels(self._stream, len(self.classes), int(self._indices.max()) + 1)[indices]

    def _paint(self, index: int, label: int) -> UInt8Array:
        if self._indices is not None:
            index = int(self._indices[index])
        return self.shift.paint(RandomStream(self._stream, index), self.classes[label], self.side)
