"""Sketches: scenes drawn with an unsteady hand, in ink or pencil on paper, or in chalk on slate.

Outlines are strokes that wobble, taper, overshoot and leave gaps; background and object are hatched; further outlines
distract.
"""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.datasets.scenes import backgrounds
from robustcore.datasets.scenes.backgrounds import Cloth, Plane, grid
from robustcore.datasets.scenes.outlines import Outline, Polygon, clutter
from robustcore.datasets.scenes.palette import Colour
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import silhouette
from robustcore.datasets.scenes.scene import SHAPES, Style, place, pose
from robustcore.images import UInt8Array

STYLE = Style(name="sketch", size=(0.21, 0.4), rotation=25.0)
REVISION = 1

_FRACTION_BITS = 4
_TRACED_AT = 160  # pixels: silhouettes are traced at a fixed side, so a drawing is the same at every side
_STEP = 0.024  # between the points of a stroke, as a share of the side


@dataclasses.dataclass(frozen=True, slots=True)
class Stroke:
    """One mark of the pen: a closed ribbon (n, 2) in scene coordinates, and how dark it is, 0..1."""

    ribbon: Polygon
    ink: float


@dataclasses.dataclass(frozen=True, slots=True)
class Hatching:
    """Parallel lines: their angle (radians), number across the image, phase, share that is inked, and darkness.

    Attributes:
        bend: how far a cloud bends the lines, in lines. inside: on the object, or on the ground.
    """

    angle: float
    lines: float
    phase: float
    share: float
    ink: float
    bend: float
    inside: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """One sketch.

    Attributes:
        outline: the object's, in scene coordinates.
        strokes: of the object and of distracting outlines.
        hatchings: up to three.
        wash: how much the object is darker (or lighter, below 0) than the ground.
        paper, ink: colours. fibre: grain of the paper; smudge: where it is dirty; grip: where it takes the ink.
        dirt, rough: strength of the smudges, and of the gaps that the grain leaves in the ink.
    """

    outline: Outline
    strokes: tuple[Stroke, ...]
    hatchings: tuple[Hatching, ...]
    wash: float
    paper: Colour
    ink: Colour
    fibre: Cloth
    smudge: Cloth
    dirt: float
    rough: float


def draw(rng: RandomStream, shape: str) -> Drawing:
    """Draw the numbers of a sketch of `shape`."""
    slate = rng.chance(0.35)
    paper, ink = _materials(rng, slate)
    fibre = backgrounds.cloth(rng, "cloud", STYLE.bank, (0.5, 0.8), ())
    smudge = backgrounds.cloth(rng, "cloud", STYLE.bank, (1.0, 2.2), ())
    dirt, rough = rng.uniform(0.05, 0.28), rng.uniform(0.35, 1.0) if slate else rng.uniform(0.0, 0.7)
    wash = rng.uniform(-0.08, 0.3) if rng.chance(0.45) else 0.0
    hatchings = tuple(_hatching(rng, inside) for inside in (False, False, True) if rng.chance(0.45))
    width, bold = rng.uniform(0.011, 0.022), rng.uniform(0.6, 1.0)
    size = rng.uniform(*STYLE.size)
    largest_offset = 0.13 * (0.56 - size) / 0.26
    x, y = rng.uniform(-largest_offset, largest_offset), rng.uniform(-largest_offset, largest_offset)
    distractors: list[Stroke] = []
    for _ in range(rng.below(4)):
        distractors += _distractor(rng, width * rng.uniform(0.6, 1.0), bold * rng.uniform(0.5, 1.0))
    placed = pose(rng, size, x, y, math.radians(STYLE.rotation), STYLE.perspective)
    times, gaps, shake = 1 + rng.below(3), rng.uniform(0.03, 0.3), rng.uniform(0.004, 0.013)
    hand = RandomStream(
        f"hand/{rng.uniform()!r}", 0
    )  # a separate stream, because shapes need different numbers of strokes
    outline = place(SHAPES[shape](rng), placed)
    contours = _contours(outline)
    object_strokes = [
        stroke
        for _ in range(times)
        for contour in contours
        for stroke in _trace(hand, contour, width, bold, gaps, shake)
    ]
    return Drawing(outline, (*distractors, *object_strokes), hatchings, wash, paper, ink, fibre, smudge, dirt, rough)


def _materials(rng: RandomStream, slate: bool) -> tuple[Colour, Colour]:
    """Paper and ink, both nearly grey."""
    low, high = (0.1, 0.26) if slate else (0.72, 0.96)
    tone, warmth = rng.uniform(low, high), rng.uniform(-0.02, 0.05)
    ink = rng.uniform(0.68, 0.95) if slate else rng.uniform(0.04, 0.32)
    return (tone + warmth, tone, tone - warmth), (ink, ink, ink)


def _hatching(rng: RandomStream, inside: bool) -> Hatching:
    return Hatching(
        angle=rng.uniform(0, math.pi),
        lines=rng.uniform(8, 16),
        phase=rng.uniform(0, math.tau),
        share=rng.uniform(0.2, 0.5),
        ink=rng.uniform(0.25, 0.75),
        bend=rng.uniform(0.0, 1.5),
        inside=inside,
    )


