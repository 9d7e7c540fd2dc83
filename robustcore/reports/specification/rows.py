"""One row of a specification: what is measured, under what, and the threshold; read from a toml table and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from robustcore import attacks, corruptions
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, operations, suites
from robustcore.metrics import Metric
from robustcore.reports.specification.requirable_metrics import Requirable, requirable
from robustcore.reports.specification.values import (
    WrongError,
    at,
    budget_of,
    check_one_budget,
    limit_of,
    reference_of,
    severities_of,
    text_of,
    threshold_of,
)

PLACES = ("clean", "corruption", "suite", "attack", "sequence", "shift", "unknown")

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
    terms = tuple((template.name, _expanded(template, fields, storage, place)) for template in templates)
    if metric.metric.input == "unions":
        check_one_budget([condition for _, conditions in terms for condition in conditions])
    return Requirement(
        number=number,
        line=line,
        metric=metric.name,
        kind=kind,
        suite=suite,
        terms=tuple(dict.fromkeys(terms)),
        **threshold_of(fields, metric),
        reference=reference_of(fields, metric),
        limit=limit_of(fields, limit),
        why=text_of(fields, "why"),
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
        open_, severities = severities_of(template, fields)
        with at("storage"):
            open_ = dataclasses.replace(open_, storage=fields.get("storage", storage))
    elif template.kind == "shift" and "strength" in fields:
        with at("strength"):
            open_ = dataclasses.replace(template, strength=fields["strength"])
    elif template.kind == "attack":
        open_ = budget_of(template, fields)
    elif "difficulty" in fields and fields["difficulty"] != 1:
        with at("difficulty"):
            open_ = dataclasses.replace(template, params=(("difficulty", fields["difficulty"]),))
    key = next((k for k in ("severity", "strength", "difficulty", "eps") if k in fields), place)
    with at(key):
        conditions = tuple(operations.of(open_).expand(open_, severities))
        for condition in conditions:
            operations.check(condition)
    return conditions
