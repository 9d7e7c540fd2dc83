"""A street scene as a value: two to five objects on one ground, from the back to the front, and perhaps an anomaly.

An object further down is nearer: larger, and in front. The anomaly is one of the unknown shapes, placed among the objects before
any shadow or light, so that nothing but its shape gives it away (Basart, dissertation, section 4.4, of StreetHazards).
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from robustcore.datasets.scenes import backgrounds, palette
from robustcore.datasets.scenes.backgrounds import Background
from robustcore.datasets.scenes.outlines import CLASSES, Outline, dense
from robustcore.datasets.scenes.palette import Colour
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.scene import Light, Style, Thing, place, pose
from robustcore.datasets.scenes.unknown_shapes import UNKNOWN

FEWEST, MOST = 2, 5  # objects
SMALLEST, LARGEST = 0.008, 0.05  # share of the image that an anomaly covers
_NAMES = tuple(CLASSES)
_UNKNOWN_NAMES = tuple(UNKNOWN)
_GROUND_DISTANCE = 0.16  # of the mean colours of object and ground, in RGB of [0, 1]
_TRIES = 6  # at a place that is not taken yet


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """An object.

    Attributes:
        label: 1 .. 12 by the order of the classes, 13 for an anomaly.
        name: of its shape.
        thing: outline and material.
    """

    label: int
    name: str
    thing: Thing


@dataclasses.dataclass(frozen=True, slots=True)
class StreetScene:
    """A street scene; `objects` from the back to the front."""

    ground: Background
    objects: tuple[Placed, ...]
    light: Light


def draw(
    rng: RandomStream,
    bank: int,
    *,
    anomaly: bool = False,
    unknown: bool = False,
    scale: float = 1.0,
    covered: float = 0.0,
    turned: float = 0.0,
    zoom: float = 1.0,
) -> StreetScene:
    """Draw a scene.

    Args:
        rng: of the scene.
        bank: of the textures: a town's own.
        anomaly: whether an unknown shape stands among the objects.
        unknown: whether all objects are unknown shapes.
        scale: factor on the objects' size.
        covered: share of each object's length that a card in front of it hides, from one of its sides.
        turned: radians by which each object is turned, one way or the other.
        zoom: how many times nearer the camera is to the middle of the scene.
    """
    ground = _ground(rng, bank)
    light = _light(rng)
    places: list[tuple[float, float, float]] = []
    objects: list[tuple[float, Placed]] = []
    for _ in range(FEWEST + rng.below(MOST - FEWEST + 1)):
        label = rng.below(len(_UNKNOWN_NAMES) if unknown else len(_NAMES))
        x, y, size = _free_place(rng, places)
        places.append((x, y, size))
        name, number = (_UNKNOWN_NAMES[label], len(_NAMES) + 1) if unknown else (_NAMES[label], label + 1)
        placed = _object(rng, name, number, x, y, size * scale, ground.mean, bank, turned)
        objects.append((y, placed))
        if covered:
            objects.append((y, _card(rng, placed.thing.outline, covered, bank)))
    if anomaly:
        name = rng.choice(_UNKNOWN_NAMES)
        share = SMALLEST * (LARGEST / SMALLEST) ** rng.uniform(0.08, 0.92)
        # Its size comes from the share that its own outline covers.
        x, y, _ = _free_place(rng, places)
        strange = _object(rng, name, len(_NAMES) + 1, x, y, 0.2, ground.mean, bank)
        scale = math.sqrt(share / max(_area(strange.thing.outline), 1e-6))
        centre = (0.5 + x, 0.5 + y)
        outline = tuple(((polygon - centre) * scale + centre, adds) for polygon, adds in strange.thing.outline)
        thing = dataclasses.replace(strange.thing, outline=outline)
        objects.append((y, dataclasses.replace(strange, thing=thing)))
    objects.sort(key=lambda each: each[0])
    listed = tuple(placed if zoom == 1.0 else _nearer(placed, zoom) for _, placed in objects)
    return StreetScene(ground, listed, light)


def in_front(scene: StreetScene, label: int) -> StreetScene:
    """The scene with the objects of a label moved to the front."""
    moved = [each for each in scene.objects if each.label == label]
    return dataclasses.replace(scene, objects=(*(each for each in scene.objects if each.label != label), *moved))


def _ground(rng: RandomStream, bank: int) -> Background:
    kind = rng.uniform()
    if kind < 0.3:
        stops = tuple(palette.any_colour(rng) for _ in range(2 + rng.below(2)))
        return backgrounds.cloth(rng, "cloud", bank, (1.0, 2.4), stops)
    if kind < 0.6:
        return backgrounds.gradient(rng, (palette.any_colour(rng), palette.any_colour(rng)))
    stops = palette.stops(rng, palette.any_colour(rng), 2)
    return backgrounds.cloth(rng, "pattern", bank, (0.8, 2.2), stops)


def _free_place(rng: RandomStream, places: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Where an object stands, from the image's centre, and its size: where it overlaps the others least of a few tries."""
    best, least = (0.0, 0.0, 0.15), math.inf
    for _ in range(_TRIES):
        x, y = rng.uniform(-0.4, 0.4), rng.uniform(-0.36, 0.4)
        size = (0.1 + 0.12 * (y + 0.36) / 0.76) * rng.uniform(0.85, 1.2)
        overlap = sum(max(0.0, size + other - math.hypot(x - a, y - b)) for a, b, other in places)
        if overlap < least:
            best, least = (x, y, size), overlap
        if overlap == 0:
            break
    return best


