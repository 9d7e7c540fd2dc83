"""Effective robustness: accuracy on a shift beyond what clean accuracy lets one expect.

Over a population of models the accuracy on a shift follows the clean accuracy closely on logit axes (Taori et al. 2020;
Laugros' thesis, 2.3). A line is fitted there by least squares; what a model has above it is its effective robustness.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from robustcore.errors import InvalidArgumentError

Array = npt.NDArray[np.float64]
FEWEST = 3  # models that a line can be told from


@dataclasses.dataclass(frozen=True)
class Trend:
    """logit(shifted) = intercept + slope * logit(clean).

    Attributes:
        intercept, slope: of the line.
        r2: the share of the variance of logit(shifted) that it explains.
        models: how many it was fitted to.
    """

    intercept: float
    slope: float
    r2: float
    models: int

    def expected(self, clean: npt.ArrayLike) -> Array:
        """The accuracy on the shift, 0 .. 1, that goes with a clean accuracy."""
        return _logistic(self.intercept + self.slope * logit(clean))


def logit(accuracy: npt.ArrayLike) -> Array:
    """log(p / (1 - p)); infinite at 0 and 1."""
    p = np.asarray(accuracy, np.float64)
    with np.errstate(divide="ignore"):
        logits: Array = np.log(p) - np.log1p(-p)
    return logits


def _logistic(x: npt.ArrayLike) -> Array:
    share: Array = 1 / (1 + np.exp(-np.asarray(x, np.float64)))
    return share


def trend(clean: npt.ArrayLike, shifted: npt.ArrayLike) -> Trend:
    """The line over a population. Models at exactly 0 or 1, or without one of the two, have no place on logit axes and are left out.

    Args:
        clean, shifted: (models,) accuracies 0 .. 1, NaN where unknown.

    Raises:
        InvalidArgumentError: fewer than three models with a place, or all at the same clean accuracy.
    """
    x, y = logit(clean), logit(shifted)
    placed = np.isfinite(x) & np.isfinite(y)
    x, y = x[placed], y[placed]
    if len(x) < FEWEST or np.ptp(x) < 1e-9:
        raise InvalidArgumentError(
            f"A trend line needs {FEWEST} models or more with different clean accuracies between 0 and 1; there are {len(x)}."
        )
    slope, intercept = np.polyfit(x, y, 1)
    left = y - (intercept + slope * x)
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float((left**2).sum()) / total if total > 0 else 1.0
    return Trend(float(intercept), float(slope), r2, len(x))


def effective(line: Trend, clean: npt.ArrayLike, shifted: npt.ArrayLike) -> Array:
    """The accuracy on the shift less what the line expects; above 0 is better. NaN where the clean accuracy is 0 or 1."""
    inside = np.isfinite(logit(clean))
    beyond = np.asarray(shifted, np.float64) - line.expected(clean)
    excess: Array = np.where(inside, beyond, np.nan)
    return excess
