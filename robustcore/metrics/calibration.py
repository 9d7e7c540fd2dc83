"""Calibration: whether a model is right as often as it is sure (Basart's thesis, A.3.2).

The confidence is the greatest softmax probability. The functions are pure: arrays in, numbers out; no images give NaN.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore import arguments
from robustcore.metrics._base import metric

Array = npt.NDArray[Any]

BIN = 100  # images in a bin of equal mass; the last one has the rest, and counts
WIDTHS = 15  # bins of equal width
_DOCUMENT = "Basart's thesis, A.3.2"


@dataclasses.dataclass(frozen=True)
class Bins:
    """Answers in bins: (bins,) each.

    Attributes:
        images: answers in the bin.
        confidence: their mean confidence, 0 .. 1.
        accuracy: the share that is right, 0 .. 1.
    """

    images: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def rms(self) -> float:
        """sqrt(sum over bins of n_b / n (mean confidence - accuracy)^2)."""
        if not self.images.sum():
            return math.nan
        return float(np.sqrt((self.images * (self.confidence - self.accuracy) ** 2).sum() / self.images.sum()))

    @property
    def chance(self) -> float:
        """What chance alone adds to the square of the RMS error, on average: for each bin accuracy (1 - accuracy) / (n_b - 1) (Kumar,
        Liang & Ma 2019). Bins of one image have no such estimate and add nothing."""
        several = self.images > 1
        variance = self.accuracy[several] * (1 - self.accuracy[several]) / (self.images[several] - 1)
        return float((self.images[several] * variance).sum() / self.images.sum()) if self.images.sum() else math.nan

    @property
    def debiased_rms(self) -> float:
        """The RMS error without what chance alone adds; 0 where that leaves nothing."""
        return math.sqrt(max(0.0, self.rms**2 - self.chance)) if self.images.sum() else math.nan

    @property
    def surest(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """(bins,) each: the share of the answers in the surest bin, the two surest, and so on, 0 .. 1; and the accuracy among them."""
        answered = np.cumsum(self.images[::-1])
        right = np.cumsum((self.images * self.accuracy)[::-1])
        return answered / self.images.sum(), right / answered


def equal_mass(confidence: Array, right: Array, size: int = BIN) -> Bins:
    """Bins of `size` answers each, from the least sure up.

    Args:
        confidence: (n,) 0 .. 1.
        right: (n,) 1 where the answer is right, else 0.
    """
    size = arguments.whole(size, "A bin has 1 image or more", low=1)
    order = np.argsort(confidence, kind="stable")
    starts = np.arange(0, len(order), size)
    if not len(starts):
        return Bins(*(np.empty(0) for _ in range(3)))
    images = np.diff(np.append(starts, len(order))).astype(np.float64)
    sums = (np.add.reduceat(np.asarray(each, np.float64)[order], starts) for each in (confidence, right))
    return Bins(images, *(each / images for each in sums))


def equal_width(confidence: Array, right: Array, bins: int = WIDTHS) -> Bins:
    """Bins that divide the confidences 0 .. 1 evenly, without the empty ones; an upper edge belongs to its bin.

    Args:
        confidence: (n,) 0 .. 1.
        right: (n,) 1 where the answer is right, else 0.
    """
    bins = arguments.whole(bins, "There is 1 bin or more", low=1)
    place = np.clip(np.ceil(np.asarray(confidence, np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(place, minlength=bins).astype(np.float64)
    used = images > 0
    sums = (np.bincount(place, np.asarray(each, np.float64), bins)[used] for each in (confidence, right))
    return Bins(images[used], *(each / images[used] for each in sums))


@metric(
    "rms_calibration",
    input="confidences",
    title="RMS calibration error",
    short="RMS calibration",
    axis="RMS calibration error (%)",
    unit="%",
    formula="RMS calibration error = sqrt(sum over bins of images in the bin / images (mean confidence - accuracy)^2), bins of 100 "
    "images in the order of confidence",
    better="lower",
    limits=(0, 1),
    neutral=0,
    document=_DOCUMENT,
)
def rms_calibration(confidence: Array, right: Array) -> float:
    """How far confidence and accuracy are apart, the square mean over bins of 100 images."""
    return equal_mass(confidence, right).rms


@metric(
    "ece",
    input="confidences",
    title="Expected calibration error",
    short="ECE",
    axis="ECE (%)",
    unit="%",
    formula="ECE = sum over 15 bins of equal width of images in the bin / images |mean confidence - accuracy|",
    better="lower",
    limits=(0, 1),
    neutral=0,
    document="Naeini et al. 2015; Guo et al. 2017",
)
def ece(confidence: Array, right: Array) -> float:
    """How far confidence and accuracy are apart, the mean over 15 bins of equal width."""
    binned = equal_width(confidence, right)
    total = binned.images.sum()
    return float((binned.images * np.abs(binned.confidence - binned.accuracy)).sum() / total) if total else math.nan


def accuracy_of_surest(confidence: Array, right: Array) -> npt.NDArray[np.float64]:
    """(n,) for i = 1 .. n the accuracy among the i surest answers; among equally sure ones each is as right as their mean.

    Args:
        confidence: (n,) 0 .. 1.
        right: (n,) 1 where the answer is right, else 0.
    """
    values, group, counts = np.unique(-np.asarray(confidence, np.float64), return_inverse=True, return_counts=True)
    shares = np.bincount(group, np.asarray(right, np.float64), len(values)) / counts
    return np.asarray(np.cumsum(np.repeat(shares, counts)) / np.arange(1, len(group) + 1))


@metric(
    "aurra",
    input="confidences",
    title="Area under the response rate accuracy curve",
    short="AURRA",
    axis="AURRA (%)",
    unit="%",
    formula="AURRA = mean over i of the accuracy among the i surest answers",
    better="higher",
    limits=(0, 1),
    document=_DOCUMENT,
)
def aurra(confidence: Array, right: Array) -> float:
    """How accurate a model is when it may leave out what it is least sure of, the mean over all shares."""
    curve = accuracy_of_surest(confidence, right)
    return float(curve.mean()) if len(curve) else math.nan


def debiased_in_drawings(
    confidence: Array, right: Array, weights: npt.NDArray[np.float32], size: int = BIN
) -> npt.NDArray[np.float64]:
    """The debiased RMS error in every drawing of a bootstrap, in the bins of all images.

    A drawing has chance in it twice: that of the images, and its own.

    Args:
        confidence, right: (n,) as in `equal_mass`.
        weights: (draws, n) how often each image was drawn, as `bootstrap.weights` gives them.

    Returns:
        (draws,).
    """
    order = np.argsort(confidence, kind="stable")
    starts = np.arange(0, len(order), size)
    if not len(starts):
        return np.full(len(weights), math.nan)
    drawn = weights[:, order]
    gaps = drawn * (np.asarray(confidence, np.float32) - np.asarray(right, np.float32))[order]
    images = np.add.reduceat(drawn, starts, axis=1)
    sums = np.add.reduceat(gaps, starts, axis=1)
    squares = np.divide(sums**2, images, out=np.zeros_like(sums), where=images > 0).sum(axis=1) / drawn.sum(axis=1)
    return _without_chance(squares.astype(np.float64), equal_mass(confidence, right, size))


def debiased_in_bins(bins: Bins, draws: int, seed: int = 0) -> npt.NDArray[np.float64]:
    """The same where bins alone are kept, (draws,): right answers are drawn for each bin with its accuracy, its confidence stays."""
    generator = np.random.default_rng(arguments.seed(seed))
    right = generator.binomial(bins.images.astype(np.int64), bins.accuracy, (draws, len(bins.images)))
    squares = bins.images * (right / bins.images - bins.confidence) ** 2
    return _without_chance(squares.sum(axis=1) / bins.images.sum(), bins)


def _without_chance(squares: npt.NDArray[np.float64], bins: Bins) -> npt.NDArray[np.float64]:
    return np.asarray(np.sqrt(np.maximum(0, squares - 2 * bins.chance)))


def temperature(logits: Array, labels: Array) -> float:
    """The temperature T for which softmax(logits / T) has the least cross-entropy (Guo et al. 2017).

    Args:
        logits: (n, K) of validation images.
        labels: (n,) their classes; images without one (-1) are left out.

    Returns:
        T between 0.01 and 100; NaN without labelled images.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    labelled = np.asarray(labels) >= 0
    scores, targets = np.asarray(logits, np.float64)[labelled], np.asarray(labels)[labelled]
    if not len(targets):
        return math.nan
    chosen = scores[np.arange(len(targets)), targets]

    def loss(log_t: float) -> float:
        scale = math.exp(-log_t)
        return float((logsumexp(scores * scale, axis=1) - chosen * scale).mean())

    best = minimize_scalar(loss, bounds=(math.log(0.01), math.log(100)), method="bounded", options={"xatol": 1e-5})
    return math.exp(float(best.x))
