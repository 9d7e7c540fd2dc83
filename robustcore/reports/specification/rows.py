"""One row of a specification: what is measured, under what, and the threshold; read from a toml table and checked."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from robustcore import arguments, attacks, corruptions, metrics
from robustcore.errors import InvalidArgumentError, RobustcoreError, UnknownNameError
from robustcore.evaluation import Condition, operations, suites
from robustcore.metrics import Metric

PLACES = ("clean", "corruption", "suite", "attack", "sequence", "shift", "unknown")


_ANY = ("corruption", "attack", "shift")
# Inputs that are read image by image -> the kinds of conditions that have them.
OF_IMAGES = {
    "answers": ("corruption", "attack"),
    "confidences": ("clean", *_ANY),
    "mean_confidences": ("clean", *_ANY),
    "scores": ("shift", "unknown"),
}
# The arrays of each input that the evidence of a specification has.
_ARRAYS = {
    "accuracies": ("accuracy", "clean", "reference", "reference_clean"),
    "frames": ("flips", "reference_flips"),
    "attacks": ("success",),
    "unions": ("holds",),
    **{kind: tuple(metrics.INPUTS[kind].arrays) for kind in OF_IMAGES},
}


@dataclasses.dataclass(frozen=True)
class Requirable:
    """What a row can require: a metric, or its mean over several conditions.

    Attributes:
        name: key.
        metric: its definition.
        single, several: whether it takes one condition's name, and whether it takes several (the mean over them).
    """

    name: str
    metric: Metric
    single: bool
    several: bool

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the conditions that it is defined for."""
        if self.metric.input in OF_IMAGES:
            return OF_IMAGES[self.metric.input]
        if self.metric.input != "accuracies":
            return ("sequence",) if self.metric.input == "frames" else ("attack",)
        if self.metric.severities:
            return ("corruption",)
        return _ANY if self.metric.relative else ("clean", *_ANY)

    @property
    def factor(self) -> int:
        """From the metric's value to the unit of thresholds."""
        return self.metric.written.percent

    @property
    def unit(self) -> str:
        """Of thresholds: "%", "points", or the metric's own."""
        return {"ratio": "%", "percent": "%"}.get(self.metric.unit, self.metric.unit)

    @property
    def range(self) -> tuple[float, float]:
        """The values that a threshold can have, in the unit."""
        low, high = self.metric.limits
        return -math.inf if low is None else self.factor * low, math.inf if high is None else self.factor * high

    @property
    def label(self) -> str:
        """How it is called in a sentence."""
        return self.metric.short if self.single else self.metric.mean

    @property
    def summary(self) -> str:
        """One sentence."""
        return self.metric.summary if self.single else f"The mean of {self.metric.name} over the conditions."


def requirable() -> dict[str, Requirable]:
    """Everything that a row can require, by name."""
    offered = []
    for kind, arrays in _ARRAYS.items():
        for metric in metrics.of_input(kind):
            if set(metric.arrays) <= set(arrays):
                own_mean = bool(metric.mean_name)
                offered.append(Requirable(metric.name, metric, True, not own_mean and kind != "attacks"))
                offered += [Requirable(metric.mean_name, metric, False, True)] if own_mean else []
    return {each.name: each for each in offered}


# Which keys belong to which kind of condition, besides those that every row may have.
_COMMON = ("metric", "at_least", "at_most", "reference", "limit", "why", *PLACES)
_OWN = {
    "clean": (),
    "corruption": ("severity", "strength", "storage"),
    "attack": ("eps", "params"),
    "sequence": ("difficulty",),
    "shift": ("strength",),  # of a controlled factor
    "unknown": (),
}
KEYS = (*_COMMON, *dict.fromkeys(key for keys in _OWN.values() for key in keys))


