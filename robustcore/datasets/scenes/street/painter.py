"""Painting a street scene: every object casts its shadow on what is behind it; light and camera come last, over all alike."""

from __future__ import annotations

import math

import cv2
import numpy as np

from robustcore.datasets.scenes.backgrounds import Plane, Planes
from robustcore.datasets.scenes.renderer import expose, illumination, silhouette
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
    if light.shadow >= 0.02:
        part *= _shadow(cover, light, side)
    if len(thing.cloth.stops) == 1:
        surface: Planes = np.empty(part.shape, np.float32)
        surface[:] = np.array(thing.cloth.stops[0], np.float32)[:, None, None]
    else:
        surface = thing.cloth.paint(side)[:, top:bottom, left:right].copy()
    _shade(surface, cover, light, side)
    part += (surface - part) * cover
    mask[top:bottom, left:right][cover > _LEAST] = label


def _shadow(cover: Plane, light: Light, side: int) -> Plane:
    """The factor by which the cast shadow darkens what is behind."""
    length = light.shadow_length * side
    matrix = np.array([[1, 0, -math.cos(light.angle) * length], [0, 1, -math.sin(light.angle) * length]])
    cast = cv2.warpAffine(cover, matrix, cover.shape[::-1])
    shadow: Plane = cv2.GaussianBlur(cast, (0, 0), light.shadow_blur * side)
    return np.float32(1) - np.float32(light.shadow) * shadow


def _shade(surface: Planes, cover: Plane, light: Light, side: int) -> None:
    """Relief, as of single scenes, in place."""
    if light.relief < 0.05 and light.gloss < 0.02:
        return
    sigma = light.puff * side
    height = cv2.GaussianBlur(cover, (0, 0), sigma)
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    slope = (gx * (-math.cos(light.angle)) + gy * (-math.sin(light.angle))) * np.float32(sigma / 8)
    surface *= 1 + np.float32(light.relief * 1.6) * slope
    if light.gloss >= 0.02:
        shine = np.maximum(slope, 0)
        surface += np.float32(light.gloss * 6) * shine * shine
    np.clip(surface, 0, 1, out=surface)
