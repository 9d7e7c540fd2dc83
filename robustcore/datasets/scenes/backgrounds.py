"""Backgrounds of scenes: colour clouds, gradients, textures, and crops of two photographs."""

from __future__ import annotations

import dataclasses
import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.datasets import photographs
from robustcore.datasets.scenes import palette, textures
from robustcore.datasets.scenes.palette import Colour
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.images import UInt8Array

Planes = npt.NDArray[np.float32]  # (3, side, side), RGB in [0, 1]
Plane = npt.NDArray[np.float32]  # (side, side)

_INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@functools.lru_cache(maxsize=8)
def grid(side: int) -> tuple[Plane, Plane]:
    """x and y of the pixel centres, -0.5 .. 0.5."""
    axis = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y


def _paint_levels(levels: UInt8Array, stops: tuple[Colour, ...]) -> Planes:
    """Levels 0..255 coloured along a ramp through `stops`."""
    at = np.linspace(0, 255, len(stops))
    channels = np.asarray(stops).T
    ramp = np.stack([np.interp(np.arange(256), at, channel) for channel in channels]).astype(np.float32)
    return np.take(ramp, levels, axis=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Cloth:
    """A coloured texture or cloud; plain with a single stop.

    Attributes:
        kind, bank, index: which pattern, as `textures.tile` takes them.
        angle: radians; zoom: magnification; dx, dy: shift as a share of the side.
        stops: colours from the pattern's lowest to its highest level.
    """

    kind: str
    bank: int
    index: int
    angle: float
    zoom: float
    dx: float
    dy: float
    stops: tuple[Colour, ...]

    @property
    def mean(self) -> Colour:
        return palette.mean(self.stops)

    def levels(self, side: int) -> UInt8Array:
        """The pattern, turned, magnified and shifted; (side, side)."""
        tile = textures.tile(self.kind, self.bank, self.index, side)
        step = tile.shape[0] / (side * self.zoom)
        c, s = step * math.cos(self.angle), step * math.sin(self.angle)
        x, y = (0.5 + self.dx) * tile.shape[0], (0.5 + self.dy) * tile.shape[0]
        middle = (side - 1) / 2
        matrix = np.array([[c, -s, x - middle * (c - s) - 0.5], [s, c, y - middle * (c + s) - 0.5]])
        levels: UInt8Array = cv2.warpAffine(
            tile, matrix, (side, side), flags=_INVERSE, borderMode=cv2.BORDER_REFLECT_101
        )
        return levels

    def paint(self, side: int) -> Planes:
        if len(self.stops) == 1:
            plain = np.empty((3, side, side), np.float32)
            plain[:] = np.array(self.stops[0], np.float32)[:, None, None]
            return plain
        return _paint_levels(self.levels(side), self.stops)


@dataclasses.dataclass(frozen=True, slots=True)
class Gradient:
    """A gradual change of colour across the image, linear (`bend` 0) or curved."""

    angle: float
    bend: float
    stops: tuple[Colour, ...]

    @property
    def mean(self) -> Colour:
        return palette.mean(self.stops)

    def paint(self, side: int) -> Planes:
        x, y = grid(side)
        t = x * math.cos(self.angle) + y * math.sin(self.angle) + self.bend * (x * x + y * y)
        levels = np.clip(t * (255 / 1.3) + 127.5, 0, 255).astype(np.uint8)
        return _paint_levels(levels, self.stops)


@functools.lru_cache(maxsize=2)
def _pyramid(name: str) -> tuple[UInt8Array, ...]:
    """The photograph, and its halves down to an eighth."""
    levels = [photographs.pixels(name)]
    for _ in range(3):
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return tuple(levels)


@dataclasses.dataclass(frozen=True, slots=True)
class Photo:
    """A square crop of a photograph.

    Attributes:
        left, top, size: of the crop, as shares of the photograph's height.
        flip: mirrored. order: order of its colour channels. gain: factor on its light.
    """

    name: str
    left: float
    top: float
    size: float
    flip: bool
    order: tuple[int, int, int]
    gain: float

    @property
    def mean(self) -> Colour:
        """The mean colour of the crop, measured on the coarsest level so that it is independent of the rendered side."""
        level = _pyramid(self.name)[-1]
        n = level.shape[0]
        top, left, size = int(self.top * n), int(self.left * n), max(1, int(self.size * n))
        rgb = cv2.mean(level[top : top + size, left : left + size])
        r, g, b = (rgb[channel] / 255 * self.gain for channel in self.order)
        return r, g, b

    def paint(self, side: int) -> Planes:
        levels = _pyramid(self.name)
        reduction = self.size * levels[0].shape[0] / side
        level = levels[min(len(levels) - 1, max(0, int(math.log2(max(reduction, 1.0)) + 0.5)))]
        n = level.shape[0]
        step = self.size * n / side
        x = self.left * n + 0.5 * step - 0.5
        x_step = -step if self.flip else step
        matrix = np.array([[x_step, 0, x + (side - 1) * step * self.flip], [0, step, self.top * n + 0.5 * step - 0.5]])
        crop = cv2.warpAffine(level, matrix, (side, side), flags=_INVERSE, borderMode=cv2.BORDER_REFLECT_101)
        planes: Planes = crop.transpose(2, 0, 1)[list(self.order)].astype(np.float32)
        planes *= self.gain / 255
        return planes


Background = Cloth | Gradient | Photo


def cloth(rng: RandomStream, kind: str, bank: int, zoom: tuple[float, float], stops: tuple[Colour, ...]) -> Cloth:
    """A cloth of any pattern of its kind."""
    return Cloth(
        kind=kind,
        bank=bank,
        index=rng.below(textures.PATTERNS if kind == "pattern" else textures.CLOUDS),
        angle=rng.uniform(0, math.tau),
        zoom=rng.uniform(*zoom),
        dx=rng.uniform(-0.5, 0.5),
        dy=rng.uniform(-0.5, 0.5),
        stops=stops,
    )


def gradient(rng: RandomStream, stops: tuple[Colour, ...]) -> Gradient:
    """A gradient in any direction."""
    return Gradient(rng.uniform(0, math.tau), rng.choice((0.0, 0.0, -1.2, 1.2)), stops)


def photo(rng: RandomStream) -> Photo:
    """A crop of a quarter to nearly all of a photograph's height; half of them with permuted colour channels."""
    name = rng.choice(("china", "flower"))
    size = rng.uniform(0.25, 0.95)
    width = 640 / 427
    orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    return Photo(
        name=name,
        left=rng.uniform(0, width - size),
        top=rng.uniform(0, 1 - size),
        size=size,
        flip=rng.chance(0.5),
        order=orders[0] if rng.chance(0.5) else rng.choice(orders[1:]),
        gain=rng.uniform(0.65, 1.05),
    )
