"""Metrics of the accuracy under a condition: alone, against clean accuracy, and against a reference model.

Sources: Laugros' thesis, equations 2.1 and 2.2; Hendrycks & Dietterich 2019, section 4.1.
"""

from __future__ import annotations

from robustcore.metrics._base import Array, metric, over


@metric(
    "accuracy",
    title="Accuracy",
    short="accuracy",
    axis="accuracy (%)",
    unit="%",
    formula="Accuracy = correct / images",
    better="higher",
    mean="Mean accuracy",
    limits=(0, 1),
    axis_limits=(0, 1),
    sampled=True,
    demand="it {must} be right on {bound} of the images",
    result="it is right on {value}",
)
def accuracy(accuracy: Array) -> Array:
    """Right answers, in percent of the images."""
    return accuracy


@metric(
    "app",
    title="Accuracy preserved (APP)",
    short="APP",
    axis="accuracy preserved, APP",
    unit="ratio",
    formula="APP = accuracy under the corruption / clean accuracy",
    better="higher",
    mean="Mean APP",
    limits=(0, None),
    axis_limits=(0, None),
    neutral=1,
    document="Laugros' thesis, equation 2.2",
    undefined="the clean accuracy is 0",
    demand="it {must} keep {bound} of its accuracy on clean images",
    result="it keeps {value}",
)
def app(accuracy: Array, clean: Array) -> Array:
    """Accuracy in percent of the clean accuracy."""
    return over(accuracy, clean)


@metric(
    "residual",
    title="Residual robustness (RR)",
    short="RR",
    axis="accuracy lost, RR (points)",
    unit="points",
    formula="RR = clean accuracy - accuracy under the corruption",
    better="lower",
    mean="Mean RR",
    limits=(-1, 1),
    document="Laugros' thesis, equation 2.1",
    demand="it {must} lose {bound} of accuracy",
    result="it loses {value}",
)
def residual(accuracy: Array, clean: Array) -> Array:
    """Clean accuracy less accuracy, in points."""
    return clean - accuracy


@metric(
    "ce",
    title="Corruption error (CE)",
    short="CE",
    axis="corruption error, CE (%)",
    unit="percent",
    formula="CE = sum of the model's errors over the severities / sum of the reference's",
    better="lower",
    mean="mCE",
    mean_name="mce",
    limits=(0, None),
    neutral=100,
    severities=True,
    document="Hendrycks & Dietterich 2019, section 4.1",
    undefined="{reference} makes no error {here}",
    demand="its errors {must} be {bound} of those of {reference} ({name}{whose})",
    result="they are {value}",
)
def corruption_error(accuracy: Array, reference: Array) -> Array:
    """Errors in percent of the reference's, both summed over the severities."""
    return 100 * over(1 - accuracy, 1 - reference)


@metric(
    "relative_ce",
    title="Relative CE",
    short="relative CE",
    axis="relative corruption error (%)",
    unit="percent",
    formula="Relative CE = sum of (error - clean error) over the severities / the same of the reference",
    better="lower",
    mean="Relative mCE",
    mean_name="relative_mce",
    neutral=100,
    severities=True,
    document="Hendrycks & Dietterich 2019, section 4.1",
    undefined="the relative form is undefined: {reference} loses nothing {here}",
    demand="the errors that are added {must} be {bound} of those that are added to {reference} ({name}{whose})",
    result="they are {value}",
)
def relative_corruption_error(accuracy: Array, clean: Array, reference: Array, reference_clean: Array) -> Array:
    """Errors that the corruption adds, in percent of those that it adds to the reference."""
    return 100 * over(clean - accuracy, reference_clean - reference)
