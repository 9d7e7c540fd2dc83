"""What a perturbation sequence is, and how its source image is prepared.

Source: Hendrycks & Dietterich 2019 (ImageNet-P), section 3 and appendix E; frame formulas and constants as the published
generators compute them. A sequence turns one image into frames of the prepared side. Geometric sequences move the whole
source and crop afterwards, so that real image content moves in while there is any.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from robustcore import arguments, plugins
from robustcore.corruptions import VARIANTS, families, suites
from robustcore.errors import UnknownNameError
from robustcore.images import LARGEST_RESIZED, UInt8Array
from robustcore.randomness import Draws
from robustcore.registry import Registry

DIFFICULTIES = (1, 2, 3)
MIN_SIDE, MAX_SIDE = 32, 2048
# At 224 px the source has a margin around the crop: its shorter side is 256.
_MARGIN = {"imagenet": 256 / 224, "tiny": 1.0, "cifar": 1.0}


@dataclasses.dataclass(frozen=True)
class Scene:
    """The image of a sequence.

    Attributes:
        original: uint8 (H, W, 3), unprepared.
        whole: uint8 (H, W, 3), resized so that the shorter side is the prepared side plus its margin.
        side: the prepared side, that of the frames.
        variant: "imagenet", "tiny" or "cifar": whose constants apply.
    """

    original: UInt8Array
    whole: UInt8Array
    side: int
    variant: str

    @property
    def scale(self) -> float:
        """The factor of lengths in pixels; 1 at the variant's own side."""
        return self.side / VARIANTS[self.variant]

    @property
    def corner(self) -> tuple[int, int]:
        """(left, top) of the centre crop in `whole`."""
        height, width = self.whole.shape[:2]
        return round((width - self.side) / 2), round((height - self.side) / 2)

    def crop(self, image: UInt8Array) -> UInt8Array:
        """The centre crop of an image of `whole`'s size."""
        left, top = self.corner
        return image[top : top + self.side, left : left + self.side]

    @property
    def centre(self) -> UInt8Array:
        """uint8 (side, side, 3): the clean frame."""
        return self.crop(self.whole)


@dataclasses.dataclass(frozen=True)
class Sequence:
    """One perturbation sequence, as registered.

    Attributes:
        name: registry key; equals the function's name.
        family: one of the families of corruptions.
        suite: "imagenet-p" for the ten of the benchmark, "imagenet-p-extra" for the four of validation, another suite of
            sequences, or "" for none.
        summary: what moves, in one sentence.
        lengths: variant -> number of frames.
        deterministic: whether it uses no random numbers.
        revision: raised whenever a frame changes; part of every fingerprint.
        plugin: SHA-256 of its plug-in's .py files; "" for the package's own.
        function: (scene, draws, difficulty) -> the frames, float32 or float64 in [0, 1] (clipped and truncated by the
            base) or uint8 (kept), each (side, side, 3).
    """

    name: str
    family: str
    suite: str
    summary: str
    lengths: Mapping[str, int]
    deterministic: bool
    revision: int
    function: Callable[[Scene, Draws, int], Iterator[Any]]
    plugin: str = ""


registry: Registry[Sequence] = Registry("sequence")

suites.register(
    "imagenet-p",
    title="ImageNet-P",
    order=110,
    kind="sequence",
    description="The 10 perturbation sequences of ImageNet-P (Hendrycks & Dietterich 2019).",
)
suites.register(
    "imagenet-p-extra",
    title="ImageNet-P extra",
    order=120,
    kind="sequence",
    description="The 4 validation sequences of ImageNet-P.",
)


def sequence(
    *,
    family: str,
    suite: str = "",
    summary: str,
    frames: int = 31,
    tiny_frames: int | None = None,
    cifar_frames: int | None = None,
    deterministic: bool = False,
    revision: int = 1,
) -> Callable[[Callable[[Scene, Draws, int], Iterator[Any]]], Callable[[Scene, Draws, int], Iterator[Any]]]:
    """Register a function as a sequence under its own name.

    The function takes (scene, draws, difficulty) and yields the frames, as many as `frames` says (where they differ at 64 and at
    32 pixels, as `tiny_frames` and `cifar_frames` say), each (side, side, 3): floats in [0, 1], or uint8. `scene.centre` is the clean frame.
    All other arguments are explained at `Sequence`.
    """
    if family not in families.registry:
        raise UnknownNameError("family of corruptions", family, families.names())
    if suite and suite not in suites.names("sequence"):
        raise UnknownNameError("suite of sequences", suite, suites.names("sequence"))
    lengths = {"imagenet": frames, "tiny": tiny_frames or frames, "cifar": cifar_frames or frames}

    def register(
        function: Callable[[Scene, Draws, int], Iterator[Any]],
    ) -> Callable[[Scene, Draws, int], Iterator[Any]]:
        name = function.__name__
        plugin = plugins.digest_of(function)
        added = Sequence(name, family, suite, summary, lengths, deterministic, revision, function, plugin)
        registry.add(name, added, function)
        return function

    return register


def check_difficulty(difficulty: object) -> int:
    """The difficulty, if it is one of 1, 2 and 3."""
    return arguments.whole(difficulty, "A difficulty is 1, 2 or 3", low=1, high=3)


def prepare(image: UInt8Array, side: int, variant: str | None = None) -> Scene:
    """Resize the shorter side (Pillow bilinear) to the prepared side plus the variant's margin."""
    side = arguments.whole(
        side, f"Sequences have frames of {MIN_SIDE} to {MAX_SIDE} pixels a side", low=MIN_SIDE, high=MAX_SIDE
    )
    if variant is None:
        variant = min(VARIANTS, key=lambda v: abs(math.log(side / VARIANTS[v])))
    else:
        variant = arguments.choice(variant, VARIANTS, "size variant")
    height, width = image.shape[:2]
    most = max(64 * min(height, width), LARGEST_RESIZED // side * min(height, width) // side)
    if max(height, width) > most:  # a strip: what is so far away from the centre is in no frame
        top, left = max(0, height - most) // 2, max(0, width - most) // 2
        image = image[top : top + most, left : left + most]
        height, width = image.shape[:2]
    # An image that already has the frames' size, such as a scene or a CIFAR image, is not enlarged to make a margin.
    short = side if min(height, width) == side else round(side * _MARGIN[variant])
    if min(height, width) == short:
        return Scene(image, image, side, variant)
    factor = short / min(height, width)
    # The longer side is truncated, not rounded, as in torchvision's resize.
    size = (short, int(height * factor)) if width <= height else (int(width * factor), short)
    whole = np.array(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    return Scene(image, whole, side, variant)


def finish(frame: Any) -> UInt8Array:
    """A frame as uint8: clipped to [0, 1] and truncated, never rounded; uint8 frames stay as they are."""
    if frame.dtype == np.uint8:
        return np.ascontiguousarray(frame)
    cut: UInt8Array = (np.clip(frame, 0, 1) * 255).astype(np.uint8)
    return cut
