"""The gain in robustness to one corruption from training on another, relative to the standard model, with standard errors."""

from __future__ import annotations

import dataclasses

import numpy as np

from robustcore import arguments
from robustcore.overlap.accuracies import Accuracies, Array
from robustcore.randomness import stable_hash

METRICS = ("residual", "app")  # of robustness, as registered
# A self-gain below this many standard errors is indistinguishable from zero.
ERRORS = 3.0
# The smallest self-gain without standard errors: one point, the smallest loss that Laugros' thesis (3.2.2) considers.
LEAST_GAIN = 0.01


@dataclasses.dataclass(frozen=True, eq=False)
class Gains:
    """Robustness and gains of the mean over seeds, in one metric.

    Attributes:
        robustness: (T, C - 1) of each model, the standard one first, under each condition except clean; NaN where an
            accuracy is unknown or the clean accuracy is 0.
        gains: (T - 1, C - 1) robustness minus the standard model's; positive is better in both metrics.
        errors: (T - 1, C - 1) standard errors of the gains over images and seeds, NaN where unknown.
    """

    robustness: Array
    gains: Array
    errors: Array


def robustness(values: Array, metric: str) -> Array:
    """Robustness, higher is better, from accuracies.

    Args:
        values: (..., T, C) accuracies, the clean ones in the first column.
        metric: "app", acc(m, c) / acc(m) (Laugros' thesis, equation 2.2); or "residual", acc(m) - acc(m, c) (2.1), here with the
            opposite sign, so that higher is better.

    Returns:
        (..., T, C - 1); NaN in both metrics for a model whose clean accuracy is 0: it has learnt nothing.
    """
    metric = arguments.choice(metric, METRICS, "metric of overlaps")
    clean = np.where(values[..., :1] > 0, values[..., :1], np.nan)
    result: Array = values[..., 1:] / clean if metric == "app" else values[..., 1:] - clean
    return result


def gains(accuracies: Accuracies, metric: str) -> Gains:
    """Gains over the standard model, R(m, c) - R(standard, c), and their standard errors.

    The variance of an accuracy is the binomial one over images and the pooled one over seeds, added; accuracies are treated
    as independent. Accuracies on the same images are in fact positively correlated, so differences vary less than this says:
    the estimate is conservative. To first order var APP = (var a + APP^2 var a0) / a0^2 with a0 the clean
    accuracy, and var RR = var a + var a0.
    """
    values = accuracies.mean
    robust = robustness(values, metric)
    over_images, over_seeds = accuracies.variance()
    variance = _sum(over_images, over_seeds)
    of_clean = variance[:, :1]
    if metric == "app":
        clean = np.where(values[:, :1] > 0, values[:, :1], np.nan)
        squared = (variance[:, 1:] + robust**2 * of_clean) / clean**2
    else:
        squared = variance[:, 1:] + of_clean
    return Gains(robust, robust[1:] - robust[:1], np.sqrt(squared[1:] + squared[:1]))


def thresholds(self_gains: Array, errors: Array, least: float | None) -> Array:
    """The thresholds that a self-gain must exceed for the overlaps with its corruption to be defined.

    Args:
        self_gains, errors: (K,) gains of models on the corruption that they were trained on, with standard errors.
        least: one threshold for all; None for three standard errors, or one point where these are unknown.

    Returns:
        (K,) thresholds.
    """
    if least is None:
        return np.where(np.isfinite(errors), ERRORS * errors, LEAST_GAIN)
    rule = "The least self-gain is a number from 0 to 1 (0.01 is one point)"
    if (least := arguments.number(least, rule, low=0, high=1)) == 1:
        raise arguments.refuse(rule, least)
    return np.full(len(self_gains), least)


def replicates(accuracies: Accuracies, draws: int, seed: int) -> Array | None:
    """Parametric bootstrap replicates of the accuracies.

    Each accuracy is drawn from a normal distribution around the seed mean, with the variance of `Accuracies.variance`. The
    draws are keyed by (seed, trained on, tested on): they depend neither on the order of the table nor on its other entries.

    Returns:
        (draws, T, C), or None if no variance is known.
    """
    variance = _sum(*accuracies.variance())
    if not np.isfinite(variance).any():
        return None
    spread = np.sqrt(variance)
    drawn = np.empty((draws, *spread.shape))
    columns = [stable_hash(name) for name in accuracies.tested]
    for i, row in enumerate(accuracies.trained):
        for j, column in enumerate(columns):
            drawn[:, i, j] = np.random.default_rng((seed, stable_hash(row), column)).standard_normal(draws)
    drawn *= spread
    drawn += accuracies.mean
    return drawn


def _sum(over_images: Array, over_seeds: Array) -> Array:
    """The sum of two variances, either of which may be unknown."""
    total = np.where(np.isfinite(over_images), over_images, 0.0) + np.where(np.isfinite(over_seeds), over_seeds, 0.0)
    result: Array = np.where(np.isfinite(over_images) | np.isfinite(over_seeds), total, np.nan)
    return result
