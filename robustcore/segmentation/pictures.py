"""Masks and score maps as pictures."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import numpy.typing as npt

from robustcore.images import UInt8Array

ANOMALY_COLOUR = (230, 30, 60)
_GROUND = (58, 62, 72)


def colours(classes: int, background: int | None) -> UInt8Array:
    """(256, 3) RGB of every label: hues around the circle, the background grey, the anomaly red, what is ignored black."""
    table: UInt8Array = np.zeros((256, 3), np.uint8)
    for label in range(classes):
        hue = (0.12 + 0.76 * ((label * 5) % max(1, classes)) / max(1, classes)) % 1.0  # none near the anomaly's red
        table[label] = [round(255 * value) for value in colorsys.hls_to_rgb(hue, 0.6 if label % 2 else 0.72, 0.62)]
    if background is not None:
        table[background] = _GROUND
    table[classes:255] = ANOMALY_COLOUR
    return table


def of_mask(mask: npt.NDArray[np.integer], table: UInt8Array) -> UInt8Array:
    """uint8 (3, H, W) of labels (H, W)."""
    return np.ascontiguousarray(table[mask].transpose(2, 0, 1))


def of_scores(scores: npt.NDArray[np.floating], threshold: float) -> UInt8Array:
    """uint8 (3, H, W): dark to bright by rank, what is flagged in the anomaly's red.

    Args:
        scores: (H, W).
        threshold: from which on a pixel is flagged.
    """
    low, high = np.quantile(scores, [0.01, 0.99])
    levels = np.clip((scores - low) / max(float(high - low), 1e-12), 0, 1)
    grey = cv2.applyColorMap((255 * levels).astype(np.uint8), cv2.COLORMAP_CIVIDIS)[..., ::-1].astype(np.float32)
    flagged = scores >= threshold
    grey[flagged] = 0.35 * grey[flagged] + 0.65 * np.array(ANOMALY_COLOUR, np.float32)
    return np.ascontiguousarray(grey.astype(np.uint8).transpose(2, 0, 1))
