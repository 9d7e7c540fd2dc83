"""`scenes/street`: street scenes with masks, in towns of their own textures."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets.scenes._base import check_size
from robustcore.datasets.scenes.outlines import CLASSES as SHAPES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import REVISION as RENDERER
from robustcore.datasets.scenes.street import layout, painter
from robustcore.datasets.scenes.street.layout import StreetScene
from robustcore.errors import UnknownNameError
from robustcore.images import UInt8Array

REVISION = 1  # raise it whenever a pixel changes
SIDE = 96
SIZES = {"train": 3_000, "val": 300, "test": 600}
# As of StreetHazards: towns 1 to 3 train, 4 validates, 5 and 6 test. A town is a bank of textures.
TOWNS = {"train": (1, 2, 3), "val": (4,), "test": (5, 6)}
CLASSES = ("ground", *SHAPES)
ANOMALY = len(CLASSES)  # the 14th label, which only test images have
# Sets of known shapes that change one thing, and one of unknown shapes alone.
VARIANTS: dict[str, dict[str, Any]] = {
    "known": {},
    "small": {"scale": 0.6},
    "large": {"scale": 1.5},
    "slightly covered": {"covered": 0.25},
    "heavily covered": {"covered": 0.6},
    "turned": {"turned": 0.7},
    "turned far": {"turned": 1.4},
    "nearer": {"zoom": 1.4},
    "much nearer": {"zoom": 2.0},
    "unknown": {"unknown": True},
}
_FIRST_BANK = 10
_WITH_ANOMALY = 0.9  # of the test images
_OFFSETS = {"train": 20, "val": 21, "test": 22}


class StreetScenes:
    """A split of the street scenes; a `segmentation.PixelDataset`.

    Scene i is a function of (seed, split, i). Nine of ten test images have an anomaly, an unknown shape of 0.8 to 5 % of the
    image, inserted before shadow, light and exposure; train and val have none.

    Args:
        split: "train" (3,000 scenes), "val" (300) or "test" (600).
        limit: take the first scenes only; more than there are takes all.
        side: pixels, 32..512.
        size: number of scenes in the split instead.
        seed: another seed gives different scenes of the same kind.
        variant: a key of `VARIANTS`, another set of the split's towns without anomalies; "" for the split itself.
    """

    classes = CLASSES
    anomaly: int | None = ANOMALY
    background: int | None = 0

    def __init__(
        self,
        split: str = "test",
        limit: int | None = None,
        side: int = SIDE,
        *,
        size: int | None = None,
        seed: int = 0,
        variant: str = "",
    ) -> None:
        if split not in SIZES:
            raise UnknownNameError("split of street scenes", split, SIZES)
        if variant and variant not in VARIANTS:
            raise UnknownNameError("variant of street scenes", variant, VARIANTS)
        size = SIZES[split] if size is None else size
        check_size(size, side)
        self.name, self.split, self.side, self.seed = "scenes/street", split, side, seed
        count = size if limit is None else min(limit, size)
        self.ids: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64) + (_OFFSETS[split] << 32)
        self.variant = variant
        identity: dict[str, Any] = {"scenes": RENDERER, "street": REVISION, "seed": seed, "split": split, "side": side}
        identity |= {"variant": variant} if variant else {}
        self.fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self._stream = f"scenes/{seed}/street/{split}" + (f"/{variant}" if variant else "")

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"StreetScenes({self.split!r}, {len(self)} scenes, side {self.side}, seed {self.seed})"

    def scene(self, index: int) -> StreetScene:
        """The scene that image `index` is painted from."""
        if not 0 <= index < len(self):
            raise IndexError(f"scene {index} of a dataset of {len(self)}")
        rng = RandomStream(self._stream, index)
        town = rng.choice(TOWNS[self.split])
        if self.variant:
            return layout.draw(rng, _FIRST_BANK + town, **VARIANTS[self.variant])
        anomaly = self.split == "test" and rng.chance(_WITH_ANOMALY)
        scene = layout.draw(rng, _FIRST_BANK + town, anomaly=anomaly)
        if anomaly and layout.area_of(painter.paint(scene, SIDE)[1], ANOMALY) < layout.SMALLEST:
            scene = layout.in_front(scene, ANOMALY)  # others hide too much of it
        return scene

    def pair(self, index: int) -> tuple[UInt8Array, UInt8Array]:
        """uint8 (3, side, side) and its mask uint8 (side, side): the label of each pixel."""
        return painter.paint(self.scene(index), self.side)

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        return self.pairs(start, stop)[0]

    def pairs(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Images uint8 (n, 3, side, side) and masks uint8 (n, side, side)."""
        painted = [self.pair(index) for index in range(start, stop)]
        return (
            torch.from_numpy(np.stack([image for image, _ in painted])),
            torch.from_numpy(np.stack([mask for _, mask in painted])),
        )
