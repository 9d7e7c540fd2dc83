"""What is measured of segmentations: mIoU over classes; AUROC, AUPR and FPR95 of pixels, image by image; false positives by place."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from robustcore.metrics import detection

IGNORED = 255  # the label of a pixel that counts for nothing
BANDS = ((0, 2), (2, 4), (4, 8), (8, math.inf))  # pixels from the nearest boundary of classes, from and below
METRICS = ("auroc", "aupr", "fpr95")

Pixels = npt.NDArray[np.floating]


class Confusion:
    """Counts of (true, predicted) pixels, added batch by batch.

    Args:
        classes: number of them; other labels count for nothing.
    """

    def __init__(self, classes: int) -> None:
        self.counts: npt.NDArray[np.int64] = np.zeros((classes, classes), np.int64)

    def add(self, masks: Tensor, predicted: Tensor) -> None:
        """Count pixels: masks and predictions (n, H, W)."""
        true, answered = masks.reshape(-1).numpy().astype(np.int64), predicted.reshape(-1).numpy().astype(np.int64)
        size = len(self.counts)
        known = true < size
        self.counts += np.bincount(true[known] * size + answered[known], minlength=size * size).reshape(size, size)

    @property
    def ious(self) -> npt.NDArray[np.float64]:
        """(classes,) intersection over union; NaN for a class that is neither there nor predicted."""
        both = np.diag(self.counts).astype(float)
        either = self.counts.sum(axis=0) + self.counts.sum(axis=1) - both
        shares: npt.NDArray[np.float64] = np.divide(both, either, out=np.full(len(both), math.nan), where=either > 0)
        return shares

    @property
    def miou(self) -> float:
        """The mean over the classes that have one."""
        return float(np.nanmean(self.ious)) if np.isfinite(self.ious).any() else math.nan


def of_image(scores: Pixels, mask: npt.NDArray[np.uint8], anomaly: int, ignored: int) -> dict[str, float]:
    """AUROC, AUPR and FPR95 of one image's pixels, anomalous ones the positive class; NaN for an image without any.

    Args:
        scores: (H, W), higher is stranger.
        mask: (H, W) labels.
        anomaly, ignored: labels.
    """
    strange, counted = mask == anomaly, mask != ignored
    known, unknown = scores[counted & ~strange], scores[strange]
    return {
        "auroc": float(detection.auroc(known, unknown)),
        "aupr": float(detection.aupr(known, unknown)),
        "fpr95": float(detection.fpr95(known, unknown)),
    }


def boundary_distance(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(H, W) how many pixels it is to the nearest one that touches another class, 0 for such a one; infinite in an image of one class."""
    edge = np.zeros(mask.shape, bool)
    across, down = mask[:, 1:] != mask[:, :-1], mask[1:] != mask[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    if not edge.any():
        return np.full(mask.shape, np.inf, np.float32)
    distance: npt.NDArray[np.float32] = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 3)
    return distance


def false_positives_by_distance(
    scores: Pixels, mask: npt.NDArray[np.uint8], anomaly: int, ignored: int, threshold: float
) -> npt.NDArray[np.int64]:
    """(bands, 2) of the known pixels in each of `BANDS`: those that are flagged, and all."""
    distance = boundary_distance(mask)
    known = (mask != anomaly) & (mask != ignored)
    flagged = known & (scores >= threshold)
    counts = [
        ((flagged & (distance >= low) & (distance < high)).sum(), (known & (distance >= low) & (distance < high)).sum())
        for low, high in BANDS
    ]
    return np.array(counts, np.int64)
