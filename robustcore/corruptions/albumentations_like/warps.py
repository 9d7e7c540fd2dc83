"""Geometric operations of the candidates, on one image with parameters that are already drawn.

All are bilinear, on uint8 (H, W, 3) images. They follow Albumentations 0.5.2 and imgaug 0.4.0, whose border is
OpenCV's reflection without the edge pixel, unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

Float32Array = npt.NDArray[np.float32]


def affine(image: UInt8Array, matrix: npt.NDArray[np.float64], border: int = cv2.BORDER_REFLECT_101) -> UInt8Array:
    """Warp by a 2 x 3 matrix from source to result pixels."""
    height, width = image.shape[:2]
    warped: UInt8Array = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    return warped


def zoom(image: UInt8Array, factor: float) -> UInt8Array:
    """Scale both axes about the centre of the pixel grid."""
    height, width = image.shape[:2]
    right, down = (1 - factor) * (width - 1) / 2, (1 - factor) * (height - 1) / 2
    return affine(image, np.array([[factor, 0, right], [0, factor, down]]))


def shift(image: UInt8Array, right: float, down: float) -> UInt8Array:
    """Shift by fractions of a pixel."""
    return affine(image, np.array([[1, 0, right], [0, 1, down]], dtype=np.float64))


def rotate(image: UInt8Array, degrees: float) -> UInt8Array:
    """Turn about (width / 2, height / 2), which is half a pixel off the centre of the pixel grid."""
    height, width = image.shape[:2]
    return affine(image, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1))


def random_affine(image: UInt8Array, moves: Float32Array) -> UInt8Array:
    """The affine map that moves three corners of a centred square by (3, 2) pixels; the edge is repeated outside."""
    height, width = image.shape[:2]
    x, y, q = width // 2, height // 2, min(height, width) // 3
    corners = np.array([[x + q, y + q], [x + q, y - q], [x - q, y - q]], dtype=np.float32)
    return affine(image, cv2.getAffineTransform(corners, corners + moves), cv2.BORDER_REPLICATE)


def _remap(image: UInt8Array, x: Float32Array, y: Float32Array) -> UInt8Array:
    warped: UInt8Array = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return warped


def _uneven_axis(length: int, advances: Sequence[float]) -> Float32Array:
    """(length,) source positions: of 5 segments, each advances by its share of the segment; a rest runs to `length`."""
    step = length // 5
    axis = np.zeros(length, dtype=np.float32)
    before = 0.0
    for i, advance in enumerate(advances):
        after = before + step * advance
        axis[i * step : (i + 1) * step] = np.linspace(before, after, step)
        before = after
    if rest := length - 5 * step:
        axis[5 * step :] = np.linspace(before, length, rest)
    return axis


def grid_distortion(image: UInt8Array, columns: Sequence[float], rows: Sequence[float], share: float = 1) -> UInt8Array:
    """Stretch and squeeze the columns and the rows of a 5 x 5 grid; (5,) advances each, 1 is (nearly) unchanged.

    `share` scales the displacement of every position; at 0 nothing is resampled.
    """
    axes = []
    for length, advances in zip(image.shape[1::-1], (columns, rows), strict=True):
        axis, still = _uneven_axis(length, advances), np.arange(length, dtype=np.float32)
        axes.append(axis if share == 1 else still + np.float32(share) * (axis - still))
    return _remap(image, *np.meshgrid(*axes))


def optical_distortion(image: UInt8Array, k: float, right: int, down: int) -> UInt8Array:
    """Undistort a camera with radial coefficients k1 = k2 = k, its centre shifted by whole pixels."""
    height, width = image.shape[:2]
    camera = np.array([[width, 0, width / 2 + right], [0, height, height / 2 + down], [0, 0, 1]], dtype=np.float32)
    distortion = np.array([k, k, 0, 0, 0], dtype=np.float32)
    return _remap(image, *cv2.initUndistortRectifyMap(camera, distortion, None, None, (width, height), cv2.CV_32FC1))


def _edges(a: Float32Array, b: Float32Array, c: Float32Array, d: Float32Array) -> tuple[int, int]:
    """Whole lengths of the shorter and of the longer one of the edges a-b and c-d."""
    lengths = sorted((float(np.hypot(*(b - a))), float(np.hypot(*(d - c)))))
    return int(lengths[0]), int(lengths[1])


def perspective(image: UInt8Array, jitter: Float32Array) -> UInt8Array:
    """Straighten a quadrilateral inside the image and resize it to the image's size.

    Args:
        image: (H, W, 3).
        jitter: (4, 2) shares of width and height, 0 .. 1, by which the corners top left, top right, bottom right and
            bottom left are moved inward.
    """
    height, width = image.shape[:2]
    outer = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    points = np.abs(outer - jitter) * np.array([width, height], dtype=np.float32)
    # The corners are reassigned by their new positions; one point may be assigned twice.
    total, difference = points.sum(axis=1), points[:, 1] - points[:, 0]
    corners = points[[total.argmin(), difference.argmin(), total.argmax(), difference.argmax()]]
    top_left, top_right, bottom_right, bottom_left = corners  # views: widening moves the corners
    while (sides := _edges(top_left, top_right, bottom_left, bottom_right))[0] < 2:
        corners[[0, 3], 0] -= (2 - sides[0]) / 2
        corners[[1, 2], 0] += (2 - sides[0]) / 2
    inner_width = sides[1]
    while (sides := _edges(top_left, bottom_left, top_right, bottom_right))[0] < 2:
        corners[[0, 1], 1] -= (2 - sides[0]) / 2
        corners[[2, 3], 1] += (2 - sides[0]) / 2
    inner_height = sides[1]
    target = outer * np.array([inner_width, inner_height], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    inner = cv2.warpPerspective(image, matrix, (inner_width, inner_height), flags=cv2.INTER_LINEAR)
    # imgaug chooses area interpolation where a side has to grow.
    grows = width > inner_width or height > inner_height
    resized: UInt8Array = cv2.resize(
        inner, (width, height), interpolation=cv2.INTER_AREA if grows else cv2.INTER_LINEAR
    )
    return resized