def _distractor(rng: RandomStream, width: float, ink: float) -> list[Stroke]:
    """The outline of a block, disc, wedge or bar, or of a part of one, that shows nothing."""
    distance, angle = rng.uniform(0.12, 0.5), rng.uniform(0, math.tau)
    at = pose(
        rng,
        rng.uniform(0.08, 0.22),
        distance * math.cos(angle),
        distance * math.sin(angle),
        math.pi,
        STYLE.perspective,
    )
    gaps = rng.uniform(0.05, 0.5)
    return [
        stroke
        for polygon, _ in place(clutter(rng), at)
        for stroke in _trace(rng, _even(polygon), width, ink, gaps, 0.008)
    ]


def _contours(outline: Outline) -> list[Polygon]:
    """The edges of the whole silhouette, outer and inner ones, as evenly spaced points."""
    mask = (silhouette(outline, _TRACED_AT) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [_even((points[:, 0] + 0.5) / _TRACED_AT) for points in contours if len(points) > 12]


def _even(points: npt.NDArray[np.floating]) -> Polygon:
    """A closed line as points `_STEP` apart."""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, along[-1], max(8, round(along[-1] / _STEP)), endpoint=False)
    return np.stack([np.interp(at, along, closed[:, k]) for k in (0, 1)], axis=1)


def _trace(rng: RandomStream, contour: Polygon, width: float, ink: float, gaps: float, shake: float) -> list[Stroke]:
    """Strokes along a closed line: each is a drifting piece of it, with a gap or an overlap before the next."""
    n = len(contour)
    path = contour + np.array([rng.uniform(-shake, shake), rng.uniform(-shake, shake)])
    for _ in range(2):  # a slow and a fast tremor
        waves, phase = rng.uniform(0.1, 0.5), rng.uniform(0, math.tau)
        swing = np.sin(np.arange(n) * waves + phase) * shake
        path = path + np.stack([swing, np.roll(swing, n // 3)], axis=1)
    strokes, start, end = [], rng.below(n), 0.0
    while end < n:
        length = rng.uniform(8, 27)
        if not rng.chance(gaps):
            piece = path[(start + np.arange(int(end), int(end + length) + 2)) % n]
            drift = np.linspace(-1, 1, len(piece))[:, None] * (rng.uniform(-shake, shake), rng.uniform(-shake, shake))
            strokes.append(Stroke(_ribbon(piece + drift, width * rng.uniform(0.7, 1.2)), ink * rng.uniform(0.65, 1.0)))
        end += length
    return strokes


def _ribbon(path: Polygon, width: float) -> Polygon:
    """The area that a pen of this width covers along a path; pressed less at both ends."""
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
    pressed = 0.35 + 0.65 * np.sin(np.linspace(0.15, math.pi - 0.15, len(path))) ** 0.7
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width / 2 * pressed)[:, None]
    return np.concatenate([path + normal, (path - normal)[::-1]])


def render(drawing: Drawing, side: int) -> UInt8Array:
    """uint8 (3, side, side), RGB."""
    fibre = drawing.fibre.levels(side) * np.float32(1 / 255)
    smudge = drawing.smudge.levels(side) * np.float32(1 / 255)
    inked = _strokes(drawing.strokes, side)
    if drawing.hatchings or drawing.wash:
        body = silhouette(drawing.outline, side)
        for hatching in drawing.hatchings:
            where = body if hatching.inside else 1 - body
            np.maximum(inked, _lines(hatching, smudge, side) * where, out=inked)
        inked = np.maximum(inked, np.float32(drawing.wash) * body * (0.6 + 0.8 * smudge)) if drawing.wash > 0 else inked
        inked *= 1 - np.float32(max(0.0, -drawing.wash) * 4) * body * (1 - inked)
    inked *= 1 - np.float32(drawing.rough) * np.clip(1.6 * fibre - 0.5, 0, 1)
    dirty = np.float32(drawing.dirt) * (smudge - 0.5) + np.float32(0.12) * (fibre - 0.5)
    levels = np.empty((3, side, side), np.uint8)
    for plane, paper, ink in zip(levels, drawing.paper, drawing.ink, strict=True):
        tone = (np.float32(paper) + dirty) * 255
        tone += inked * (np.float32(255 * ink) - tone)
        plane[:] = cv2.convertScaleAbs(np.clip(tone, 0, 255))
    return levels


def _strokes(strokes: tuple[Stroke, ...], side: int) -> Plane:
    """Coverage 0..1 of all strokes, the darker over the lighter; (side, side)."""
    sheet = np.zeros((side, side), np.uint8)
    for stroke in sorted(strokes, key=lambda s: s.ink):
        vertices = np.rint((stroke.ribbon * side - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)
        cv2.fillPoly(sheet, [vertices], int(255 * stroke.ink), cv2.LINE_AA, _FRACTION_BITS)
    return sheet * np.float32(1 / 255)


def _lines(hatching: Hatching, cloud: Plane, side: int) -> Plane:
    """Coverage 0..1 of the lines; a cloud bends them and lets them fade."""
    x, y = grid(side)
    t = np.float32(math.tau * hatching.lines * math.cos(hatching.angle)) * x
    t += np.float32(math.tau * hatching.lines * math.sin(hatching.angle)) * y
    t += np.float32(math.tau * hatching.bend) * cloud + np.float32(hatching.phase)
    wave = np.sin(t, out=t)
    edge = math.cos(math.pi * hatching.share)
    covered: Plane = np.clip((wave - np.float32(edge)) * np.float32(1.6), 0, 1)
    covered *= np.float32(hatching.ink) * (np.float32(0.5) + cloud)
    return covered
