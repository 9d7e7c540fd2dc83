"""What training on one corruption gains on another: robustness against the standard model's, with standard errors."""

from __future__ import annotations

import dataclasses

import numpy as np

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.overlap.accuracies import Accuracies, Array
from robustcore.randomness import stable_hash

METRICS = ("app", "residual")
# A self-gain below so many standard errors is not told from none.
ERRORS = 3.0
# The least self-gain where nothing tells a standard error: one point, the loss that Laugros' thesis (3.2.2) calls the least.
LEAST_GAIN = 0.01


@dataclasses.dataclass(frozen=True, eq=False)
class Gains:
    """Robustness and gains of the seed mean, in a metric.

    Attributes:
        robustness: (T, C - 1) of each model, the standard one first, under each condition but the clean one; NaN where an
            accuracy is unknown or the model is never right on clean images.
        gains: (T - 1, C - 1) how much more robust than the standard model, positive is better in both metrics.
        errors: (T - 1, C - 1) standard errors of the gains over images and seeds, NaN where nothing tells them.
    """

    robustness: Array
    gains: Array
    errors: Array


def robustness(values: Array, metric: str) -> Array:
    """Robustness, higher is better, from accuracies.

    Args:
        values: (..., T, C) accuracies, the clean ones in the first column.
        metric: "app", acc(m, c) / acc(m) (Laugros' thesis, equation 2.2); or "residual", acc(m) - acc(m, c) (2.1), here with
            the other sign, so that more is better.

    Returns:
        (..., T, C - 1); NaN for a model that is never right on clean images, in both metrics: it has learnt nothing.
    """
    if metric not in METRICS:
        raise UnknownNameError("metric of overlaps", metric, METRICS)
    clean = np.where(values[..., :1] > 0, values[..., :1], np.nan)
    found: Array = values[..., 1:] / clean if metric == "app" else values[..., 1:] - clean
    return found


def gains(accuracies: Accuracies, metric: str) -> Gains:
    """Gains over the standard model, R(m, c) - R(standard, c), and their standard errors.

    The variance of an accuracy is the binomial one over images and the pooled one over seeds, added; accuracies are taken as
    independent. Models that answer the same images go up and down together, so that differences between them scatter less
    than this says: the error is on the safe side. To first order var APP = (var a + APP^2 var a0) / a0^2 with a0 the clean
    accuracy, and var RR = var a + var a0.
    """
    values = accuracies.mean
    found = robustness(values, metric)
    over_images, over_seeds = accuracies.variance()
    variance = _sum(over_images, over_seeds)
    of_clean = variance[:, :1]
    if metric == "app":
        clean = np.where(values[:, :1] > 0, values[:, :1], np.nan)
        squared = (variance[:, 1:] + found**2 * of_clean) / clean**2
    else:
        squared = variance[:, 1:] + of_clean
    return Gains(found, found[1:] - found[:1], np.sqrt(squared[1:] + squared[:1]))


def thresholds(self_gains: Array, errors: Array, least: float | None) -> Array:
    """What a self-gain has to exceed for the overlaps with its corruption to be defined.

    Args:
        self_gains, errors: (K,) gains of models on what they were trained on, with standard errors.
        least: the same number for all; None for three standard errors, or one point where nothing tells them.

    Returns:
        (K,) thresholds.
    """
    if least is None:
        return np.where(np.isfinite(errors), ERRORS * errors, LEAST_GAIN)
    if not 0 <= least < 1:
        raise InvalidArgumentError(f"The least self-gain is a number from 0 to 1 (0.01 is one point), not {least!r}.")
    return np.full(len(self_gains), float(least))


def replicates(accuracies: Accuracies, draws: int, seed: int) -> Array | None:
    """The accuracies drawn again and again: a parametric bootstrap.

    Each accuracy is drawn from a normal distribution around the seed mean, with the variance of `Accuracies.variance`. The
    draws are keyed by (seed, trained on, tested on): neither the order of the table nor what else is in it changes them.

    Returns:
        (draws, T, C), or None where nothing tells a variance.
    """
    variance = _sum(*accuracies.variance())
    if not np.isfinite(variance).any():
        return None
    spread = np.sqrt(variance)
    found = np.empty((draws, *spread.shape))
    columns = [stable_hash(name) for name in accuracies.tested]
    for i, row in enumerate(accuracies.trained):
        for j, column in enumerate(columns):
            found[:, i, j] = np.random.default_rng((seed, stable_hash(row), column)).standard_normal(draws)
    found *= spread
    found += accuracies.mean
    return found


def _sum(over_images: Array, over_seeds: Array) -> Array:
    """The sum of two variances of which either may be unknown."""
    both = np.where(np.isfinite(over_images), over_images, 0.0) + np.where(np.isfinite(over_seeds), over_seeds, 0.0)
    found: Array = np.where(np.isfinite(over_images) | np.isfinite(over_seeds), both, np.nan)
    return found
