"""Advice: of the evaluated models, the training that helps most against something, its interval, and its price."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping

import pandas as pd

from robustcore import corruptions
from robustcore.metrics import accuracy
from robustcore.reports.overview.findings import within_interval
from robustcore.reports.overview.overview import Overview

# What one needs -> its title, and the family of corruptions, or the column of the overview, that it is judged by.
NEEDS: Mapping[str, tuple[str, str]] = {
    "weather": ("Weather", "weather"),
    "noise": ("Camera noise", "noise"),
    "blur": ("Blur", "blur"),
    "attack": ("Attack", "attack_1"),
    "shift": ("Natural shifts", "shifted"),
    "all": ("All of it", "balance"),
}
_COLUMNS = {"attack_1": "attack_images", "shifted": "shift_images", "balance": "attack_images"}  # with their images
Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Advice:
    """The best model for a need. Accuracies are 0..1.

    Attributes:
        need: a key of `NEEDS`.
        model: its name.
        value: its accuracy there: the mean over the conditions; for "all" that of clean, corrupted and attacked images.
        interval: the 95 % interval of the value (Wilson), as wide as for one answer an image.
        images: the number of images that it is over.
        conditions: the corruptions that it is the mean over; () for another measure.
        seen: those of them that it was trained on.
        second: the next best model, "" for none.
        second_value: its accuracy, NaN without one.
        too_close: whether the second lies within the interval.
        standard: the model that it is compared with, "" for none.
        as_long: whether that one was trained for as long, without an intervention.
        gain: the value less that of the standard model, NaN without one.
        gain_interval: the 95 % interval of the gain (Newcombe 1998, method 10), as if the two were scored on different images,
            and so wider than it need be.
        price: clean accuracy of the standard model less that of this one: what it costs. NaN without one.
    """

    need: str
    model: str
    value: float
    interval: Interval
    images: int
    conditions: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    second: str = ""
    second_value: float = math.nan
    too_close: bool = False
    standard: str = ""
    as_long: bool = False
    gain: float = math.nan
    gain_interval: Interval = (math.nan, math.nan)
    price: float = math.nan


def needs(overview: Overview) -> list[str]:
    """The needs that two models or more have results for."""
    return [need for need in NEEDS if len(_values(overview, need)[0]) > 1]


def advise(
    overview: Overview,
    need: str,
    standard: str = "",
    trained_on: Mapping[str, tuple[str, ...]] | None = None,
    controls: Mapping[str, str] | None = None,
) -> Advice | None:
    """The model with the highest accuracy for a need; None where no model has results.

    Args:
        overview: as gathered.
        need: a key of `NEEDS`.
        standard: the model that it is compared with where it has no control with results.
        trained_on: model -> the corruptions of its training.
        controls: model -> the one trained for as long without an intervention.
    """
    values, conditions = _values(overview, need)
    if values.empty:
        return None
    ordered = values.sort_values(ascending=False, kind="stable")
    model, value = str(ordered.index[0]), float(ordered.iloc[0])
    rows = {str(row["model"]): row for row in overview.table.to_dict("records")}
    column = _COLUMNS.get(NEEDS[need][1], "labelled")
    images = int(rows[model][column])
    advice = Advice(
        need,
        model,
        value,
        _interval(value, images),
        images,
        conditions,
        seen_in_training((trained_on or {}).get(model, ()), conditions),
    )
    if len(ordered) > 1:
        second = float(ordered.iloc[1])
        advice = dataclasses.replace(
            advice,
            second=str(ordered.index[1]),
            second_value=second,
            too_close=within_interval(value, second, images),
        )
    control = (controls or {}).get(model, "")
    against = control if control in values.index else standard
    if against in values.index and against != model:
        own = float(values[against])
        advice = dataclasses.replace(
            advice,
            standard=against,
            as_long=against == control,
            gain=value - own,
            gain_interval=_of_difference(value, images, own, int(rows[against][column])),
            price=float(rows[against]["clean"]) - float(rows[model]["clean"]),
        )
    return advice


def seen_in_training(trained: Iterable[str], conditions: Iterable[str]) -> tuple[str, ...]:
    """Of the conditions, by their labels, those that are among the corruptions of a training, in this or in another suite's form."""
    seen = {_plain(name) for name in trained}
    return tuple(name for name in conditions if name in seen)


def _values(overview: Overview, need: str) -> tuple[pd.Series[float], tuple[str, ...]]:
    """Model -> accuracy for a need, of the models that can be ranked, and the corruptions that it is the mean over."""
    measure = NEEDS[need][1]
    if measure in _COLUMNS:
        ranked = overview.table[overview.ranked(measure)]
        return ranked.set_index("model")[measure].astype(float), ()
    family = {_plain(name) for name in corruptions.names("imagenet-c") if corruptions.get(name).family == measure}
    whole = set(overview.table.loc[overview.ranked("mean"), "model"])
    table = overview.by_condition
    table = table[(table["kind"] == "corruption") & table["name"].isin(family) & table["model"].isin(whole)]
    names = tuple(dict.fromkeys(table["name"]))
    return table.groupby("model", sort=False)["accuracy"].mean().astype(float), names


def _plain(name: str) -> str:
    return corruptions.get(name).plain_name if name in corruptions.names() else name


def _interval(value: float, images: int) -> Interval:
    row = pd.DataFrame([{"model": "", "dataset": "", "kind": "", "name": "", "accuracy": value, "n": images}])
    judged = accuracy(row).iloc[0]
    return float(judged["low"]), float(judged["high"])


def _of_difference(one: float, images: int, other: float, other_images: int) -> Interval:
    """The interval of one - other from the two Wilson intervals (Newcombe 1998, method 10)."""
    (low, high), (other_low, other_high) = _interval(one, images), _interval(other, other_images)
    difference = one - other
    below = math.hypot(one - low, other_high - other)
    above = math.hypot(high - one, other - other_low)
    return difference - below, difference + above
