"""Fog, rain, shadow and sun flare of the candidates, on one image with parameters that are already drawn.

They follow Albumentations 0.5.2, on uint8 (H, W, 3) images; lengths are pixels of that image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

Point = tuple[int, int]
FOG_SIDE = 224  # fog's points are drawn for this side and scaled, so their number is the same at every size
FOG_POINTS = 24  # at most
FLARE_DISCS = 20


def _blend_disc(image: UInt8Array, centre: Point, radius: int, alpha: float) -> None:
    """Blend a white disc into the image, in place."""
    height, width = image.shape[:2]
    left, right = max(0, centre[0] - radius), min(width, centre[0] + radius + 1)
    top, bottom = max(0, centre[1] - radius), min(height, centre[1] + radius + 1)
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    overlay = part.copy()
    cv2.circle(overlay, (centre[0] - left, centre[1] - top), radius, (255, 255, 255), -1)
    image[top:bottom, left:right] = cv2.addWeighted(overlay, alpha, part, 1 - alpha, 0)


def _fog_points(coefficient: float, units: Iterator[Sequence[float]]) -> Iterator[Point]:
    """The centres of the discs at side 224: rings of growing width and number around the middle."""
    half = int(FOG_SIDE // 3 * coefficient)
    x, y, ring = FOG_SIDE // 2 - 2 * half, FOG_SIDE // 2 - half, 1
    while x > -half or y > -half:
        for _ in range(half // 10 * ring):
            u, v = next(units)
            yield (
                x + int(u * (FOG_SIDE - 2 * x - half + 1)) + half // 2,
                y + int(v * (FOG_SIDE - 2 * y - half + 1)) + half // 2,
            )
        x, y, ring = x - 3 * half // 2, y - 3 * half // 2, ring + 1


def fog(image: UInt8Array, coefficient: float, units: Iterable[Sequence[float]]) -> UInt8Array:
    """Blend 15 to 21 faint white discs into the image and box-blur the result.

    Args:
        image: (H, W, 3).
        coefficient: 0.8 .. 1; a disc is blended in at 0.08 times it.
        units: `FOG_POINTS` pairs in [0, 1) that place the discs.
    """
    k = fog_blur(image, coefficient)
    blurred: UInt8Array = cv2.blur(fog_discs(image, coefficient, units, 0.08 * coefficient), (k, k))
    return blurred


def fog_blur(image: UInt8Array, coefficient: float) -> int:
    """The side of the box that fog blurs with."""
    height, width = image.shape[:2]
    half = int(FOG_SIDE // 3 * coefficient)
    return int(max(1, round(half // 10 * (min(height, width) / FOG_SIDE))))


def fog_discs(image: UInt8Array, coefficient: float, units: Iterable[Sequence[float]], alpha: float) -> UInt8Array:
    """The fog's discs, before the blur."""
    height, width = image.shape[:2]
    half = int(FOG_SIDE // 3 * coefficient)
    radius = max(1, round(half // 2 * (min(height, width) / FOG_SIDE)))
    foggy = image.copy()
    for x, y in _fog_points(coefficient, iter(units)):
        centre = (round(x * width / FOG_SIDE), round(y * height / FOG_SIDE))
        _blend_disc(foggy, centre, radius, alpha)
    return foggy


def scale_lightness(
    image: UInt8Array, factor: float, where: npt.NDArray[np.bool_] | None = None, below: float = math.inf
) -> UInt8Array:
    """Multiply the lightness of OpenCV's 8-bit HLS, where it is below a level; clipped, fractions dropped."""
    hls = cv2.cvtColor(image, cv2.COLOR_RGB2HLS)
    levels = np.arange(256, dtype=np.float32)
    table = np.where(levels < below, np.minimum(levels * np.float32(factor), 255), levels).astype(np.uint8)
    lightness = hls[..., 1]
    scaled = table[lightness]
    hls[..., 1] = scaled if where is None else np.where(where, scaled, lightness)
    result: UInt8Array = cv2.cvtColor(hls, cv2.COLOR_HLS2RGB)
    return result


def rain(image: UInt8Array, starts: Iterable[Point], drop: Point, blur: int) -> UInt8Array:
    """Draw drops, blur the whole image and take 30 % off its lightness."""
    return scale_lightness(cv2.blur(rain_drops(image, starts, drop), (blur, blur)), 0.7)


def rain_drops(image: UInt8Array, starts: Iterable[Point], drop: Point) -> UInt8Array:
    """Draw grey drops from each start, each (right, down) long."""
    rainy = image.copy()
    for x, y in starts:
        cv2.line(rainy, (x, y), (x + drop[0], y + drop[1]), (200, 200, 200), 1)
    return rainy


def shadow(image: UInt8Array, polygons: Iterable[npt.NDArray[np.int32]], factor: float = 0.5) -> UInt8Array:
    """Scale the lightness inside the union of polygons, (vertices, 2) each; crossings fill by the even-odd rule."""
    mask = np.zeros(image.shape[:2], dtype=np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [polygon], 1)
    return scale_lightness(image, factor, mask.astype(np.bool_))


def sun_flare(
    image: UInt8Array,
    centre: Point,
    ghosts: Iterable[tuple[float, Point, int, tuple[float, float, float]]],
    radius: int,
) -> UInt8Array:
    """Ghosts first, then 20 white discs that grow to `radius` while they fade.

    Args:
        image: (H, W, 3).
        centre: of the flare, in pixels.
        ghosts: alpha, centre, radius and colour of each. They are drawn on one running overlay, so that an early ghost
            is blended in again with every later one.
        radius: of the outermost disc.
    """
    flared, overlay = image.copy(), image.copy()
    for alpha, place, size, colour in ghosts:
        cv2.circle(overlay, place, size, colour, -1)
        cv2.addWeighted(overlay, alpha, flared, 1 - alpha, 0, flared)
    for size, fade in zip(np.linspace(1, radius, FLARE_DISCS), np.linspace(1, 0, FLARE_DISCS), strict=True):
        _blend_disc(flared, centre, int(size), float(fade) ** 3)
    return flared


def ghost_height(centre: Point, angle: float, x: int, height: int) -> int:
    """The row where the line through `centre` at `angle` meets column x, clamped to coordinates that OpenCV accepts."""
    y = centre[1] - math.tan(angle) * (x - centre[0])
    return int(min(max(y, -10 * height), 10 * height))