@dataclasses.dataclass(frozen=True)
class Requirement:
    """One requirement.

    Attributes:
        number: its place in the file, from 1.
        line: its line in the file, or 0 where that is not known.
        metric: a key of `requirable()`.
        kind: of its conditions: "clean", "corruption", "attack", "sequence", "shift" or "unknown".
        suite: the suite that it names, or "".
        terms: (name, its conditions): the mean is over the names, of each over its conditions, which are severities.
        at_least: whether the value must reach the threshold, or must not exceed it.
        threshold: in percent, or in points for `residual`.
        reference: a model's name, "alexnet" for the published figures, or "".
        limit: the number of images, or None for all.
        why: what the requirement is for, in a person's own words, or "".
    """

    number: int
    line: int
    metric: str
    kind: str
    suite: str
    terms: tuple[tuple[str, tuple[Condition, ...]], ...]
    at_least: bool
    threshold: float
    reference: str
    limit: int | None
    why: str

    @property
    def conditions(self) -> list[Condition]:
        """All of them."""
        return [condition for _, conditions in self.terms for condition in conditions]


class WrongError(InvalidArgumentError):
    """What is wrong with a row, and at which of its keys ("" for the row as a whole)."""

    def __init__(self, sentence: str, key: str = "") -> None:
        super().__init__(sentence)
        self.key = key


@contextlib.contextmanager
def at(key: str) -> Iterator[None]:
    """What goes wrong inside is said of that key."""
    try:
        yield
    except WrongError:
        raise
    except RobustcoreError as error:
        raise WrongError(str(error), key) from error


def row(fields: Mapping[str, Any], number: int, line: int, *, limit: int | None, storage: str) -> Requirement:
    """A row from its toml table.

    Args:
        fields: the table.
        number, line: where it is.
        limit, storage: the specification's own, for rows that name none.

    Raises:
        WrongError: one sentence, and the key that it is about.
    """
    unknown = [key for key in fields if key not in KEYS]
    if unknown:
        raise WrongError(str(UnknownNameError("key of a row", unknown[0], KEYS)), unknown[0])
    metric = _metric(fields)
    places = [place for place in PLACES if place in fields]
    if len(places) != 1:
        raise WrongError(
            f"A row names one of {', '.join(PLACES)}; this one names {' and '.join(places) or 'none of them'}.",
            places[1] if places else "metric",
        )
    place = places[0]
    with at(place):
        templates, suite = _templates(place, fields[place], metric.metric)
    kind = templates[0].kind
    strange = [key for key in fields if key not in (*_COMMON, *_OWN[kind])]
    if strange:
        homes = [k for k, keys in _OWN.items() if strange[0] in keys]
        raise WrongError(
            f"{strange[0]} belongs to rows of {' or '.join(homes)}, and this row is one of {kind}.", strange[0]
        )
    if kind not in metric.kinds:
        raise WrongError(
            f"{metric.name} is defined for {' and '.join(metric.kinds)} rows, and this row is one of {kind}.", place
        )
    several = len(templates) > 1
    if not (metric.several if several else metric.single):
        instead = metric.metric.mean_name if several else metric.metric.name
        hint = f"; for {'several' if several else 'one'} it is {instead}" if instead != metric.name and instead else ""
        raise WrongError(
            f"{metric.name} takes {'one condition, not several' if several else 'several conditions, not one'}{hint}.",
            place,
        )
    return Requirement(
        number=number,
        line=line,
        metric=metric.name,
        kind=kind,
        suite=suite,
        terms=tuple((template.name, _expanded(template, fields, storage, place)) for template in templates),
        **_threshold(fields, metric),
        reference=_reference(fields, metric),
        limit=_limit(fields, limit),
        why=_text(fields, "why"),
    )


def _metric(fields: Mapping[str, Any]) -> Requirable:
    name, offered = fields.get("metric"), requirable()
    if not isinstance(name, str):
        raise WrongError(f"A row needs a metric, one of {', '.join(offered)}.", "metric")
    if name not in offered:
        raise WrongError(str(UnknownNameError("metric", name, offered)), "metric")
    return offered[name]


