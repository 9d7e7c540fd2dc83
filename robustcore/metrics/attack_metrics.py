"""Metrics of adversarial attacks beyond the accuracy that they leave."""

from __future__ import annotations

import numpy as np

from robustcore.metrics._base import Array, metric


@metric(
    "attack_success",
    input="attacks",
    title="Attack success",
    short="success rate",
    axis="attack success (%)",
    unit="%",
    formula="Attack success = images on which the attack reaches its goal / images",
    better="lower",
    limits=(0, 1),
    axis_limits=(0, 1),
    sampled=True,
    demand="the attack {must} succeed on {bound} of the images",
    result="it succeeds on {value}",
)
def attack_success(success: Array) -> Array:
    """Images on which the attack reaches its goal, in percent."""
    return success


@metric(
    "robust_accuracy",
    input="unions",
    title="Robust accuracy",
    short="robust accuracy",
    axis="images that hold against every attack (%)",
    unit="%",
    formula="Robust accuracy = images that are answered rightly under every one of the attacks / images",
    better="higher",
    limits=(0, 1),
    axis_limits=(0, 1),
    sampled=True,
    document="Croce & Hein 2020, section 5",
    demand="it {must} be right on {bound} of the images whatever the attack",
    result="it is right on {value}",
)
def robust_accuracy(holds: Array) -> Array:
    """Images that hold against every one of several attacks (their union), in percent."""
    return holds


@metric(
    "median_change",
    input="distances",
    title="Median smallest change",
    short="median smallest change",
    axis="median smallest change that fools the model",
    unit="",
    formula="Median smallest change = the median over the images of the size of the nearest image that fools the model",
    better="higher",
    limits=(0, None),
    document="Pintor et al. 2021",
)
def median_change(change: Array) -> float:
    """The change within which half of the images can be made to fool the model; undefined where half of them cannot."""
    return float(np.median(change)) if len(change) else np.nan
