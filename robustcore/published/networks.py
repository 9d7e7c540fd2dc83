"""Published networks with a figure for each corruption or sequence of a suite, and what they were measured on."""

from __future__ import annotations

import functools

import pandas as pd

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.published import testbed_results
from robustcore.published._files import figures, tables
from robustcore.published._measurements import COMPUTED, Measurement, of_corruptions, of_sequences
from robustcore.published.rounding import ONE, Span

OF_CORRUPTIONS = ("accuracy", "error", "app", "residual", "ce", "relative_ce")
OF_SEQUENCES = ("flip_probability", "flip_rate", "top5_distance", "t5d")
METRICS = OF_CORRUPTIONS + OF_SEQUENCES
UNITS = {"ce": "percent", "relative_ce": "percent", "top5_distance": "distance"}  # of the others: ratio
COLUMNS = [
    "model",
    "document",
    "table",
    "condition",
    "severity",
    "clean_accuracy",
    "value",
    "low",
    "high",
    "unit",
    "origin",
    "strengths",
    "dataset",
    "classes",
    "image_side",
    "images",
    "storage",
    "reference",
    "reason",
]
TESTBED = {"testbed": "memory", "testbed-released": "jpeg85"}  # name -> storage of the corrupted images
_ROBUSTBENCH, _TESTBED = "RobustBench, MIT licence", "ImageNet Testbed, Taori et al. 2020, MIT licence"
# Of `accuracies`: data set -> where its figures come from.
SOURCES = dict.fromkeys(("imagenet", "cifar10", "cifar100"), _ROBUSTBENCH) | dict.fromkeys(TESTBED, _TESTBED)
SETUP = ["dataset", "classes", "image_side", "images", "storage", "reference"]


def models(suite: str, metric: str = "error", *, severity: int | None = None) -> pd.DataFrame:
    """The published networks with figures for the conditions of a suite, for comparison with your own.

    Args:
        suite: of corruptions ("imagenet-c", "laugros" ...) or of sequences ("imagenet-p", "imagenet-p-extra").
        metric: accuracy, error, app or residual in 0 .. 1, ce or relative_ce in percent; of sequences flip_probability,
            flip_rate and t5d in 0 .. 1 (AlexNet is 1), and top5_distance.
        severity: 1 to 5 for the sources that give it; default what they print, the mean over the five or the figure for
            strengths drawn at random.

    Returns:
        One row for each network and condition: model, document, table, condition, severity, clean_accuracy, value, low and
        high (all that rounds to what is printed), unit, origin ("printed", or "computed" from printed figures), strengths;
        what it was measured on: dataset, classes, image_side, images, storage ("jpeg85" is the released ImageNet-C) and
        reference, where "" and NA mean that the document does not say; reason where the value is NaN. Compare
            figures only where these agree. There are no rows for a suite that no document covers.

    Raises:
        UnknownNameError: no such suite or metric.
        InvalidArgumentError: a metric of the other kind of suite, or a severity outside 1 to 5.
    """
    from robustcore import corruptions, sequences  # imported here, because reading the figures alone needs no torch

    suites = {*corruptions.suites.names("corruption"), *sequences.suites.names("sequence")}
    if suite not in suites:
        raise UnknownNameError("suite", suite, suites)
    if metric not in METRICS:
        raise UnknownNameError("published metric", metric, METRICS)
    allowed = OF_CORRUPTIONS if suite in corruptions.suites.names("corruption") else OF_SEQUENCES
    if metric not in allowed:
        raise InvalidArgumentError(
            f"{metric} is not a metric of the suite {suite}; choose one of {', '.join(allowed)}."
        )
    if severity is not None and severity not in corruptions.SEVERITIES:
        raise InvalidArgumentError(f"A severity is 1, 2, 3, 4 or 5, not {severity!r}.")
    return _models(suite, metric, severity).copy()


