"""Metrics of a model's stability over the frames of a perturbation sequence.

Source: Hendrycks & Dietterich 2019, section 4.2. What is compared with what is the sequence's own (`sequences.stability`).
"""

from __future__ import annotations

from robustcore.metrics._base import Array, metric, over

_DOCUMENT = "Hendrycks & Dietterich 2019, section 4.2"


@metric(
    "flip_probability",
    input="frames",
    title="Flip probability",
    short="flip probability",
    axis="flip probability (%)",
    unit="%",
    formula="Flip probability = comparisons of two frames whose answers differ / comparisons",
    better="lower",
    limits=(0, 1),
    axis_limits=(0, None),
    document=_DOCUMENT,
    demand="its answer {must} change in {bound} of the comparisons of two frames",
    result="it changes in {value}",
)
def flip_probability(flips: Array) -> Array:
    """Comparisons of frames in which the answer changes, in percent."""
    return flips


@metric(
    "flip_rate",
    input="frames",
    title="Flip rate (FR)",
    short="flip rate",
    axis="flip rate",
    unit="ratio",
    formula="Flip rate = flip probability / the reference's",
    better="lower",
    mean="mFR",
    mean_name="mfr",
    limits=(0, None),
    neutral=1,
    document=_DOCUMENT,
    undefined="{reference} never changes its answer {here}",
    demand="its answer {must} change {bound} as often as that of {reference} ({name})",
    result="it changes {value} as often",
)
def flip_rate(flips: Array, reference_flips: Array) -> Array:
    """The flip probability in percent of the reference's."""
    return over(flips, reference_flips)


@metric(
    "top5_distance",
    input="frames",
    title="Top-5 distance",
    short="top-5 distance",
    unit="",
    formula="Top-5 distance = sum over the five best classes of how far each moves between two frames",
    better="lower",
    limits=(0, 18),
    axis_limits=(0, None),
    document=_DOCUMENT,
)
def top5_distance(distance: Array) -> Array:
    """How far the five best classes move between compared frames, 0 to 18."""
    return distance


@metric(
    "t5d",
    input="frames",
    title="Top-5 distance rate (T5D)",
    short="T5D",
    axis="T5D",
    unit="ratio",
    formula="T5D = top-5 distance / the reference's",
    better="lower",
    mean="mT5D",
    mean_name="mt5d",
    limits=(0, None),
    neutral=1,
    document=_DOCUMENT,
    undefined="{reference} never changes its answer {here}",
)
def top5_distance_rate(distance: Array, reference_distance: Array) -> Array:
    """The top-5 distance in percent of the reference's."""
    return over(distance, reference_distance)