def _templates(place: str, value: Any, metric: Metric) -> tuple[list[Condition], str]:
    """The named conditions, without severities and the like, and the suite that they are of."""

    def unfit(condition: Condition) -> str:
        """Why the metric has no value under a condition, or "": scores are of images of unknown classes, all others of known ones."""
        why = operations.of(condition).unlabelled(condition)
        if metric.input == "scores":
            return (
                ""
                if why
                else f"{metric.name} compares images of unknown classes with clean ones, and its images are of known ones"
            )
        return why

    if place == "clean":
        if value is not True:
            raise InvalidArgumentError(f"A row on clean images says clean = true, not {value!r}.")
        return [Condition.clean()], ""
    if place == "suite":
        if value not in suites.names():
            raise UnknownNameError("suite", value, suites.names())
        templates = list(suites.load(value).rows)
        if len({template.kind for template in templates}) > 1:
            raise InvalidArgumentError(f"The suite {value} has conditions of several kinds; name them one by one.")
        # What has no right answer has no accuracy either: unknown shapes among the natural shifts.
        fit = [template for template in templates if not unfit(template)]
        if not fit:
            raise InvalidArgumentError(f"{templates[0].name} cannot be required: {unfit(templates[0])}.")
        return fit, str(value)
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError(f"{place} is a name or a list of names, not {value!r}.")
    if len(set(names)) < len(names):
        raise InvalidArgumentError(f"The list of {place} names one of them twice.")
    for name in names:
        if place == "corruption":
            corruptions.get(name)
        elif place == "attack":
            attacks.resolve(name)
    templates = [Condition(place, name) for name in names]
    for condition in templates:
        if why := unfit(condition):
            raise InvalidArgumentError(f"{condition.name} cannot be required: {why}.")
    return templates, ""


def _expanded(template: Condition, fields: Mapping[str, Any], storage: str, place: str) -> tuple[Condition, ...]:
    """The conditions that one name stands for: its severities, its budget."""
    open_ = template
    severities = None
    if template.kind == "corruption":
        open_, severities = _levels(template, fields)
        with at("storage"):
            open_ = dataclasses.replace(open_, storage=fields.get("storage", storage))
    elif template.kind == "shift" and "strength" in fields:
        with at("strength"):
            open_ = dataclasses.replace(template, strength=fields["strength"])
    elif template.kind == "attack":
        open_ = _budget(template, fields)
    elif "difficulty" in fields and fields["difficulty"] != 1:
        with at("difficulty"):
            open_ = dataclasses.replace(template, params=(("difficulty", fields["difficulty"]),))
    key = next((k for k in ("severity", "strength", "difficulty", "eps") if k in fields), place)
    with at(key):
        conditions = tuple(operations.of(open_).expand(open_, severities))
        for condition in conditions:
            operations.check(condition)
    return conditions


def _levels(template: Condition, fields: Mapping[str, Any]) -> tuple[Condition, list[int] | None]:
    """The condition with its strength, or the severities that it is averaged over."""
    if "severity" in fields and "strength" in fields:
        raise WrongError("A row takes a severity or a strength, not both.", "strength")
    if "strength" in fields:
        if not isinstance(fields["strength"], (int, float, str)):
            raise WrongError(f'A strength is a number or "uniform", not {fields["strength"]!r}.', "strength")
        with at("strength"):
            return dataclasses.replace(template, strength=fields["strength"]), None
    severity = fields.get("severity")
    if severity is None:
        return template, None
    if severity == "uniform":
        with at("severity"):
            return dataclasses.replace(template, strength="uniform"), None
    levels = (
        list(corruptions.SEVERITIES) if severity == "mean" else severity if isinstance(severity, list) else [severity]
    )
    if not levels:
        raise WrongError("The list of severities is empty; give some of 1, 2, 3, 4, 5.", "severity")
    if isinstance(severity, str) and severity != "mean":
        raise WrongError(
            f'A severity is 1, 2, 3, 4 or 5, a list of them, "mean" for the mean of all five, or "uniform" for strengths '
            f"drawn over the range; {severity!r} is none of these.",
            "severity",
        )
    with at("severity"):
        return template, sorted({corruptions.check_severity(level) for level in levels})


