"""One row of a specification: what is measured, under what, and the threshold; read from a toml table and checked."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from robustcore import attacks, corruptions
from robustcore.errors import InvalidArgumentError, RobustcoreError, UnknownNameError
from robustcore.evaluation import Condition, operations, plan, suites

PLACES = ("clean", "corruption", "suite", "attack", "sequence", "shift")


@dataclasses.dataclass(frozen=True)
class Metric:
    """What a row can measure.

    Attributes:
        name: key.
        kinds: of the conditions that it is defined for.
        single, several: whether it takes one condition's name, and whether it takes several (the mean over them).
        unit: of the value: "%" or "points".
        reference: whether it is relative to a reference model.
        low, high: the values that a threshold can have, in the unit.
        summary: one sentence.
    """

    name: str
    kinds: tuple[str, ...]
    single: bool
    several: bool
    unit: str
    reference: bool
    low: float
    high: float
    summary: str


_ANY = ("corruption", "attack", "shift")
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "accuracy", ("clean", *_ANY), True, True, "%", False, 0, 100, "Right answers, in percent of the images."
        ),
        Metric("app", _ANY, True, True, "%", False, 0, math.inf, "Accuracy in percent of the clean accuracy."),
        Metric("residual", _ANY, True, True, "points", False, -100, 100, "Clean accuracy less accuracy, in points."),
        Metric(
            "ce",
            ("corruption",),
            True,
            False,
            "%",
            True,
            0,
            math.inf,
            "Errors in percent of the reference's, both summed over the severities.",
        ),
        Metric(
            "relative_ce",
            ("corruption",),
            True,
            False,
            "%",
            True,
            -math.inf,
            math.inf,
            "Errors that the corruption adds, in percent of those that it adds to the reference.",
        ),
        Metric("mce", ("corruption",), False, True, "%", True, 0, math.inf, "The mean of ce over the corruptions."),
        Metric(
            "relative_mce",
            ("corruption",),
            False,
            True,
            "%",
            True,
            -math.inf,
            math.inf,
            "The mean of relative_ce over the corruptions.",
        ),
        Metric(
            "flip_probability",
            ("sequence",),
            True,
            True,
            "%",
            False,
            0,
            100,
            "Comparisons of frames in which the answer changes, in percent.",
        ),
        Metric(
            "flip_rate",
            ("sequence",),
            True,
            False,
            "%",
            True,
            0,
            math.inf,
            "The flip probability in percent of the reference's.",
        ),
        Metric("mfr", ("sequence",), False, True, "%", True, 0, math.inf, "The mean of flip_rate over the sequences."),
        Metric(
            "attack_success",
            ("attack",),
            True,
            False,
            "%",
            False,
            0,
            100,
            "Images on which the attack reaches its goal, in percent.",
        ),
    )
}

# Which keys belong to which kind of condition, beside those that every row may have.
_COMMON = ("metric", "at_least", "at_most", "reference", "limit", "why", *PLACES)
_OWN = {
    "clean": (),
    "corruption": ("severity", "strength", "storage"),
    "attack": ("eps", "params"),
    "sequence": ("difficulty",),
    "shift": (),
}
KEYS = (*_COMMON, *dict.fromkeys(key for keys in _OWN.values() for key in keys))


@dataclasses.dataclass(frozen=True)
class Row:
    """One requirement.

    Attributes:
        number: its place in the file, from 1.
        line: its line in the file, or 0 where that is not known.
        metric: a key of `METRICS`.
        kind: of its conditions: "clean", "corruption", "attack", "sequence" or "shift".
        suite: the suite that it was given as, or "".
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


