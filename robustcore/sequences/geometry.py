"""Geometry: translate, rotate, tilt, scale and shear move the whole source; the frame is cropped afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image

from robustcore.images import UInt8Array
from robustcore.randomness import Draws
from robustcore.sequences._base import Scene, sequence

FRAMES = 31


def affine(scene: Scene, *, angle: float = 0.0, shear: float = 0.0, scale: float = 1.0) -> UInt8Array:
    """The centre crop of the source under an affine map: angle and shear in degrees, Pillow bilinear, black outside.

    The map turns about a point half a pixel right of and below the true centre, as torchvision 0.2.1 did.
    """
    height, width = scene.whole.shape[:2]
    cx, cy = width / 2 + 0.5, height / 2 + 0.5
    a, s = math.radians(angle), math.radians(shear)
    factor = 1 / (scale * math.cos(s))
    m00, m01 = math.cos(a + s) * factor, math.sin(a + s) * factor
    m10, m11 = -math.sin(a) * factor, math.cos(a) * factor
    # Input = M (output - c) + c. Only the crop is computed: its corner is added to the output coordinates.
    left, top = scene.corner
    tx = m00 * (left - cx) + m01 * (top - cy) + cx
    ty = m10 * (left - cx) + m11 * (top - cy) + cy
    moved = Image.fromarray(scene.whole).transform(
        (scene.side, scene.side), Image.Transform.AFFINE, (m00, m01, tx, m10, m11, ty), Image.Resampling.BILINEAR
    )
    return np.asarray(moved)


@sequence(
    family="geometry",
    suite="imagenet-p",
    summary="The picture moves right by one pixel a frame.",
    frames=41,
    tiny_frames=31,
    cifar_frames=16,
    deterministic=True,
)
def translate(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    shifts = {"imagenet": range(-20, 21), "tiny": range(-15, 16), "cifar": range(-7, 9)}[scene.variant]
    left, top = scene.corner
    width = scene.whole.shape[1]
    for shift in shifts:
        frame = np.zeros_like(scene.centre)
        columns = np.arange(left, left + scene.side) - shift
        inside = (columns >= 0) & (columns < width)
        frame[:, inside] = scene.whole[top : top + scene.side, columns[inside]]
        yield frame


@sequence(
    family="geometry",
    suite="imagenet-p",
    summary="The image turns from 15 degrees one way to 15 the other.",
    deterministic=True,
)
def rotate(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    yield from (affine(scene, angle=i - 15) for i in range(FRAMES))


@sequence(
    family="geometry",
    suite="imagenet-p-extra",
    summary="The image is sheared from 15 degrees one way to 15 the other.",
    deterministic=True,
)
def shear(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    yield from (affine(scene, shear=i - 15) for i in range(FRAMES))


@sequence(
    family="geometry", suite="imagenet-p", summary="The image grows from far away to close by.", deterministic=True
)
def scale(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    start, step = (70, 2) if scene.variant == "cifar" else (40, 2.5)
    yield from (affine(scene, scale=(start + step * i) / 100) for i in range(FRAMES))


@sequence(
    family="geometry", suite="imagenet-p", summary="The image plane tilts about both of its axes.", deterministic=True
)
def tilt(scene: Scene, draws: Draws, difficulty: int) -> Iterator[Any]:
    height, width = scene.whole.shape[:2]
    step = 0.75 if scene.variant == "cifar" else 1.0
    for i in range(FRAMES):
        matrix = _tilt_matrix(width, height, math.radians(step * (i - 15)))
        yield scene.crop(cv2.warpPerspective(scene.whole, matrix, (width, height), flags=cv2.INTER_LINEAR))


def _tilt_matrix(width: int, height: int, theta: float) -> Any:
    """The homography of a plane at z = 1 that turns by theta about x and y, seen at focal length f = the diagonal."""
    f = math.hypot(width, height)
    c, s = math.cos(theta), math.sin(theta)
    about_x = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    about_y = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    to_plane = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    camera = np.array([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]])
    moved = about_x @ about_y @ to_plane
    moved[2, 2] += f  # points are linear in (x, y, 1), so the shift along z is added to the constant term
    return camera @ moved
