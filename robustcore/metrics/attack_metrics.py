"""Metrics of adversarial attacks beyond the accuracy that they leave."""

from __future__ import annotations

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
