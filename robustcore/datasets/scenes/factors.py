"""Controlled shifts: one factor of a scene is changed, everything else of the scene stays as it is.

The factors are those of DeepFashion Remixed (size, occlusion, viewpoint, zoom) and StreetView StoreFronts (camera, year,
country) in Basart's dissertation, sections 5.3.2 and 6.3; what each does to a scene is ours. At strength 0 the scene is the test
image itself, bit for bit. Changes of one scene draw from a stream of their own for each factor, so that a slider changes nothing else.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np

from robustcore.datasets.scenes import backgrounds, palette
from robustcore.datasets.scenes.backgrounds import Background, Cloth
from robustcore.datasets.scenes.outlines import Outline, Polygon, dense
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.renderer import render, silhouette
from robustcore.datasets.scenes.scene import NATURAL, Pose, Scene, Thing, place
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.images import UInt8Array

REVISION = 1  # raise it whenever a pixel of a changed scene changes

_SMALLEST, _LARGEST = -1.3, 0.9  # of the object's size, in doublings
_TURN = math.radians(75)
_TILT = 0.3
_COVERED = 0.7  # share of the object behind the card
_ZOOM = 1.2  # in doublings
_DARKER, _VIGNETTE, _BLUR = 1.0, 0.8, 0.02  # an old camera: stops of exposure, fall-off, standard deviation of its blur
_LATER_BANK = 2  # of the textures that no model was trained on
_ACCENT, _BROADER = 0.24, 0.25  # bending of all outlines, in the outline's units, and their width over height
_MASK = 96  # side at which the covered share is measured

Change = Callable[[Scene, float, RandomStream], Scene]


@dataclasses.dataclass(frozen=True)
class Factor:
    """One factor of a scene.

    Attributes:
        title: for people.
        summary: what changes, one sentence without its full stop.
        low: the least strength, -1.0 or 0.0; the largest is 1.0 and 0.0 changes nothing.
        levels: the strengths that an evaluation asks for.
        ends: what the scene is at the least and at the largest strength.
        set: the test sets of the dissertation that it stands for.
        change: (scene, strength, rng) -> the changed scene; None for what the camera does to the whole picture.
    """

    title: str
    summary: str
    low: float
    levels: tuple[float, ...]
    ends: tuple[str, str]
    set: str
    change: Change | None


def _resized(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    scale = 2.0 ** (strength * (_LARGEST if strength > 0 else -_SMALLEST))
    pose = dataclasses.replace(scene.pose, size=scene.pose.size * scale)
    centre = (scene.pose.x, scene.pose.y)
    # What stands in front shrinks and grows with the object, so that it covers the same share of it.
    covers = tuple(_scaled(cover, scale, centre) for cover in scene.occluders)
    return dataclasses.replace(_placed(scene, scene.shape, pose), occluders=covers)


def _scaled(thing: Thing, scale: float, centre: tuple[float, float]) -> Thing:
    outline = tuple(((polygon - centre) * scale + centre, adds) for polygon, adds in thing.outline)
    return dataclasses.replace(thing, outline=outline)


def _placed(scene: Scene, shape: Outline, pose: Pose) -> Scene:
    thing = dataclasses.replace(scene.thing, outline=place(shape, pose))
    return dataclasses.replace(scene, shape=shape, pose=pose, thing=thing)


def _turned(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    way, towards = rng.sign(), rng.uniform(0, math.tau)
    pose = dataclasses.replace(
        scene.pose,
        angle=scene.pose.angle + way * strength * _TURN,
        tilt_x=scene.pose.tilt_x + strength * _TILT * math.cos(towards),
        tilt_y=scene.pose.tilt_y + strength * _TILT * math.sin(towards),
    )
    return _placed(scene, scene.shape, pose)


def _accented(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    """All outlines bent and broadened in the same way, as by the style of another country."""
    broader = 1 + _BROADER * strength

    bend = _ACCENT * strength

    def accent(polygon: Polygon) -> Polygon:
        x, y = polygon.T
        return np.stack(
            [(x + bend * np.sin(2.3 * y + 0.6)) * broader, (y + 0.7 * bend * np.sin(2.9 * x + 1.9)) / broader], axis=1
        )

    return _placed(scene, tuple((accent(polygon), adds) for polygon, adds in scene.shape), scene.pose)


def _occluded(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    """A card in front of the object, whose edge leaves visible as much of it as the strength says."""
    stops = palette.stops(rng, palette.any_colour(rng), rng.choice((1, 2)))
    cloth = backgrounds.cloth(rng, "pattern", NATURAL.bank, (0.8, 2.0), stops)
    angle = rng.uniform(0, math.tau)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    mask = silhouette(scene.thing.outline, _MASK)
    rows, columns = np.nonzero(mask > 0.5)
    if not len(rows):
        return scene
    points = (np.stack([columns, rows], axis=1) + 0.5) / _MASK
    depth = np.sort(points @ along)
    edge = depth[min(len(depth) - 1, round(len(depth) * (1 - _COVERED * strength)))]
    sides = points @ across
    margin = 0.12 * (sides.max() - sides.min()) + 0.02
    far = depth[-1] + margin
    corners = [
        edge * along + (sides.min() - margin) * across,
        far * along + (sides.min() - margin) * across,
        far * along + (sides.max() + margin) * across,
        edge * along + (sides.max() + margin) * across,
    ]
    card = Thing(((dense(np.stack(corners), 2), True),), cloth)
    return dataclasses.replace(scene, occluders=(*scene.occluders, card))


def _aged(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    """Patterns one after the other give way to those of a later bank."""

    def later(cloth: Cloth) -> Cloth:
        return dataclasses.replace(cloth, bank=_LATER_BANK) if rng.uniform() < strength else cloth

    ground: Background = later(scene.ground) if isinstance(scene.ground, Cloth) else scene.ground
    thing = dataclasses.replace(scene.thing, cloth=later(scene.thing.cloth))
    clutter = tuple(dataclasses.replace(each, cloth=later(each.cloth)) for each in scene.clutter)
    covers = tuple(dataclasses.replace(each, cloth=later(each.cloth)) for each in scene.occluders)
    return dataclasses.replace(scene, ground=ground, thing=thing, clutter=clutter, occluders=covers)


def _old_camera(scene: Scene, strength: float, rng: RandomStream) -> Scene:
    light = dataclasses.replace(
        scene.light,
        exposure=scene.light.exposure * 2.0 ** (-_DARKER * strength),
        vignette=scene.light.vignette + _VIGNETTE * strength,
        blur=scene.light.blur + _BLUR * strength,
    )
    return dataclasses.replace(scene, light=light)


_HALVES = (0.5, 1.0)

# In the order in which several are applied to one scene.
FACTORS: dict[str, Factor] = {
    "size": Factor(
        "Size",
        "the object is smaller (below 0) or larger (above 0), by up to 1.3 and 0.9 doublings",
        -1.0,
        (-1.0, -0.5, 0.5, 1.0),
        ("small", "large"),
        "DeepFashion Remixed, size: small and large",
        _resized,
    ),
    "viewpoint": Factor(
        "Viewpoint",
        "the object is turned by up to 75 degrees and tilted",
        0.0,
        _HALVES,
        ("as trained", "turned"),
        "DeepFashion Remixed, viewpoint: frontal and not worn",
        _turned,
    ),
    "country": Factor(
        "Country",
        "all outlines are bent and broadened in the same way: a dialect of shapes",
        0.0,
        _HALVES,
        ("as trained", "other dialect"),
        "StreetView StoreFronts, country: France",
        _accented,
    ),
    "occlusion": Factor(
        "Occlusion",
        "a card covers up to 70 % of the object",
        0.0,
        _HALVES,
        ("as trained", "covered"),
        "DeepFashion Remixed, occlusion: slight and heavy",
        _occluded,
    ),
    "year": Factor(
        "Year",
        "patterns one after the other come from a later bank of textures",
        0.0,
        _HALVES,
        ("as trained", "later"),
        "StreetView StoreFronts, year: 2017 and 2018",
        _aged,
    ),
    "camera": Factor(
        "Camera",
        "an old camera: up to a stop darker, with fall-off towards the corners and a softer lens",
        0.0,
        _HALVES,
        ("as trained", "old camera"),
        "StreetView StoreFronts, camera: old",
        _old_camera,
    ),
    "zoom": Factor(
        "Zoom",
        "the camera comes closer to the object, up to 2.3 times",
        0.0,
        _HALVES,
        ("as trained", "close"),
        "DeepFashion Remixed, zoom: medium and large",
        None,
    ),
}


def check(strengths: Mapping[str, float]) -> None:
    """Raise an error for a factor or a strength that there is not."""
    for name, strength in strengths.items():
        if name not in FACTORS:
            raise UnknownNameError("factor of scenes", name, FACTORS)
        if not FACTORS[name].low <= strength <= 1.0:
            raise InvalidArgumentError(
                f"The strength of {name} is a number from {FACTORS[name].low:g} to 1, not {strength:g}."
            )


def changed(scene: Scene, strengths: Mapping[str, float], stream: str, index: int) -> Scene:
    """A scene with some of its factors changed, but for the zoom, which is the picture's.

    Args:
        strengths: factor -> strength, in the factor's range; without one, and at 0, the factor stays as it is.
        stream, index: of the scene; each factor draws from a stream of its own.
    """
    for name, factor in FACTORS.items():
        strength = strengths.get(name, 0.0)
        if factor.change is not None and strength != 0:
            scene = factor.change(scene, strength, RandomStream(f"{stream}/factors/{name}", index))
    return scene


def paint(scene: Scene, strengths: Mapping[str, float], stream: str, index: int, side: int) -> UInt8Array:
    """uint8 (3, side, side): the scene with its factors changed; the arguments are those of `changed`."""
    scene = changed(scene, strengths, stream, index)
    zoom = 2.0 ** (_ZOOM * strengths.get("zoom", 0.0))
    if zoom == 1:
        return render(scene, side)
    whole = round(side * zoom)
    image = render(scene, whole)
    left, top = (min(max(round(at * whole - side / 2), 0), whole - side) for at in (scene.pose.x, scene.pose.y))
    return np.ascontiguousarray(image[:, top : top + side, left : left + side])
