"""Renditions: scenes as flat pictures in one of five techniques.

poster   a few tones, with frayed edges
mosaic   stones of one colour each, with grout between them
smear    wet paint, smeared along a cloud
stitch   cloth of coloured threads
print    half-tone dots
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes import backgrounds, palette
from robustcore.datasets.scenes.backgrounds import Cloth, Plane, Planes, grid
from robustcore.datasets.scenes.palette import Colour
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import paint_flat
from robustcore.datasets.scenes.scene import Scene, Style
from robustcore.datasets.scenes.scene import draw as draw_scene
from robustcore.images import UInt8Array

STYLE = Style(
    name="rendition", rotation=26.0, separation=(0.26, 0.6), bold=0.4, hue_share=0.1, photos=0.0, size=(0.24, 0.42)
)
REVISION = 1

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclasses.dataclass(frozen=True, slots=True)
class Rendition:
    """One picture.

    Attributes:
        scene: what it shows; its light is left out.
        craft: a key of `CRAFTS`.
        cloud, other: fields that crafts follow.
        warp, waves, phases: how far the picture is bent, as a share of the side, in how many waves, and where.
        cells, turn: pieces across the image, and the angle of their grid.
        strength: of the craft, 0..1.
        colours: of crafts that have their own.
    """

    scene: Scene
    craft: str
    cloud: Cloth
    other: Cloth
    warp: float
    waves: tuple[float, float]
    phases: tuple[float, float]
    cells: float
    turn: float
    strength: float
    colours: tuple[Colour, ...]


def draw(rng: RandomStream, shape: str) -> Rendition:
    """Draw the numbers of a rendition of `shape`."""
    craft = rng.choice(tuple(CRAFTS))
    cloud = backgrounds.cloth(rng, "cloud", STYLE.bank, (0.9, 1.8), ())
    other = backgrounds.cloth(rng, "cloud", STYLE.bank, (0.9, 1.8), ())
    warp = rng.uniform(0.005, 0.035)
    waves, phases = (rng.uniform(5, 14), rng.uniform(5, 14)), (rng.uniform(0, math.tau), rng.uniform(0, math.tau))
    cells, turn, strength = rng.uniform(), rng.uniform(0, math.tau), rng.uniform()
    tones = 2 + rng.below(3)
    ramp = [rng.uniform(0.04 + 0.92 * k / tones, 0.04 + 0.92 * (k + 0.6) / tones) for k in range(tones)]
    if rng.chance(0.4):
        ramp.reverse()
    colours = tuple(palette.colour(y, rng.uniform(0, math.tau), rng.uniform(0.3, 1.0)) for y in ramp)
    scene = draw_scene(rng, shape, STYLE)
    return Rendition(scene, craft, cloud, other, warp, waves, phases, cells, turn, strength, colours)


def render(picture: Rendition, side: int) -> UInt8Array:
    """uint8 (3, side, side), RGB."""
    image = _bent(paint_flat(picture.scene, side), picture, side)
    image = CRAFTS[picture.craft](image, picture, side)
    levels: UInt8Array = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels


def _remapped(image: Planes, x: Plane, y: Plane) -> Planes:
    pixels = cv2.remap(image.transpose(1, 2, 0), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    planes: Planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    return planes


def _bent(image: Planes, picture: Rendition, side: int) -> Planes:
    """The picture on wavy paper."""
    x, y = grid(side)
    far, offset = np.float32(picture.warp * side), np.float32(0.5 * side - 0.5)
    to_x = x * side + offset + far * np.sin(np.float32(picture.waves[0]) * y + np.float32(picture.phases[0]))
    to_y = y * side + offset + far * np.sin(np.float32(picture.waves[1]) * x + np.float32(picture.phases[1]))
    return _remapped(image, to_x, to_y)


def _light(image: Planes) -> Plane:
    light: Plane = np.tensordot(_WEIGHTS, image, 1)
    return light


def _poster(image: Planes, picture: Rendition, side: int) -> Planes:
    """One tone per colour, each with an equal share of the image; a cloud frays their borders."""
    light = _light(image)
    fray = np.float32((0.14 + 0.4 * picture.strength) * light.std())
    light += fray * (picture.cloud.levels(side) * np.float32(2 / 255) - 1)
    light = cv2.GaussianBlur(light, (0, 0), 0.008 * side)
    n = len(picture.colours)
    limits = np.quantile(light, np.arange(1, n) / n)
    smooth = np.float32(1.2 / (light.std() + 1e-4) * side / 6)
    out = np.empty_like(image)
    out[:] = np.array(picture.colours[0], np.float32)[:, None, None]
    for limit, colour in zip(limits, picture.colours[1:], strict=True):
        above = np.clip((light - np.float32(limit)) * smooth + np.float32(0.5), 0, 1)
        out += (np.array(colour, np.float32)[:, None, None] - out) * above
    return out


@functools.lru_cache(maxsize=64)
def _stones(index: int, side: int) -> tuple[npt.NDArray[np.intp], Plane]:
    """The stone under each pixel, and how much of the pixel is grout: irregular cells, from a bank of eight."""
    n = 320
    rng = np.random.default_rng([7, index])
    count = 17 + index
    at = (np.indices((count, count)).reshape(2, -1) + rng.uniform(0.1, 0.9, (2, count * count))) * (n / count)
    seeds = np.ones((n, n), np.uint8)
    seeds[at[0].astype(int), at[1].astype(int)] = 0
    _, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    edge = (label != np.roll(label, 1, 0)) | (label != np.roll(label, 1, 1))
    near = cv2.dilate(edge.astype(np.float32), np.ones((3, 3), np.float32))
    grout = cv2.resize(near, (side, side), interpolation=cv2.INTER_AREA)
    middle = ((np.arange(side) + 0.5) * n / side).astype(int)
    return label[np.ix_(middle, middle)].astype(np.intp), grout


def _mosaic(image: Planes, picture: Rendition, side: int) -> Planes:
    stone, grout = _stones(int(picture.cells * 8), side)
    flat = stone.reshape(-1)
    size = np.maximum(np.bincount(flat), 1)
    # Each stone has its own tint.
    tint = np.cos(np.arange(len(size)) * 2.399 + picture.turn) * (0.02 + 0.06 * picture.strength)
    out = np.empty_like(image)
    for plane, mosaic in zip(image, out, strict=True):
        colours = np.bincount(flat, plane.reshape(-1), len(size)) / size + tint
        mosaic[:] = colours.astype(np.float32)[stone]
    out += (np.array(picture.colours[0], np.float32)[:, None, None] - out) * (np.float32(0.4) * grout)
    return out


def _smear(image: Planes, picture: Rendition, side: int) -> Planes:
    x, y = grid(side)
    a = cv2.GaussianBlur(picture.cloud.levels(side).astype(np.float32), (0, 0), 0.03 * side)
    b = cv2.GaussianBlur(picture.other.levels(side).astype(np.float32), (0, 0), 0.03 * side)
    far = np.float32((0.16 + 0.2 * picture.strength) * side / 255)
    offset = np.float32(0.5 * side - 0.5)
    dx, dy = (a - a.mean()) * far, (b - b.mean()) * far
    home_x, home_y = x * side + offset, y * side + offset
    # The mean of half and full displacement, which smears the paint.
    half = _remapped(image, home_x + dx * np.float32(0.5), home_y + dy * np.float32(0.5))
    whole = _remapped(image, home_x + dx, home_y + dy)
    return np.asarray(0.4 * half + 0.6 * whole, np.float32)


def _turned(picture: Rendition, side: int, cells: float) -> tuple[Plane, Plane]:
    """Coordinates along a turned grid, in cells."""
    x, y = grid(side)
    c, s = np.float32(cells * math.cos(picture.turn)), np.float32(cells * math.sin(picture.turn))
    return c * x + s * y, c * y - s * x


def _stitch(image: Planes, picture: Rendition, side: int) -> Planes:
    """Each cell a pair of crossed threads of one colour."""
    cells = 20 + int(picture.cells * 8)
    small = cv2.resize(image.transpose(1, 2, 0), (cells, cells), interpolation=cv2.INTER_AREA)
    levels = 4 + int(3 * picture.strength)
    threads = np.round(small * levels) / levels
    x, y = grid(side)
    u, v = ((x + np.float32(0.5)) * cells) % 1 - 0.5, ((y + np.float32(0.5)) * cells) % 1 - 0.5
    row = ((y + 0.5) * cells).astype(int)
    column = ((x + 0.5) * cells).astype(int)
    planes: Planes = np.ascontiguousarray(threads[row, column].transpose(2, 0, 1), dtype=np.float32)
    away = np.minimum(np.abs(u - v), np.abs(u + v))  # from the nearer of the two threads
    shade = np.clip(1.15 - 1.6 * away, 0.45, 1.1).astype(np.float32)
    planes *= shade
    return planes


def _print(image: Planes, picture: Rendition, side: int) -> Planes:
    """Two inks, with a dot in each cell whose size is the cell's lightness."""
    cells = 19 + 8 * picture.cells
    u, v = _turned(picture, side, cells)
    light = cv2.GaussianBlur(_light(image), (0, 0), 0.35 * side / cells)
    low, high = np.quantile(light, [0.03, 0.97])
    light = np.clip((light - np.float32(low)) / np.float32(high - low + 1e-3), 0, 1)
    wave = np.float32(0.25) * (np.cos(np.float32(math.tau) * u) + np.cos(np.float32(math.tau) * v)) + np.float32(0.5)
    covered = np.clip((wave - (1 - light)) * np.float32(0.16 * side / cells * 4) + np.float32(0.5), 0, 1)
    # Pure half-tone is hard to read, so some of the tone stays.
    covered += np.float32(0.25) * (light - covered)
    dark, bright = picture.colours[0], picture.colours[-1]
    out: Planes = (
        np.array(dark, np.float32)[:, None, None]
        + covered * (np.array(bright, np.float32) - np.array(dark, np.float32))[:, None, None]
    )
    return out


CRAFTS: dict[str, Callable[[Planes, Rendition, int], Planes]] = {
    "poster": _poster,
    "mosaic": _mosaic,
    "smear": _smear,
    "stitch": _stitch,
    "print": _print,
}
