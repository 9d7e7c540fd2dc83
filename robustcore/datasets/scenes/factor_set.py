"""The test images of scenes with some of their factors changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes import factors
from robustcore.datasets.scenes._base import SIDE, Rendered, balanced_labels, check_size
from robustcore.datasets.scenes.dataset import OFFSETS, SIZES
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import REVISION
from robustcore.datasets.scenes.scene import Scene, draw
from robustcore.images import UInt8Array


class FactorScenes(Rendered):
    """The scenes of the test split with some factors changed; a `Dataset` with one split, "test".

    Image i is test image i but for the factors, and has its id. Images are painted when they are asked for and not kept:
    there are as many sets as strengths.

    Args:
        strengths: factor -> strength (see `factors.FACTORS`); at least one.
        limit: take the first images only; more than there are takes all.
        side: pixels, 32..512.
        seed: of the scenes.
    """

    def __init__(
        self, strengths: Mapping[str, float], limit: int | None = None, side: int = SIDE, *, seed: int = 0
    ) -> None:
        factors.check(strengths)
        self.strengths = {name: float(strengths[name]) for name in sorted(strengths)}
        size = SIZES["test"]
        check_size(size, side)
        self._stream = f"scenes/{seed}/test"
        super().__init__(
            name="factor/" + "+".join(self.strengths),
            split="test",
            classes=tuple(CLASSES),
            count=size if limit is None else min(limit, size),
            side=side,
            seed=seed,
            offset=OFFSETS["test"],
            stem="",
            identity={
                "scenes": REVISION,
                "seed": seed,
                "split": "test",
                "side": side,
                "factors": self.strengths,
                "revision": factors.REVISION,
            },
        )

    def scene(self, index: int) -> Scene:
        """The scene of image `index`, before its factors are changed."""
        index = self._check(index)
        return self._scene(index, int(self.labels[index]))

    @property
    def _cached(self) -> bool:
        return False

    def _scene(self, index: int, label: int) -> Scene:
        return draw(RandomStream(self._stream, index), self.classes[label])

    def _labels(self, count: int) -> npt.NDArray[np.int64]:
        return balanced_labels(self._stream, len(CLASSES), count)

    def _paint(self, index: int, label: int) -> UInt8Array:
        return factors.paint(self._scene(index, label), self.strengths, self._stream, index, self.side)