def row(fields: Mapping[str, Any], number: int, line: int, *, limit: int | None, storage: str) -> Row:
    """A row from its toml table.

    Args:
        fields: the table.
        number, line: where it stands.
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
        templates, suite = _templates(place, fields[place])
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
        other = {"ce": "mce", "relative_ce": "relative_mce", "flip_rate": "mfr"}
        instead = other.get(metric.name) or {v: k for k, v in other.items()}.get(metric.name)
        hint = f"; for {'several' if several else 'one'} it is {instead}" if instead else ""
        raise WrongError(
            f"{metric.name} takes {'one condition, not several' if several else 'several conditions, not one'}{hint}.",
            place,
        )
    return Row(
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


def _metric(fields: Mapping[str, Any]) -> Metric:
    name = fields.get("metric")
    if not isinstance(name, str):
        raise WrongError(f"A row needs a metric, one of {', '.join(METRICS)}.", "metric")
    if name not in METRICS:
        raise WrongError(str(UnknownNameError("metric", name, METRICS)), "metric")
    return METRICS[name]


def _templates(place: str, value: Any) -> tuple[list[Condition], str]:
    """The named conditions, without severities and the like, and the suite that they are of."""
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
        return [t for t in templates if not operations.of(t).unlabelled(t)], str(value)
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
    found = [Condition(place, name) for name in names]
    for condition in found:
        if why := operations.of(condition).unlabelled(condition):
            raise InvalidArgumentError(f"{condition.name} cannot be required: {why}.")
    return found, ""


def _expanded(template: Condition, fields: Mapping[str, Any], storage: str, place: str) -> tuple[Condition, ...]:
    """The conditions that one name stands for: its severities, its budget."""
    open_ = template
    severities = None
    if template.kind == "corruption":
        open_, severities = _levels(template, fields)
        with at("storage"):
            open_ = dataclasses.replace(open_, storage=fields.get("storage", storage))
    elif template.kind == "attack":
        open_ = _budget(template, fields)
    elif "difficulty" in fields and fields["difficulty"] != 1:
        with at("difficulty"):
            open_ = dataclasses.replace(template, params=(("difficulty", fields["difficulty"]),))
    key = next((k for k in ("severity", "strength", "difficulty", "eps") if k in fields), place)
    with at(key):
        found = tuple(operations.of(open_).expand(open_, severities))
        for condition in found:
            operations.check(condition)
    return found


def _levels(template: Condition, fields: Mapping[str, Any]) -> tuple[Condition, list[int] | None]:
    """The condition with its strength, or the severities that it is averaged over."""
    if "severity" in fields and "strength" in fields:
        raise WrongError("A row takes a severity or a strength, not both.", "strength")
    if "strength" in fields:
        if not isinstance(fields["strength"], (int, float, str)):
            raise WrongError(f'A strength is a number or "uniform", not {fields["strength"]!r}.', "strength")
        with at("strength"):
            return dataclasses.replace(template, strength=fields["strength"]), None
    given = fields.get("severity")
    if given is None:
        return template, None
    if given == "uniform":
        with at("severity"):
            return dataclasses.replace(template, strength="uniform"), None
    levels = list(corruptions.SEVERITIES) if given == "mean" else given if isinstance(given, list) else [given]
    if not levels:
        raise WrongError("The list of severities is empty; give some of 1, 2, 3, 4, 5.", "severity")
    if isinstance(given, str) and given != "mean":
        raise WrongError(
            f'A severity is 1, 2, 3, 4 or 5, a list of them, "mean" for the mean of all five, or "uniform" for strengths '
            f"drawn over the range; {given!r} is none of these.",
            "severity",
        )
    with at("severity"):
        return template, sorted({corruptions.check_severity(level) for level in levels})


def _budget(template: Condition, fields: Mapping[str, Any]) -> Condition:
    params = fields.get("params", {})
    if not isinstance(params, Mapping):
        raise WrongError(f"params is a table such as {{ steps = 10 }}, not {params!r}.", "params")
    given = dict(params)
    if "eps" in fields:
        given["eps"] = _eps(fields["eps"])
    eps = given.get("eps")
    method, preset = attacks.resolve(template.name)
    norm = given.get("norm") or (preset.norm if preset else method.norms[0])
    if isinstance(eps, (int, float)) and norm == "linf" and eps > 1:
        raise WrongError(
            f'An eps of {eps:g} in L-inf is more than a pixel can change, whose range is 0 to 1: write "{eps:g}/255" for '
            "grey levels.",
            "eps",
        )
    with at("params"):
        return dataclasses.replace(template, params=tuple(given.items()))


def _eps(value: Any) -> Any:
    """A number, or a text such as "8/255"."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*255\s*", value)
    if not found:
        raise WrongError(
            f'An eps is a number with pixels in 0 to 1, or a text such as "8/255"; {value!r} is neither.', "eps"
        )
    levels = float(found[1])
    return (int(levels) if levels.is_integer() else levels) / 255


def _threshold(fields: Mapping[str, Any], metric: Metric) -> dict[str, Any]:
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
    if not metric.low <= number <= metric.high:
        ends = f"from {metric.low:g} to {metric.high:g}" if math.isfinite(metric.high) else f"{metric.low:g} or more"
        raise WrongError(
            f"A threshold of {metric.name} is {ends} {'percent' if metric.unit == '%' else 'points'}, not {number:g}.",
            key,
        )
    return {"at_least": key == "at_least", "threshold": number}


def _reference(fields: Mapping[str, Any], metric: Metric) -> str:
    given = fields.get("reference")
    if not metric.reference:
        if given is not None:
            raise WrongError(f"{metric.name} is not relative to another model; leave the reference out.", "reference")
        return ""
    if not isinstance(given, str) or not given.strip():
        raise WrongError(
            f'{metric.name} needs a reference: a model\'s name, or "alexnet" for the published figures.',
            "metric" if given is None else "reference",
        )
    return given


def _limit(fields: Mapping[str, Any], default: int | None) -> int | None:
    with at("limit"):
        return plan.check_limit(fields["limit"]) if "limit" in fields else default


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise WrongError(f"{key} is a text, not {value!r}.", key)
    return value
