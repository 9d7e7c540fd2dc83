"""Painting a street scene: every object casts its shadow on what is behind it; light and camera come last, over all alike."""

from __future__ import annotations

import math

import numpy as np

from robustcore.datasets.scenes.backgrounds import Planes
from robustcore.datasets.scenes.renderer import expose, illumination, shade, shadow, silhouette
from robustcore.datasets.scenes.scene import Light, Thing
from robustcore.datasets.scenes.street.layout import StreetScene
from robustcore.images import UInt8Array

_LEAST = 0.5  # coverage from which on a pixel belongs to an object


def paint(scene: StreetScene, side: int) -> tuple[UInt8Array, UInt8Array]:
    """uint8 (3, side, side), RGB, and the mask uint8 (side, side): 0 the ground, else an object's label."""
    image = scene.ground.paint(side)
    mask = np.zeros((side, side), np.uint8)
    for placed in scene.objects:
        _lay(image, mask, placed.thing, placed.label, scene.light, side)
    image *= illumination(scene.light, side)
    return expose(image, scene.light.blur * side), mask


def _lay(image: Planes, mask: UInt8Array, thing: Thing, label: int, light: Light, side: int) -> None:
    """Shadow and object over the image, in place; only the rectangle that they cover is touched."""
    corners = np.concatenate([polygon for polygon, _ in thing.outline])
    reach = math.ceil((light.shadow_length + 3 * light.shadow_blur) * side) + 2
    left, top = np.maximum(np.floor(corners.min(axis=0) * side).astype(int) - reach, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0) * side).astype(int) + reach, side)
    if left >= right or top >= bottom:
        return
    cover = silhouette(thing.outline, side)[top:bottom, left:right]
    part = image[:, top:bottom, left:right]
    part *= shadow(cover, light, side)
    if len(thing.cloth.stops) == 1:
        surface: Planes = np.empty(part.shape, np.float32)
        surface[:] = np.array(thing.cloth.stops[0], np.float32)[:, None, None]
    else:
        surface = thing.cloth.paint(side)[:, top:bottom, left:right].copy()
    shade(surface, cover, light, side)
    part += (surface - part) * cover
    mask[top:bottom, left:right][cover > _LEAST] = label
