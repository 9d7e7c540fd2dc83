"""`@metric`: one array function and the facts about it, which every table, figure, footer, page and command reads.

A new metric is one function with one decorator, in a module of this package or in a plug-in file:

    import numpy as np
    from robustcore.metrics import metric

    @metric("error_growth", title="Error growth", short="growth", axis="errors over clean errors", unit="ratio",
            formula="Error growth = errors under the corruption / clean errors", better="lower", neutral=1)
    def error_growth(accuracy, clean):
        "Errors under the condition over those on clean images."
        return (1 - accuracy) / (1 - clean)

It is then in `robustcore list metrics`, on Compare (bars, intervals, footer), behind `robustcore evaluate --metric`, a
specification can require it, and `rc.metrics.with_metric(table, "error_growth")` computes it.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from robustcore import arguments
from robustcore.errors import InvalidArgumentError
from robustcore.registry import Registry

Array = npt.NDArray[np.float64]
Better = Literal["higher", "lower"]


@dataclasses.dataclass(frozen=True)
class Input:
    """What metrics of one kind are computed from.

    Attributes:
        name: of the kind.
        arrays: name -> what that array holds; a metric's function takes some of them, by name.
        reference: those of a reference model; a metric that takes one of them needs a reference.
        axis: whether each array's last axis is the images; the function takes that axis alone and leading axes are looped
            over. Without it all arrays have one shape, or broadcast, and the function works element by element.
        apart: whether each array is about images of its own, so that their numbers may differ.
    """

    name: str
    arrays: Mapping[str, str]
    reference: tuple[str, ...] = ()
    axis: bool = False
    apart: bool = False


INPUTS: Mapping[str, Input] = {
    kind.name: kind
    for kind in (
        Input(
            "accuracies",
            {
                "accuracy": "accuracy of the model under the condition, 0 .. 1, the mean over its severities",
                "clean": "accuracy of the model on the clean images",
                "reference": "accuracy of the reference model under the condition",
                "reference_clean": "accuracy of the reference model on the clean images",
            },
            reference=("reference", "reference_clean"),
        ),
        Input(
            "frames",
            {
                "flips": "share of the compared frames of a sequence whose answers differ, 0 .. 1, the mean over the videos",
                "distance": "top-5 distance of the compared frames, 0 .. 18, the mean over the videos",
                "reference_flips": "`flips` of the reference model",
                "reference_distance": "`distance` of the reference model",
            },
            reference=("reference_flips", "reference_distance"),
        ),
        Input("attacks", {"success": "share of the images on which the attack reaches its goal, 0 .. 1"}),
        Input(
            "unions", {"holds": "share of the images that are answered rightly under every one of the attacks, 0 .. 1"}
        ),
        Input(
            "distances",
            {"change": "(..., n) size of the smallest change that fools the model, infinite where none was found"},
            axis=True,
        ),
        Input(
            "confidences",
            {
                "confidence": "(..., n) probability that the model gives to its answer, 0 .. 1",
                "right": "(..., n) 1 where the answer is right, else 0",
            },
            axis=True,
        ),
        Input(
            "mean_confidences",
            {
                "mean_confidence": "mean probability that the model gives to its answers under the condition, 0 .. 1",
                "clean_mean_confidence": "the same on the clean images",
            },
        ),
        Input(
            "scores",
            {
                "known": "(..., n) anomaly scores of images of the model's classes",
                "unknown": "(..., m) anomaly scores of images of other classes",
            },
            axis=True,
            apart=True,
        ),
        Input(
            "answers",
            {
                "answer": "(..., n) class that the model answers under the condition",
                "clean_answer": "(..., n) class that it answers to the same images when clean",
            },
            axis=True,
        ),
    )
}


@dataclasses.dataclass(frozen=True)
class Unit:
    """How a value is written: multiplied by `factor`, with `decimals` (in figures `drawn_decimals`) and `sign` behind it."""

    sign: str = ""
    factor: int = 1
    decimals: int = 3
    drawn_decimals: int = 2
    percent: int = 1  # value -> percent or points, as a specification's thresholds are written

    @property
    def in_percent(self) -> bool:
        """Whether it is written in percent or points."""
        return self.factor == 100 or self is UNITS["percent"]


UNITS: Mapping[str, Unit] = {
    "%": Unit(" %", 100, 1, 1, 100),  # a share, 0 .. 1
    "points": Unit(" points", 100, 1, 1, 100),  # a difference of shares
    "ratio": Unit("", 1, 3, 2, 100),  # around 1
    "percent": Unit("", 1, 1, 1, 1),  # in percent already
}


@dataclasses.dataclass(frozen=True)
class Metric:
    """One metric: call it with its arrays by name, and it gives the value, NaN where undefined.

    Attributes:
        name: key.
        function: the arithmetic, as its author wrote it.
        input: a key of `INPUTS`.
        title: for selectors and headings.
        short: in running text.
        axis: title of an axis, with the unit.
        unit: a key of `UNITS`, or any other unit, which is written behind the value.
        formula: in words and signs, without a full stop.
        better: "higher" or "lower".
        mean: the heading of its mean over conditions.
        mean_name: the name under which a specification requires that mean, where it is not the metric's own.
        limits: the least and the greatest value, None where there is none.
        axis_limits: of a figure's axis; None lets the data decide.
        neutral: the value that means "as on clean images", or "as the reference", or None.
        severities: whether the definition sums over severities, so that a condition without any has no value.
        sampled: whether the value is a share of the images, so that Wilson's interval is its interval.
        document: where it comes from.
        summary: one sentence.
        undefined: why it is undefined where its inputs are known; {reference} and {here} are filled in.
        demand: what a specification requires, with {must}, {bound}, {reference} and {whose}; result: what was measured,
            with {value}.
    """

    name: str
    function: Callable[..., Any]
    input: str
    title: str
    short: str
    axis: str
    unit: str
    formula: str
    better: Better
    mean: str
    mean_name: str
    limits: tuple[float | None, float | None]
    axis_limits: tuple[float | None, float | None]
    neutral: float | None
    severities: bool
    sampled: bool
    document: str
    summary: str
    undefined: str
    demand: str
    result: str

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays that it takes."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def reference(self) -> bool:
        """Whether it needs a reference model."""
        return any(name in INPUTS[self.input].reference for name in self.arrays)

    @property
    def relative(self) -> bool:
        """Whether it relates the model's accuracy to something else: clean accuracy or a reference."""
        return self.input == "accuracies" and self.arrays != ("accuracy",)

    @property
    def absolute(self) -> bool:
        """Whether it is computed from the accuracy under a condition alone, so that clean accuracy is on its scale."""
        return self.arrays == ("accuracy",)

    @property
    def beside_clean(self) -> bool:
        """Whether its neutral value means "as on clean images"."""
        return self.relative or any(name.startswith("clean") for name in self.arrays)

    @property
    def written(self) -> Unit:
        """How its values are written."""
        return UNITS.get(self.unit, Unit(f" {self.unit}" if self.unit else ""))

    def text(self, value: float) -> str:
        """A value as people read it."""
        unit = self.written
        return "undefined" if np.isnan(value) else f"{unit.factor * value:.{unit.decimals}f}{unit.sign}"

    def __call__(self, *values: Any, **arrays: Any) -> Array:
        """The value.

        Args:
            values: the arrays that the metric takes, in its own order.
            arrays: the same by name, and any others of its input, which are left out. They broadcast over leading axes, such
                as the draws of a bootstrap.
        """
        arrays = dict(zip(self.arrays, values, strict=False)) | arrays
        missing = [name for name in self.arrays if name not in arrays]
        unknown = [name for name in arrays if name not in INPUTS[self.input].arrays]
        if missing or unknown:
            raise InvalidArgumentError(
                f"The metric {self.name} is computed from {', '.join(self.arrays)}; "
                + (f"{missing[0]} is missing." if missing else f"{unknown[0]} is not an array of {self.input}.")
            )
        taken = [self._array(name, arrays[name]) for name in self.arrays]
        kind = INPUTS[self.input]
        try:
            np.broadcast_shapes(*(value.shape[:-1] if kind.axis else value.shape for value in taken))
            fits = not kind.axis or kind.apart or len({value.shape[-1] for value in taken}) == 1
        except ValueError:
            fits = False
        if not fits:
            raise InvalidArgumentError(
                f"The arrays of the metric {self.name} have shapes that do not go together: "
                + ", ".join(f"{name} {value.shape}" for name, value in zip(self.arrays, taken, strict=True))
                + "."
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self._looped(taken) if kind.axis else self.function(*taken)
        result = np.asarray(value, np.float64)
        finite: Array = np.where(np.isfinite(result), result, np.nan)[()]
        return finite

    def _array(self, name: str, values: Any) -> Array:
        """The array of that name in float64; its last axis has images where the metric needs that."""
        try:
            array = np.asarray(values, np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidArgumentError(
                f"The array {name} of the metric {self.name} holds numbers ({INPUTS[self.input].arrays[name]}), not "
                f"{arguments.describe(values)}."
            ) from error
        if INPUTS[self.input].axis and array.ndim == 0:
            raise InvalidArgumentError(
                f"The array {name} of the metric {self.name} has one value an image on its last axis, not one number."
            )
        return array

    def _looped(self, values: list[Array]) -> Any:
        """One call for each position on the leading axes."""
        if all(value.ndim == 1 for value in values):
            return self.function(*values)
        lead = np.broadcast_shapes(*(value.shape[:-1] for value in values))
        count = math.prod(lead)
        flat = [np.broadcast_to(value, (*lead, value.shape[-1])).reshape(count, value.shape[-1]) for value in values]
        return np.array([self.function(*rows) for rows in zip(*flat, strict=True)], np.float64).reshape(lead)


registry: Registry[Metric] = Registry("metric")


def metric(
    name: str,
    *,
    title: str,
    formula: str,
    better: Better,
    unit: str,
    input: str = "accuracies",
    short: str = "",
    axis: str = "",
    mean: str = "",
    mean_name: str = "",
    limits: tuple[float | None, float | None] = (None, None),
    axis_limits: tuple[float | None, float | None] = (None, None),
    neutral: float | None = None,
    severities: bool = False,
    sampled: bool = False,
    document: str = "",
    undefined: str = "not defined {here}",
    demand: str = "",
    result: str = "it is {value}",
) -> Callable[[Callable[..., Any]], Metric]:
    """Make a metric of a function and register it.

    The function's parameters are arrays of the input (`INPUTS`), float64 and by name; it gives the value. A division by zero
    or a NaN in the inputs needs no care: what is not finite becomes NaN. The first line of its docstring is its summary.

    Args:
        name: key, also of the column in tables.
        title, formula, better, unit: see `Metric`; `unit` is "%" for a share 0 .. 1, "points" for a difference of shares,
            "ratio" for a number around 1, "percent" for one in percent already, or any other text.
        input: what it is computed from, a key of `INPUTS`.
        short: default the title.
        axis: default the title.
        mean: default "Mean " and `short`.
        mean_name, limits, axis_limits, neutral, severities, sampled, document, undefined, demand, result: see `Metric`.
    """
    if input not in INPUTS:
        raise InvalidArgumentError(f"A metric is computed from {', '.join(INPUTS)}; {name} names {input!r}.")
    if better not in ("higher", "lower"):
        raise InvalidArgumentError(f"Of a metric higher or lower is better; {name} says {better!r}.")
    if not formula or not title:
        raise InvalidArgumentError(f"The metric {name} needs a title and a formula in words.")

    def register(function: Callable[..., Any]) -> Metric:
        taken = list(inspect.signature(function).parameters)
        unknown = [each for each in taken if each not in INPUTS[input].arrays]
        if unknown or not taken:
            raise InvalidArgumentError(
                f"The function of the metric {name} takes some of {', '.join(INPUTS[input].arrays)}, "
                + (f"and not {unknown[0]}." if unknown else "and this one takes none.")
            )
        brief = short or title
        return registry.add(
            name,
            Metric(
                name=name,
                function=function,
                input=input,
                title=title,
                short=brief,
                axis=axis or title.lower(),
                unit=unit,
                formula=formula,
                better=better,
                mean=mean or f"Mean {brief}",
                mean_name=mean_name,
                limits=limits,
                axis_limits=axis_limits,
                neutral=neutral,
                severities=severities,
                sampled=sampled,
                document=document,
                summary=(inspect.getdoc(function) or title).partition("\n")[0],
                undefined=undefined,
                demand=demand or f"its {brief} {{must}} be {{bound}}",
                result=result,
            ),
            function,
        )

    return register


def over(above: Array, below: Array) -> Array:
    """above / below, NaN where `below` is not positive."""
    shape = np.broadcast(above, below).shape
    divided: Array = np.divide(above, below, out=np.full(shape, np.nan), where=below > 1e-12)
    return divided
