"""Scores that read one image's logits and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.detection.scores._base import score
from robustcore.detection.scores._softmax import in_parts, others
from robustcore.metrics import detection

Array = npt.NDArray[Any]
_BASART = "Basart's thesis, 4.3"


@score(
    "msp",
    title="Maximum softmax",
    formula="- greatest softmax probability",
    document=f"Hendrycks & Gimpel 2017; {_BASART}",
    stored=detection.maximum_softmax,
)
def msp(logits: Array) -> Array:
    """The less sure the answer, the stranger the image; the usual baseline."""
    return in_parts(logits, lambda part: -1 / (1 + others(part)))


@score("max_logit", title="Maximum logit", formula="- greatest logit", document=_BASART, stored=detection.maximum_logit)
def max_logit(logits: Array) -> Array:
    """The greatest logit, before the softmax divides it among similar classes."""
    return np.asarray(-logits.max(axis=1))


@score(
    "logit_avg",
    title="Mean logit",
    formula="- mean of the logits",
    document="Basart's thesis, 6.3",
    stored=lambda mean_logit: -mean_logit,
)
def logit_avg(logits: Array) -> Array:
    """The mean of all logits."""
    return np.asarray(-logits.mean(axis=1))


@score(
    "energy",
    title="Energy",
    formula="- log of the sum of exp(logit)",
    document="Liu et al. 2020",
    stored=lambda log_sum_exp: -log_sum_exp,
)
def energy(logits: Array) -> Array:
    """The logarithm of the softmax's denominator."""
    return in_parts(logits, lambda part: -(part.max(axis=1).astype(np.float64) + np.log1p(others(part))))


@score(
    "mc_dropout",
    title="Dropout variance",
    formula="variance of the softmax probabilities over 20 passes with dropout on, the mean over the classes",
    document=_BASART,
)
def mc_dropout(passes: Array) -> Array:
    """How far the probabilities scatter when the network drops values as in training."""
    return np.asarray(passes.var(axis=0).mean(axis=1))
