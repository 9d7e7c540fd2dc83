"""The outlines of the classes, the only part of a scene that depends on its class.

An outline is a tuple of layers, painted in order: a polygon (n, 2) in a square of about [-1, 1], x right and y down, that
is added to the silhouette or cut out. Every outline varies within its class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes.random_stream import RandomStream

Polygon = npt.NDArray[np.float64]
Layer = tuple[Polygon, bool]  # True adds, False cuts out
Outline = tuple[Layer, ...]


def arc(cx: float, cy: float, rx: float, ry: float, start: float = 0.0, stop: float = math.tau, n: int = 40) -> Polygon:
    """Points on an ellipse from angle `start` to `stop` (radians, clockwise on the screen)."""
    angle = np.linspace(start, stop, n, endpoint=stop - start < math.tau - 1e-9)
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def dense(points: Sequence[Sequence[float]] | Polygon, pieces: int = 5) -> Polygon:
    """A polygon whose edges are cut into `pieces`, so that a wobble can bend them."""
    corners = np.asarray(points, dtype=np.float64)
    steps = np.arange(pieces, dtype=np.float64)[:, None] / pieces
    edges = np.roll(corners, -1, axis=0) - corners
    return (corners[:, None] + edges[:, None] * steps).reshape(-1, 2)


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return dense([(left, top), (right, top), (right, bottom), (left, bottom)], 3)


def stroke(path: Polygon, width: float) -> Polygon:
    """The outline of a pen of this width along a path."""
    along = np.gradient(path, axis=0)
    along /= np.hypot(along[:, :1], along[:, 1:])
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width / 2)
    return np.concatenate([path + normal, (path - normal)[::-1]])


def _star(rng: RandomStream) -> Outline:
    points = rng.choice((4, 5, 5, 5, 5, 5, 6))
    inner = rng.uniform(0.36, 0.5)
    angle = np.arange(2 * points) * (math.pi / points) - math.pi / 2
    radius = np.where(np.arange(2 * points) % 2 == 0, 1.0, inner)
    return ((dense(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), 4), True),)


def _heart(rng: RandomStream) -> Outline:
    t = np.linspace(0, math.tau, 56, endpoint=False)
    height, notch = rng.uniform(0.88, 1.05), rng.uniform(4.2, 5.8)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - notch * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) - 2.5
    return ((np.stack([x, y * height], axis=1) / 16, True),)


def _crescent(rng: RandomStream) -> Outline:
    bite = rng.uniform(0.72, 0.86)
    shift = rng.uniform(0.36, 0.5)
    return (arc(0, 0, 1, 1, n=48), True), (arc(shift, rng.uniform(-0.08, 0.08), bite, bite, n=44), False)


def _arrow(rng: RandomStream) -> Outline:
    shaft, head = rng.uniform(0.13, 0.26), rng.uniform(0.48, 0.72)
    neck = rng.uniform(0.0, 0.35)
    barb = neck - rng.uniform(0.0, 0.18)
    points = [(-1, -shaft), (neck, -shaft), (barb, -head), (1, 0), (barb, head), (neck, shaft), (-1, shaft)]
    return ((dense(points), True),)


def _ring(rng: RandomStream) -> Outline:
    hole = rng.uniform(0.52, 0.72)
    return (arc(0, 0, 1, 1, n=48), True), (arc(0, 0, hole, hole), False)


def _gear(rng: RandomStream) -> Outline:
    teeth = 7 + rng.below(4)
    root, hole = rng.uniform(0.68, 0.76), rng.uniform(0.26, 0.42)
    wide, narrow = rng.uniform(0.27, 0.31), rng.uniform(0.14, 0.2)  # half widths of a tooth, as a share of its pitch
    offsets = np.array([-0.5, -wide, -narrow, narrow, wide])
    radii = np.array([root, root, 1.0, 1.0, root])
    angle = ((np.arange(teeth)[:, None] + offsets) * (math.tau / teeth)).reshape(-1)
    radius = np.tile(radii, teeth)
    body = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return (dense(body, 2), True), (arc(0, 0, hole, hole, n=28), False)


def _house(rng: RandomStream) -> Outline:
    wall, eaves = rng.uniform(0.6, 0.72), rng.uniform(0.84, 0.98)
    roof, top, bottom = rng.uniform(-0.12, 0.05), -0.95, 0.88
    left, right = 0.3 * eaves, 0.56 * eaves  # of the chimney
    slope = (roof - top) / eaves
    chimney = rng.uniform(-0.95, -0.78)
    points = [
        (-wall, bottom),
        (-wall, roof),
        (-eaves, roof),
        (0, top),
        (left, top + slope * left),
        (left, chimney),
        (right, chimney),
        (right, top + slope * right),
        (eaves, roof),
        (wall, roof),
        (wall, bottom),
    ]
    door = rng.uniform(-0.32, 0.05)
    layers = [(dense(points, 4), True), (box(door, 0.36, door + 0.27, bottom + 0.1), False)]
    if rng.chance(0.6):
        layers.append((box(door + 0.36, 0.2, door + 0.56, 0.42), False))
    return tuple(layers)


def _fish(rng: RandomStream) -> Outline:
    height, tail = rng.uniform(0.42, 0.58), rng.uniform(0.4, 0.56)
    s = np.linspace(0, 1, 22)
    back = height * np.sin(math.pi * s**0.85) ** 0.8
    x = 0.98 - 1.5 * s
    upper, lower = np.stack([x, -back], axis=1), np.stack([x, back], axis=1)[::-1]
    fork = rng.uniform(-0.82, -0.7)
    fin = dense([(-0.42, 0.0), (-0.98, -tail), (fork, 0.0), (-0.98, tail)], 5)
    peak = rng.uniform(0.1, 0.24)
    crest = dense([(0.42, -height * 0.85), (-0.12, -height - peak), (-0.2, -height * 0.7)], 4)
    return (
        (fin, True),
        (crest, True),
        (np.concatenate([upper, lower]), True),
        (arc(0.62, -0.1, 0.085, 0.085, n=16), False),
    )


def _key(rng: RandomStream) -> Outline:
    bow, hole, half = rng.uniform(0.34, 0.42), rng.uniform(0.5, 0.62), rng.uniform(0.08, 0.12)
    centre = bow - 1.0
    layers: list[Layer] = [
        (arc(centre, 0, bow, bow * rng.uniform(0.9, 1.1), n=32), True),
        (box(centre + bow * 0.8, -half, 1.0, half), True),
        (arc(centre, 0, bow * hole, bow * hole, n=26), False),
    ]
    x = 0.98
    for _ in range(2 + rng.below(2)):
        width = rng.uniform(0.12, 0.17)
        layers.append((box(x - width, 0.0, x, half + rng.uniform(0.18, 0.34)), True))
        x -= width + rng.uniform(0.08, 0.13)
    return tuple(layers)


def _bolt(rng: RandomStream) -> Outline:
    lean, step, waist = rng.uniform(0.0, 0.14), rng.uniform(0.1, 0.2), rng.uniform(0.02, 0.1)
    points = [
        (0.12 + lean, -1.0),
        (-0.52, step),
        (-waist, step * 0.9),
        (-0.24 - lean, 1.0),
        (0.54, -step * 1.3),
        (waist + 0.04, -step * 1.1),
        (0.56 + lean, -1.0),
    ]
    return ((dense(points), True),)


def _mug(rng: RandomStream) -> Outline:
    taper, lip = rng.uniform(0.0, 0.12), rng.uniform(0.03, 0.1)
    left, right, top, bottom = -0.85, 0.4, rng.uniform(-0.85, -0.7), rng.uniform(0.72, 0.88)
    middle, half = (left + right) / 2, (right - left) / 2
    rim = arc(middle, top, half, lip, math.pi, math.tau, 12)
    foot = arc(middle, bottom, half * (1 - taper), lip + 0.03, 0.0, math.pi, 12)
    reach, tall, thick = rng.uniform(0.46, 0.58), rng.uniform(0.42, 0.54), rng.uniform(0.15, 0.2)
    y = rng.uniform(-0.1, 0.08)
    return (
        (arc(right - 0.06, y, reach, tall), True),
        (arc(right - 0.06, y, reach - thick, tall - thick, n=32), False),
        (np.concatenate([rim, foot]), True),
    )


def _umbrella(rng: RandomStream) -> Outline:
    height, edge, scallops = rng.uniform(0.72, 0.9), rng.uniform(-0.08, 0.08), 3 + rng.below(3)
    dome = arc(0, edge, 0.98, height, math.pi, math.tau, 30)
    t = np.linspace(0, 1, 8 * scallops + 1)[1:-1]
    dip = rng.uniform(0.1, 0.18) * np.abs(np.sin(math.pi * scallops * t))
    hem = np.stack([0.98 - 1.96 * t, edge - dip], axis=1)
    pen, hook = rng.uniform(0.1, 0.15), rng.uniform(0.16, 0.22)
    shaft = np.stack([np.zeros(8), np.linspace(edge - height - 0.12, 0.98 - hook, 8)], axis=1)
    crook = arc(hook, 0.98 - hook, hook, hook, math.pi, 0.0, 12)
    handle = stroke(np.concatenate([shaft[:-1], crook * [1, 1]]), pen)
    return (np.concatenate([dome, hem]), True), (handle, True)


CLASSES: dict[str, Callable[[RandomStream], Outline]] = {
    "star": _star,
    "heart": _heart,
    "crescent": _crescent,
    "arrow": _arrow,
    "ring": _ring,
    "gear": _gear,
    "house": _house,
    "fish": _fish,
    "key": _key,
    "bolt": _bolt,
    "mug": _mug,
    "umbrella": _umbrella,
}


def clutter(rng: RandomStream) -> Outline:
    """A shape that belongs to no class: a block, a disc, a wedge or a bar."""
    kind = rng.below(4)
    if kind == 0:
        half = rng.uniform(0.5, 0.9)
        return ((box(-half, -0.8, half, 0.8), True),)
    if kind == 1:
        return ((arc(0, 0, 0.85, rng.uniform(0.6, 0.85), n=28), True),)
    if kind == 2:
        return ((dense([(-0.9, 0.7), (rng.uniform(-0.5, 0.5), -0.9), (0.9, 0.7)], 3), True),)
    half = rng.uniform(0.08, 0.16)
    return ((box(-1.3, -half, 1.3, half), True),)
