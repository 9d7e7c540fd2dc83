"""Maps, channels and kernels as images: uint8 (H, W, 3) arrays."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

Floats = npt.NDArray[np.float32]
_NEGATIVE, _POSITIVE = np.array([33, 102, 214]), np.array([214, 40, 40])  # blue and red
_GAP = 2  # pixels between tiles
_SHOWN = 0.6  # of a map over its image
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # Rec. 601
_FADED = 0.5  # of the grey image's contrast below an input gradient


def cam_overlay(image: UInt8Array, cam: Floats) -> UInt8Array:
    """A Grad-CAM over its image.

    Args:
        image: (H, W, 3).
        cam: (h, w), 0 or more; its greatest value is the brightest colour.
    """
    height, width = image.shape[:2]
    top = float(cam.max())
    scaled = cam / top if top > 0 else np.zeros_like(cam)
    large = cv2.resize(scaled.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    colours = _coloured(large)
    return _rounded((1 - _SHOWN) * image + _SHOWN * colours)


def gradient_overlay(image: UInt8Array, gradient: Floats) -> UInt8Array:
    """An input gradient over its image, blue where brighter pixels speak against the class and red where they speak for it.

    The image is drawn in faded grey, and the colours' strength is the square root of the magnitude, so that weak values are seen.

    Args:
        image: (H, W, 3).
        gradient: (H, W) in [-1, 1].
    """
    strength = np.sqrt(np.abs(gradient))[..., None]
    colours = np.where(gradient[..., None] > 0, _POSITIVE, _NEGATIVE)
    grey = (image @ _LUMINANCE)[..., None] * _FADED + 255 * (1 - _FADED) * 0.8
    return _rounded(grey * (1 - strength) + colours * strength)


def channel_tiles(maps: Floats, low: Floats, high: Floats, *, columns: int = 8, side: int = 40) -> UInt8Array:
    """Channels next to each other, dark to bright.

    Args:
        maps: (k, h, w).
        low, high: (k,) what is darkest and what is brightest of each.
        side: of a tile, in pixels.
    """
    span = np.where(high > low, high - low, 1)[:, None, None]
    scaled = np.clip((maps - low[:, None, None]) / span, 0, 1)
    return _tiled([_coloured(each.astype(np.float32)) for each in scaled], columns, side)


def kernel_tiles(kernels: Floats, *, columns: int = 8, side: int = 40) -> UInt8Array:
    """Kernels next to each other, each with its own scale.

    Args:
        kernels: (k, h, w, 3), shown as colours with grey for 0, or (k, h, w), blue for negative and red for positive values.
    """
    tiles = []
    for kernel in kernels:
        top = float(np.abs(kernel).max()) or 1.0
        scaled = kernel / top
        if kernel.ndim == 3:
            tiles.append(_rounded(127.5 + 127.5 * scaled))
            continue
        strength = np.abs(scaled)[..., None]
        colours = np.where(scaled[..., None] > 0, _POSITIVE, _NEGATIVE)
        tiles.append(_rounded(245 * (1 - strength) + colours * strength))
    return _tiled(tiles, columns, side)


def _tiled(tiles: list[UInt8Array], columns: int, side: int) -> UInt8Array:
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * (side + _GAP) - _GAP, columns * (side + _GAP) - _GAP, 3), 127, np.uint8)
    for place, tile in enumerate(tiles):
        y, x = (side + _GAP) * (place // columns), (side + _GAP) * (place % columns)
        sheet[y : y + side, x : x + side] = cv2.resize(tile, (side, side), interpolation=cv2.INTER_NEAREST)
    return sheet


def _coloured(values: Floats) -> UInt8Array:
    """(h, w) in [0, 1] as colours from dark to bright."""
    levels = np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1])


def _rounded(values: npt.NDArray[np.floating]) -> UInt8Array:
    rounded: UInt8Array = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
