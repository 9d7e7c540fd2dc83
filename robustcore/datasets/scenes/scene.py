"""A scene as a value: all its random choices, before any pixel is painted."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from robustcore.datasets.scenes import backgrounds, palette
from robustcore.datasets.scenes.backgrounds import Background, Cloth
from robustcore.datasets.scenes.outlines import CLASSES, Outline, clutter
from robustcore.datasets.scenes.palette import Colour
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.unknown_shapes import UNKNOWN

Range = tuple[float, float]

SHAPES = {**CLASSES, **UNKNOWN}
_NEAREST = 0.3  # the smallest perspective divisor; below it a strong perspective would turn over


@dataclasses.dataclass(frozen=True)
class Style:
    """The ranges that scenes are drawn from; sets of scenes differ in their style.

    Attributes:
        name: of the style.
        bank: which texture bank objects and grounds take their patterns from.
        size: half the object's extent, as a share of the side.
        rotation: largest angle to either side, degrees.
        perspective: largest foreshortening.
        stretch: the object's width over its height, as a factor on one and a divisor of the other.
        shear: largest slant.
        separation: least distance of the mean colours of object and ground, in RGB of [0, 1], and the most; each
            scene draws a distance in this range, and the object's colours are moved that close to the ground's.
        bold: share of scenes with free colours that keep their drawn distance.
        hue_share: share of scenes whose object and ground have the same luminance and differ in hue.
        photos: share of photographs among the grounds of free colours; gradients take what is missing.
        occluder: probability of a shape in front of the object.
    """

    name: str = "natural"
    bank: int = 0
    size: Range = (0.22, 0.41)
    rotation: float = 22.0
    perspective: float = 0.28
    stretch: Range = (0.88, 1.14)
    shear: float = 0.12
    separation: Range = (0.12, 0.48)
    bold: float = 0.06
    hue_share: float = 0.25
    photos: float = 0.26
    occluder: float = 0.18


NATURAL = Style()


def between(one: Style, other: Style, share: float) -> Style:
    """The first style, with poses on the way to the second's; colours, textures and what else is drawn stay as in the first.

    Args:
        share: of the way, 0 .. 1.
    """

    def mixed(a: float, b: float) -> float:
        return a + share * (b - a)

    def ranges(a: Range, b: Range) -> Range:
        return mixed(a[0], b[0]), mixed(a[1], b[1])

    return dataclasses.replace(
        one,
        size=ranges(one.size, other.size),
        rotation=mixed(one.rotation, other.rotation),
        perspective=mixed(one.perspective, other.perspective),
        stretch=ranges(one.stretch, other.stretch),
        shear=mixed(one.shear, other.shear),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Thing:
    """A placed silhouette and its material.

    Attributes:
        outline: layers in scene coordinates, 0..1 across the image.
        cloth: its material. opacity: 0..1.
    """

    outline: Outline
    cloth: Cloth
    opacity: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pose:
    """Position and view of an outline: lengths as shares of the side, angles in radians.

    Attributes:
        size: of the outline's unit. x, y: of its centre. flip: -1.0 mirrors.
        tilt_x, tilt_y: foreshortening along the axes.
        wobble, pitch, phase: amplitude, in the outline's units, and waves of a bending of all edges.
    """

    size: float
    x: float
    y: float
    angle: float
    flip: float
    stretch: float
    shear: float
    tilt_x: float
    tilt_y: float
    wobble: float
    pitch: float
    phase: float


@dataclasses.dataclass(frozen=True, slots=True)
class Light:
    """Lighting and camera of a scene; lengths as shares of the side, angles in radians.

    Attributes:
        angle: where the light comes from.
        relief, puff, gloss: strength and width of the shading that lets the object look raised, and of its highlight.
        shadow, shadow_length, shadow_blur: darkness, offset and softness of the cast shadow.
        ramp, ramp_angle, vignette: how much the illumination changes across the image and towards the corners.
        exposure: factor on all light.
        veil: a cloud of light and shade, 1 +- veil, over object and ground alike.
        blur: standard deviation of the camera's blur.
    """

    angle: float
    relief: float
    puff: float
    gloss: float
    shadow: float
    shadow_length: float
    shadow_blur: float
    ramp: float
    ramp_angle: float
    vignette: float
    exposure: float
    veil: tuple[Cloth, float] | None
    blur: float


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """One scene; `renderer.render` paints it at any side.

    `shape` is the object's outline before it is placed, and `pose` what places it: a controlled shift changes one of them.
    """

    ground: Background
    clutter: tuple[Thing, ...]
    thing: Thing
    occluders: tuple[Thing, ...]
    light: Light
    hue_only: bool  # object and ground have the same luminance
    shape: Outline
    pose: Pose


def draw(rng: RandomStream, shape: str, style: Style = NATURAL) -> Scene:
    """Draw a scene that shows `shape`, a class or an unknown one. Only the outline depends on the shape."""
    hue_only = rng.chance(style.hue_share)
    ground, stops = _hue_pair(rng, style) if hue_only else _free_pair(rng, style)
    material = backgrounds.cloth(rng, "pattern", style.bank, (0.8, 1.9), stops)
    light = _light(rng, style, hue_only)
    clutter_things = tuple(_clutter(rng, style) for _ in range(rng.below(5)))
    size = rng.uniform(*style.size)
    # A large object is closer to the centre, so that little of it leaves the image.
    largest_offset = 0.13 * (0.56 - size) / 0.26
    x, y = rng.uniform(-largest_offset, largest_offset), rng.uniform(-largest_offset, largest_offset)
    occluders = (_occluder(rng, style, size, x, y),) if rng.chance(style.occluder) else ()
    posed = pose(rng, size, x, y, math.radians(style.rotation), style.perspective, style)
    # Last, because shapes need different numbers of draws, and all else should not depend on the shape.
    outline = SHAPES[shape](rng)
    thing = Thing(place(outline, posed), material)
    return Scene(ground, clutter_things, thing, occluders, light, hue_only, outline, posed)


def _free_pair(rng: RandomStream, style: Style) -> tuple[Background, tuple[Colour, ...]]:
    """A ground of any kind, and object colours that differ from it, in luminance too."""
    kind = rng.uniform()
    ground: Background
    if kind < 0.28:
        stops = tuple(palette.any_colour(rng) for _ in range(2 + rng.below(2)))
        ground = backgrounds.cloth(rng, "cloud", style.bank, (1.0, 2.4), stops)
    elif kind < 0.76 - style.photos:
        ground = backgrounds.gradient(rng, (palette.any_colour(rng), palette.any_colour(rng)))
    elif kind < 0.76:
        ground = backgrounds.photo(rng)
    else:
        stops = palette.stops(rng, palette.any_colour(rng), 2)
        ground = backgrounds.cloth(rng, "pattern", style.bank, (0.8, 2.2), stops)
    background_mean = ground.mean
    count = rng.choice((1, 2, 2, 3))
    least, most = style.separation
    distance, bold = rng.uniform(least, most), rng.chance(style.bold)
    while True:
        stops = palette.stops(rng, palette.any_colour(rng), count)
        mean = palette.mean(stops)
        contrast = math.dist(mean, background_mean)
        if (
            contrast >= distance
            and abs(palette.luminance(mean) - palette.luminance(background_mean)) >= 0.45 * contrast
        ):
            if bold:
                return ground, stops
            closer = palette.mix(background_mean, mean, distance / contrast)
            return ground, tuple(palette.shift(stop, mean, closer) for stop in stops)
        distance = max(least, 0.9 * distance)


def _hue_pair(rng: RandomStream, style: Style) -> tuple[Background, tuple[Colour, ...]]:
    """A ground and object colours of one luminance and of opposite hues: in greyscale the object nearly disappears."""
    count, ground_count = rng.choice((1, 2, 2, 3)), 2 + rng.below(2)
    while True:
        y, hue = rng.uniform(0.3, 0.65), rng.uniform(0, math.tau)
        other = hue + math.pi + rng.uniform(-0.9, 0.9)
        stops = palette.equal_luminance_stops(rng, y, hue, count)
        ground_stops = palette.equal_luminance_stops(rng, y, other, ground_count)
        if math.dist(palette.mean(stops), palette.mean(ground_stops)) >= 2 * style.separation[0]:
            break
    kind = rng.uniform()
    if kind < 0.45:
        return backgrounds.cloth(rng, "cloud", style.bank, (1.0, 2.4), ground_stops), stops
    if kind < 0.75:
        return backgrounds.gradient(rng, ground_stops), stops
    return backgrounds.cloth(rng, "pattern", style.bank, (0.8, 2.2), ground_stops), stops


def _light(rng: RandomStream, style: Style, hue_only: bool) -> Light:
    veil = backgrounds.cloth(rng, "cloud", style.bank, (0.9, 2.0), ())
    strength = rng.uniform(0.12, 0.4)
    # Relief and shadow would show the outline in light and dark, so scenes of equal luminance have little of them.
    faint = 0.12 if hue_only else 1.0
    return Light(
        angle=rng.uniform(-2.6, -0.5),
        relief=faint * rng.uniform(0.0, 1.3),
        puff=rng.uniform(0.014, 0.06),
        gloss=faint * max(0.0, rng.uniform(-0.5, 0.7)),
        shadow=faint * max(0.0, rng.uniform(-0.15, 0.65)),
        shadow_length=rng.uniform(0.02, 0.075),
        shadow_blur=rng.uniform(0.012, 0.04),
        ramp=rng.uniform(0.0, 0.45),
        ramp_angle=rng.uniform(0, math.tau),
        vignette=max(0.0, rng.uniform(-0.4, 0.6)),
        exposure=rng.uniform(0.55, 1.08),
        veil=(veil, strength) if hue_only or rng.chance(0.15) else None,
        blur=rng.uniform(0.001, 0.01),
    )


def _clutter(rng: RandomStream, style: Style) -> Thing:
    stops = palette.stops(rng, palette.any_colour(rng), rng.choice((1, 1, 2)))
    cloth = backgrounds.cloth(rng, "pattern", style.bank, (0.8, 2.0), stops)
    distance, angle = rng.uniform(0.18, 0.52), rng.uniform(0, math.tau)
    x, y = distance * math.cos(angle), distance * math.sin(angle)
    posed = pose(rng, rng.uniform(0.06, 0.19), x, y, math.pi, 0.1)
    return Thing(place(clutter(rng), posed), cloth, rng.uniform(0.6, 1.0))


def _occluder(rng: RandomStream, style: Style, size: float, x: float, y: float) -> Thing:
    stops = palette.stops(rng, palette.any_colour(rng), rng.choice((1, 1, 2)))
    cloth = backgrounds.cloth(rng, "pattern", style.bank, (0.8, 2.0), stops)
    # Over a part of the object, never over nearly all of a small one.
    x, y = x + size * rng.uniform(-0.7, 0.7), y + size * rng.uniform(-0.7, 0.7)
    posed = pose(rng, size * rng.uniform(0.32, 0.5), x, y, math.pi, 0.1)
    return Thing(place(clutter(rng), posed), cloth)


def pose(
    rng: RandomStream, size: float, x: float, y: float, rotation: float, perspective: float, style: Style = NATURAL
) -> Pose:
    """A pose at `x`, `y` from the image's centre; `rotation` (radians) and `perspective` are the largest ones, and of
    the style only stretch and shear are used."""
    return Pose(
        size=size,
        x=0.5 + x,
        y=0.5 + y,
        angle=rng.uniform(-rotation, rotation),
        flip=rng.sign(),
        stretch=rng.uniform(*style.stretch),
        shear=rng.uniform(-style.shear, style.shear),
        tilt_x=rng.uniform(-perspective, perspective),
        tilt_y=rng.uniform(-perspective, perspective),
        wobble=rng.uniform(0.0, 0.035),
        pitch=rng.uniform(2.0, 4.5),
        phase=rng.uniform(0, math.tau),
    )


def place(outline: Outline, pose: Pose) -> Outline:
    """Wobble, mirror, stretch, shear and rotate an outline, and apply perspective."""
    c, s = math.cos(pose.angle), math.sin(pose.angle)
    wide, tall = pose.size * pose.stretch * pose.flip, pose.size / pose.stretch
    # Rows: x and y of the image, then what the perspective divides by.
    linear = np.array(
        [
            [c * wide, wide * pose.shear * c - s * tall],
            [s * wide, wide * pose.shear * s + c * tall],
            [pose.tilt_x, pose.tilt_y],
        ]
    )
    points = np.concatenate([polygon for polygon, _ in outline])
    points = points + pose.wobble * np.sin(pose.pitch * points[:, ::-1] + (pose.phase, pose.phase + 1.7))
    moved = points @ linear.T
    moved = moved[:, :2] / np.maximum(1 + moved[:, 2:], _NEAREST) + (pose.x, pose.y)
    placed, start = [], 0
    for polygon, adds in outline:
        placed.append((moved[start : start + len(polygon)], adds))
        start += len(polygon)
    return tuple(placed)
