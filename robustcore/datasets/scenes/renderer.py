"""Painting a scene at any side: silhouettes, relief, shadow, illumination, camera."""

from __future__ import annotations

import math

import cv2
import numpy as np

from robustcore.datasets.scenes.backgrounds import Plane, Planes, grid
from robustcore.datasets.scenes.outlines import Outline
from robustcore.datasets.scenes.scene import Light, Scene, Thing
from robustcore.images import UInt8Array

REVISION = 2  # a part of every fingerprint: raise it whenever a pixel changes

_FRACTION_BITS = 4  # of the vertices' coordinates; with them antialiased filling needs no supersampling


def silhouette(outline: Outline, side: int) -> Plane:
    """Coverage 0..1 of an outline in scene coordinates; (side, side)."""
    mask = np.zeros((side, side), np.uint8)
    for polygon, adds in outline:
        vertices = np.rint((polygon * side - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)
        cv2.fillPoly(mask, [vertices], 255 if adds else 0, cv2.LINE_AA, _FRACTION_BITS)
    return mask * np.float32(1 / 255)


def render(scene: Scene, side: int) -> UInt8Array:
    """uint8 (3, side, side), RGB."""
    image = scene.ground.paint(side)
    for thing in scene.clutter:
        _lay(image, thing, side)
    mask = silhouette(scene.thing.outline, side)
    image *= shadow(mask, scene.light, side)
    surface = scene.thing.cloth.paint(side)
    shade(surface, mask, scene.light, side)
    surface -= image
    surface *= mask
    image += surface
    for cover in scene.occluders:
        _lay(image, cover, side)
    image *= illumination(scene.light, side)
    return expose(image, scene.light.blur * side)


def paint_flat(scene: Scene, side: int) -> Planes:
    """float32 (3, side, side), 0..1: the scene's colours alone, without light, shadow or camera."""
    image = scene.ground.paint(side)
    for thing in (*scene.clutter, scene.thing, *scene.occluders):
        _lay(image, thing, side)
    return image


def _lay(image: Planes, thing: Thing, side: int) -> None:
    """Lay a flat thing over the image, in place; only the rectangle that it covers is touched."""
    corners = np.concatenate([polygon for polygon, _ in thing.outline])
    left, top = np.maximum(np.floor(corners.min(axis=0) * side).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0) * side).astype(int) + 2, side)
    if left >= right or top >= bottom:
        return
    mask = silhouette(thing.outline, side)[top:bottom, left:right] * np.float32(thing.opacity)
    part = image[:, top:bottom, left:right]
    if len(thing.cloth.stops) == 1:
        paint: Planes = np.array(thing.cloth.stops[0], np.float32)[:, None, None]
    else:
        paint = thing.cloth.paint(side)[:, top:bottom, left:right]
    part += (paint - part) * mask


def shadow(mask: Plane, light: Light, side: int) -> Plane | float:
    """The factor by which the shadow of a silhouette darkens what is behind; the mask is a rectangle of an image of this side."""
    if light.shadow < 0.02:
        return 1.0
    length = light.shadow_length * side
    matrix = np.array([[1, 0, -math.cos(light.angle) * length], [0, 1, -math.sin(light.angle) * length]])
    cast = cv2.warpAffine(mask, matrix, mask.shape[::-1])
    blurred: Plane = cv2.GaussianBlur(cast, (0, 0), light.shadow_blur * side)
    return np.float32(1) - np.float32(light.shadow) * blurred


def shade(thing: Planes, mask: Plane, light: Light, side: int) -> None:
    """Relief: the slope of the blurred silhouette towards the light brightens, away from it darkens; in place."""
    if light.relief < 0.05 and light.gloss < 0.02:
        return
    sigma = light.puff * side
    height = cv2.GaussianBlur(mask, (0, 0), sigma)
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    # Sobel's weights sum to 8; times sigma the slope is free of the side and of the width.
    slope = (gx * (-math.cos(light.angle)) + gy * (-math.sin(light.angle))) * np.float32(sigma / 8)
    thing *= 1 + np.float32(light.relief * 1.6) * slope
    if light.gloss >= 0.02:
        shine = np.maximum(slope, 0)
        thing += np.float32(light.gloss * 6) * shine * shine
    np.clip(thing, 0, 1, out=thing)


def illumination(light: Light, side: int) -> Plane:
    """The factor of the light on every pixel."""
    x, y = grid(side)
    factor = np.float32(light.exposure * light.ramp * math.cos(light.ramp_angle)) * x
    factor += np.float32(light.exposure * light.ramp * math.sin(light.ramp_angle)) * y
    factor += np.float32(light.exposure)
    if light.vignette > 0:
        factor *= 1 - np.float32(light.vignette) * (x * x + y * y)
    if light.veil:
        cloth, strength = light.veil
        factor *= cloth.levels(side) * np.float32(2 * strength / 255) + np.float32(1 - strength)
    return factor


def expose(image: Planes, sigma: float) -> UInt8Array:
    """The camera: a slight blur, then 8 bits."""
    image *= 255
    levels = np.empty(image.shape, np.uint8)
    for plane, out in zip(image, levels, strict=True):
        blurred = cv2.GaussianBlur(plane, (0, 0), sigma) if sigma > 0.1 else plane
        out[:] = cv2.convertScaleAbs(np.maximum(blurred, 0))
    return levels