def _object(
    rng: RandomStream,
    name: str,
    label: int,
    x: float,
    y: float,
    size: float,
    ground: Colour,
    bank: int,
    turned: float = 0.0,
) -> Placed:
    count = rng.choice((1, 1, 2, 2, 3))
    while True:
        stops = palette.stops(rng, palette.any_colour(rng), count)
        if math.dist(palette.mean(stops), ground) >= _GROUND_DISTANCE:
            break
    material = backgrounds.cloth(rng, "pattern", bank, (0.8, 1.9), stops)
    posed = pose(rng, size, x, y, math.radians(18), 0.22, Style())
    if turned:
        posed = dataclasses.replace(posed, angle=posed.angle + rng.sign() * turned)
    shape = (CLASSES | UNKNOWN)[name](rng)
    return Placed(label, name, Thing(place(shape, posed), material))


def _card(rng: RandomStream, outline: Outline, covered: float, bank: int) -> Placed:
    """A card of a pattern over one side of an outline; it is nothing that has a label."""
    angle = rng.uniform(0, math.tau)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    points = np.concatenate([polygon for polygon, _ in outline])
    depth, sides = points @ along, points @ across
    far, margin = depth.max(), 0.02
    edge = far - covered * (far - depth.min())
    corners = (
        (edge, sides.min() - margin),
        (far + margin, sides.min() - margin),
        (far + margin, sides.max() + margin),
        (edge, sides.max() + margin),
    )
    card = dense(np.stack([a * along + b * across for a, b in corners]), 2)
    stops = palette.stops(rng, palette.any_colour(rng), rng.choice((1, 2)))
    return Placed(0, "card", Thing(((card, True),), backgrounds.cloth(rng, "pattern", bank, (0.8, 1.9), stops)))


def _nearer(placed: Placed, zoom: float) -> Placed:
    outline = tuple(((polygon - 0.5) * zoom + 0.5, adds) for polygon, adds in placed.thing.outline)
    return dataclasses.replace(placed, thing=dataclasses.replace(placed.thing, outline=outline))


def _area(outline: Outline) -> float:
    """The share of the image that an outline covers, by its polygons: overlaps of layers count once at most by half a per cent."""
    from robustcore.datasets.scenes.renderer import silhouette

    side = 96
    return float(silhouette(outline, side).mean())


def _light(rng: RandomStream) -> Light:
    return Light(
        angle=rng.uniform(-2.6, -0.5),
        relief=rng.uniform(0.0, 1.2),
        puff=rng.uniform(0.012, 0.035),
        gloss=max(0.0, rng.uniform(-0.5, 0.6)),
        shadow=max(0.0, rng.uniform(-0.1, 0.6)),
        shadow_length=rng.uniform(0.015, 0.05),
        shadow_blur=rng.uniform(0.01, 0.025),
        ramp=rng.uniform(0.0, 0.4),
        ramp_angle=rng.uniform(0, math.tau),
        vignette=max(0.0, rng.uniform(-0.4, 0.5)),
        exposure=rng.uniform(0.6, 1.08),
        veil=None,
        blur=rng.uniform(0.001, 0.008),
    )


def area_of(mask: np.ndarray, label: int) -> float:
    """The share of a mask that has a label."""
    return float((mask == label).mean())
