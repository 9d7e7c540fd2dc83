"""Six shapes of no class, which no model has seen and classifiers should be unsure about."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from robustcore.datasets.scenes.outlines import Outline, arc, box, dense, stroke
from robustcore.datasets.scenes.random_stream import RandomStream


def _cross(rng: RandomStream) -> Outline:
    half_width, half_height, bar = rng.uniform(0.2, 0.34), rng.uniform(0.2, 0.34), rng.uniform(-0.25, 0.05)
    reach = rng.uniform(0.72, 1.0)
    return (box(-half_width, -1.0, half_width, 1.0), True), (
        box(-reach, bar - half_height, reach, bar + half_height),
        True,
    )


def _hourglass(rng: RandomStream) -> Outline:
    waist, width = rng.uniform(0.06, 0.14), rng.uniform(0.62, 0.8)
    cap = rng.uniform(0.0, 0.14)
    edge = width + cap
    points = [
        (-edge, -1.0),
        (edge, -1.0),
        (edge, -0.84),
        (width, -0.84),
        (waist, 0.0),
        (width, 0.84),
        (edge, 0.84),
        (edge, 1.0),
        (-edge, 1.0),
        (-edge, 0.84),
        (-width, 0.84),
        (-waist, 0.0),
        (-width, -0.84),
        (-edge, -0.84),
    ]
    return ((dense(points, 4), True),)


def _pine(rng: RandomStream) -> Outline:
    tiers, trunk = 3 + rng.below(2), rng.uniform(0.1, 0.16)
    left_side: list[tuple[float, float]] = []
    top, bottom = -1.0, 0.66
    step = (bottom - top) / tiers
    for tier in range(tiers):
        reach = 0.34 + 0.46 * (tier + 1) / tiers
        foot = top + (tier + 1) * step
        left_side.append((-reach, foot))
        if tier < tiers - 1:
            left_side.append((-reach * rng.uniform(0.42, 0.56), foot - 0.04))
    right_side = [(-x, y) for x, y in left_side]
    return (dense([(0.0, top), *right_side, *left_side[::-1]], 3), True), (box(-trunk, 0.6, trunk, 1.0), True)


def _drop(rng: RandomStream) -> Outline:
    fat, tip = rng.uniform(0.54, 0.68), rng.uniform(1.5, 2.4)
    t = np.linspace(0, math.tau, 52, endpoint=False)
    x = fat * np.sin(t) * np.sin(t / 2) ** tip * 1.25
    return ((np.stack([x, -np.cos(t)], axis=1), True),)


def _anchor(rng: RandomStream) -> Outline:
    pen, ring = rng.uniform(0.15, 0.2), rng.uniform(0.17, 0.23)
    reach, bar = rng.uniform(0.66, 0.78), rng.uniform(0.32, 0.46)
    curve = arc(0, 0.12, reach, 0.78, 0.0, math.pi, 24)
    fluke = 0.3
    tips = [
        dense([(side * (reach - fluke), 0.22), (side * (reach + 0.04), -0.2), (side * (reach + 0.22), 0.26)], 4)
        for side in (-1, 1)
    ]
    return (
        (arc(0, -0.98 + ring, ring, ring, n=24), True),
        (arc(0, -0.98 + ring, ring * 0.45, ring * 0.45, n=16), False),
        (box(-pen / 2, -0.98 + 1.8 * ring, pen / 2, 0.9), True),
        (box(-bar, -0.4, bar, -0.4 + pen * 0.9), True),
        (stroke(curve, pen), True),
        (tips[0], True),
        (tips[1], True),
    )


def _spiral(rng: RandomStream) -> Outline:
    turns, pen = rng.uniform(2.1, 2.6), rng.uniform(0.16, 0.21)
    t = np.linspace(0.12, 1.0, 90)
    angle = math.tau * turns * t + math.tau * rng.uniform()
    radius = 0.95 * t
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    # In pieces that overlap by a point: one outline of a whole spiral would cross itself.
    pieces = [path[i : i + 12] for i in range(0, 80, 10)]
    return tuple((stroke(piece, pen), True) for piece in pieces)


UNKNOWN: dict[str, Callable[[RandomStream], Outline]] = {
    "cross": _cross,
    "hourglass": _hourglass,
    "pine": _pine,
    "drop": _drop,
    "anchor": _anchor,
    "spiral": _spiral,
}