def _budget(template: Condition, fields: Mapping[str, Any]) -> Condition:
    params = fields.get("params", {})
    if not isinstance(params, Mapping):
        raise WrongError(f"params is a table such as {{ steps = 10 }}, not {params!r}.", "params")
    options = {**template.parameters, **params}
    if "eps" in fields:
        options["eps"] = _eps(fields["eps"])
    eps = options.get("eps")
    method, preset = attacks.resolve(template.name)
    norm = options.get("norm") or (preset.norm if preset else method.norms[0])
    if isinstance(eps, (int, float)) and norm == "linf" and eps > 1:
        raise WrongError(
            f'An eps of {eps:g} in L-inf is more than a pixel can change, whose range is 0 to 1: write "{eps:g}/255" for '
            "grey levels.",
            "eps",
        )
    with at("params"):
        return dataclasses.replace(template, params=tuple(options.items()))


def _eps(value: Any) -> Any:
    """A number, or a text such as "8/255"."""
    if not isinstance(value, str):
        return value
    written = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*255\s*", value)
    if not written:
        raise WrongError(
            f'An eps is a number with pixels in 0 to 1, or a text such as "8/255"; {value!r} is neither.', "eps"
        )
    levels = float(written[1])
    return (int(levels) if levels.is_integer() else levels) / 255


def _threshold(fields: Mapping[str, Any], metric: Requirable) -> dict[str, Any]:
    keys = [key for key in ("at_least", "at_most") if key in fields]
    if len(keys) != 1:
        raise WrongError(
            f"A row has a threshold: at_least or at_most, {'and not both' if keys else 'one of the two'}.",
            "at_most" if keys else "metric",
        )
    key = keys[0]
    value = fields[key]
    if isinstance(value, str):
        written = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*(%|percent|points?)\s*", value)
        if not written:
            raise WrongError(
                f'A threshold is a number in percent, or a text such as "80 %"; {value!r} is neither.', key
            )
        number = float(written[1])
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WrongError(f'A threshold is a number in percent, or a text such as "80 %"; {value!r} is neither.', key)
    else:
        number = float(value)
        if 0 < abs(number) <= 1:
            raise WrongError(
                f"{key} = {value} is ambiguous: thresholds are in percent. Write {100 * number:g} if it is a share of "
                f'{number:g}, or "{number:g} %" if it is {number:g} percent.',
                key,
            )
    low, high = metric.range
    if not low <= number <= high:
        ends = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        raise WrongError(
            f"A threshold of {metric.name} is {ends} {'percent' if metric.unit == '%' else metric.unit}, not {number:g}.",
            key,
        )
    return {"at_least": key == "at_least", "threshold": number}


def _reference(fields: Mapping[str, Any], metric: Requirable) -> str:
    reference = fields.get("reference")
    if not metric.metric.reference:
        if reference is not None:
            raise WrongError(f"{metric.name} is not relative to another model; leave the reference out.", "reference")
        return ""
    if not isinstance(reference, str) or not reference.strip():
        raise WrongError(
            f'{metric.name} needs a reference: a model\'s name, or "alexnet" for the published figures.',
            "metric" if reference is None else "reference",
        )
    return reference


def _limit(fields: Mapping[str, Any], default: int | None) -> int | None:
    with at("limit"):
        return arguments.limit(fields["limit"]) if "limit" in fields else default


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise WrongError(f"{key} is a text, not {value!r}.", key)
    return value