def accuracies(dataset: str = "imagenet") -> pd.DataFrame:
    """Published accuracies at every severity, in the form of `robustcore.evaluate`, which the metrics take.

    Args:
        dataset: of RobustBench "imagenet", "cifar10" or "cifar100"; of the ImageNet Testbed "testbed" (ImageNet-C made on the
            fly) or "testbed-released" (the released files).

    Returns:
        model, dataset, split, kind, name, severity, n, accuracy in 0 .. 1, storage; a clean row for each network.
    """
    if dataset in TESTBED:
        return testbed_results.of_corruptions(TESTBED[dataset]).copy()
    details = tables()
    details = details[details["document"] == "robustbench"].set_index("table")
    if dataset not in details.index:
        raise UnknownNameError("published data set", dataset, [*details.index, *TESTBED])
    rows = figures("robustbench")
    rows = rows[rows["table"] == dataset].reset_index(drop=True)
    return pd.DataFrame(
        {
            "model": rows["model"],
            "dataset": dataset,
            "split": "val" if dataset == "imagenet" else "test",
            "kind": rows["kind"],
            "name": rows["condition"],
            "severity": rows["severity"],
            "n": int(details["images"][dataset]),
            "accuracy": rows["value"].where(rows["unit"] == "ratio", rows["value"] / 100),
            "storage": rows["kind"].map({"clean": "memory", "corruption": details["storage"][dataset]}),
        }
    )


@functools.cache
def _models(suite: str, metric: str, severity: int | None) -> pd.DataFrame:
    from robustcore import corruptions, sequences

    of_a_corruption = suite in corruptions.suites.names("corruption")
    names = set(corruptions.names(suite) if of_a_corruption else sequences.names(suite))
    setups = tables().set_index(["document", "table"])[SETUP].to_dict("index")
    rows = []
    for measurement in _measurements(of_a_corruption, severity):
        if measurement.condition not in names or (metric not in OF_CORRUPTIONS and metric not in measurement.metrics):
            continue
        span, origin, reason = _value(measurement, metric)
        factor = 100 if UNITS.get(metric) == "percent" else 1
        bounds = {} if span is None else {k: factor * getattr(span, k) for k in ("value", "low", "high")}
        rows.append(
            {name: getattr(measurement, name) for name in ("model", "document", "table", "condition", "strengths")}
            | {
                "severity": severity,
                "clean_accuracy": None if measurement.clean is None else 1 - measurement.clean.value,
            }
            | {"unit": UNITS.get(metric, "ratio"), "origin": origin, "reason": reason}
            | bounds
            | setups[measurement.document, measurement.table]
        )
    numbers = dict.fromkeys(("clean_accuracy", "value", "low", "high"), "float64")
    counts = dict.fromkeys(("severity", "classes", "image_side", "images"), "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers | counts)


@functools.cache
def _measurements(of_a_corruption: bool, severity: int | None) -> tuple[Measurement, ...]:
    if of_a_corruption:
        return tuple(of_corruptions(severity))
    return tuple(of_sequences()) if severity is None else ()


def _value(measurement: Measurement, metric: str) -> tuple[Span | None, str, str]:
    """(figure, "printed" or "computed", reason why there is no figure)."""
    if metric in measurement.metrics:
        return *measurement.metrics[metric], ""
    error, clean, reference = measurement.error, measurement.clean, measurement.reference
    if measurement.reason:
        return None, "", measurement.reason
    if error is None:
        return None, "", "the document prints another metric, from which this one does not follow"
    if metric == "error":
        return error, COMPUTED, ""
    if metric == "accuracy":
        return ONE - error, COMPUTED, ""
    if clean is None:
        return None, "", "the document prints no clean accuracy"
    if metric == "app":
        return (ONE - error) / (ONE - clean), COMPUTED, ""
    if metric == "residual":
        return error - clean, COMPUTED, ""
    if reference is None:
        return None, "", "the document prints no errors of a reference for these images"
    if metric == "ce":
        return error / reference[0], COMPUTED, ""
    return (error - clean) / (reference[0] - reference[1]), COMPUTED, ""
