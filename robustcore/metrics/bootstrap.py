"""The paired bootstrap over images: intervals of ratios, differences and means that no formula gives.

Images are drawn with replacement, as many as there are, again and again; whatever is computed from the answers is
computed from each drawing (Efron 1979), and the middle 95 % of what comes out are the interval (percentile method). All
models and conditions see the same drawing, so that what they have in common cancels in a ratio. Accuracies of a drawing are
its weights, how often each image was drawn, times the matrix of right answers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcore import arguments
from robustcore.errors import InvalidArgumentError

DRAWS = 1000
UNDEFINED = 0.01  # of the drawings; with more of them undefined there is no interval

Array = npt.NDArray[np.floating]


def weights(images: int, draws: int = DRAWS, seed: int = 0) -> npt.NDArray[np.float32]:
    """(draws, images): how often each image is drawn in each drawing of `images` images; the same for the same seed."""
    images, draws = (
        arguments.whole(value, f"A bootstrap draws 1 {what} or more", low=1)
        for value, what in ((images, "image"), (draws, "drawing"))
    )
    generator = np.random.default_rng(arguments.seed(seed))
    counts = np.empty((draws, images), np.float32)
    for row in counts:
        row[:] = np.bincount(generator.integers(images, size=images, dtype=np.int32), minlength=images)
    return counts


def accuracies(weights: npt.NDArray[np.float32], right: Array) -> npt.NDArray[np.float64]:
    """The accuracy in every drawing.

    Args:
        weights: (draws, images), from the function of that name.
        right: (images, ...) 1 where the answer is right and 0 where it is not, or a mean of several such. With fewer
            images than were drawn from, these are the first ones.

    Returns:
        (draws, ...); NaN in a drawing that has none of the images.
    """
    part = weights[:, : len(right)]
    sums = part @ right.reshape(len(right), -1).astype(np.float32)
    count = part.sum(axis=1, dtype=np.float64)[:, None]
    means = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    shaped: npt.NDArray[np.float64] = means.reshape(len(weights), *right.shape[1:])
    return shaped


def interval(values: Array, confidence: float = 0.95) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The ends of the interval of each statistic.

    Args:
        values: (draws, ...) the statistic in every drawing, NaN or infinite where it is undefined.
        confidence: between 0 and 1.

    Returns:
        low and high, (...); NaN where more than 1 % of the drawings are undefined.
    """
    if not 0 < confidence < 1:
        raise InvalidArgumentError(f"A confidence is between 0 and 1, not {confidence!r}.")
    defined = np.isfinite(values)
    usable = defined.mean(axis=0) >= 1 - UNDEFINED
    tail = (1 - confidence) / 2
    filled = np.where(defined | ~usable, values, np.nan)
    safe = np.where(usable, filled, 0.0)
    ends = (
        np.quantile(safe, [tail, 1 - tail], axis=0) if defined.all() else np.nanquantile(safe, [tail, 1 - tail], axis=0)
    )
    low, high = (np.where(usable, end, np.nan) for end in ends)
    return low, high
