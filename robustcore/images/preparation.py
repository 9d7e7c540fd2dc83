"""How an image becomes a network's input: the shorter side resized, then the centre cut out."""

from __future__ import annotations

import dataclasses
from typing import Any

from PIL import Image

from robustcore import arguments

INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
SIDES = range(8, 4097)


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How images are prepared before any corruption, as the publishers of a network's weights did it.

    Attributes:
        side: of the square that is cut from the centre, in pixels.
        resize: the shorter side, in pixels, that an image is resized to before; at least `side`.
        interpolation: "bilinear" or "bicubic", both antialiased, as Pillow computes them.
        is_stretched: whether both sides are resized to `resize`, so that an oblong image is distorted and not cut.
    """

    side: int
    resize: int
    interpolation: str = "bilinear"
    is_stretched: bool = False

    def __post_init__(self) -> None:
        sides = f"{SIDES[0]} to {SIDES[-1]} pixels"
        side = arguments.whole(self.side, f"The side of prepared images is {sides}", low=SIDES[0], high=SIDES[-1])
        resize = arguments.whole(
            self.resize,
            f"Images are resized to a shorter side of at least that of the crop, {side} pixels, and at most {SIDES[-1]}",
            low=side,
            high=SIDES[-1],
        )
        arguments.one_of(self.interpolation, tuple(INTERPOLATIONS), "An interpolation")
        object.__setattr__(self, "side", side)
        object.__setattr__(self, "resize", resize)

    @property
    def is_default(self) -> bool:
        """Whether it is what a dataset does to images without being asked: resized to the side of the crop, bilinear."""
        return self.resize == self.side and self.interpolation == "bilinear" and not self.is_stretched

    def __str__(self) -> str:
        sides = "both sides" if self.is_stretched else "shorter side"
        return f"{sides} {self.resize}, centre {self.side}, {self.interpolation}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is not stretched does not say so, as fingerprints were computed before anything was."""
        fields = dataclasses.asdict(self)
        if not self.is_stretched:
            del fields["is_stretched"]
        return fields
