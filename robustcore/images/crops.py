"""Several views of one image: the centre, the four corners, and all of them mirrored, as ten-crop classification takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image

from robustcore import arguments
from robustcore.images import LARGEST_RESIZED, UInt8Array, fit
from robustcore.images.preparation import INTERPOLATIONS, Preparation

COUNTS = (1, 5, 10)  # the image as it is prepared; centre and corners; these and their mirror images
_LARGER = (
    8 / 7
)  # the shorter side against the crop's, as 256 against 224, where the preparation leaves no room for corners


def checked_count(count: Any) -> int:
    """One of `COUNTS`; all else is refused."""
    plain = arguments.whole(count, "The number of crops is 1, 5 or 10")
    if plain not in COUNTS:
        raise arguments.refuse("The number of crops is 1, 5 or 10", count)
    return plain


def crops(image: UInt8Array, side: int, preparation: Preparation | None = None, count: int = 10) -> UInt8Array:
    """uint8 (count, side, side, 3): the centre first, then the corners, then the mirror images of these five.

    The first is always the prepared image itself. Corners are those of the image at the preparation's shorter side; where that
    is the crop's own side, which leaves no room for corners, at 8/7 of it.

    Args:
        image: uint8 (H, W, 3), before preparation.
        side: of the crops in pixels.
        preparation: resize and interpolation; None for `side` and bilinear.
        count: one of `COUNTS`.
    """
    count = checked_count(count)
    centre = fit(image, side, preparation)
    if count == 1:
        return centre[None]
    shorter = math.ceil(side * _LARGER)
    if preparation is not None and preparation.resize > side:
        shorter = preparation.resize
    resampling = INTERPOLATIONS["bilinear" if preparation is None else preparation.interpolation]
    height, width = image.shape[:2]
    scale = shorter / min(height, width)
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    if size[0] * size[1] > max(LARGEST_RESIZED, 16 * shorter * shorter):  # a strip: only what is cut out is resized
        x, y = width / size[0], height / size[1]
        cut = [
            np.asarray(
                Image.fromarray(image).resize(
                    (side, side), resampling, box=(left * x, top * y, (left + side) * x, (top + side) * y)
                )
            )
            for top, left in _corners(size, side)
        ]
    else:
        resized = np.asarray(Image.fromarray(image).resize(size, resampling))
        cut = [resized[top : top + side, left : left + side] for top, left in _corners(size, side)]
    views = np.stack([centre, *cut])
    return np.ascontiguousarray(views if count == 5 else np.concatenate([views, views[:, :, ::-1]]))


def _corners(size: tuple[int, int], side: int) -> tuple[tuple[int, int], ...]:
    """(top, left) of the crops in the corners of an image of (width, height)."""
    right, bottom = size[0] - side, size[1] - side
    return (0, 0), (0, right), (bottom, 0), (bottom, right)
