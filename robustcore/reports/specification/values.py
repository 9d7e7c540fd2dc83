"""The values of a row's keys, each read and checked: severity and strength, budget, threshold, reference, limit, text."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from robustcore import arguments, attacks, corruptions
from robustcore.attacks import budgets
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation import Condition
from robustcore.reports.specification.requirable_metrics import Requirable


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


def severities_of(template: Condition, fields: Mapping[str, Any]) -> tuple[Condition, list[int] | None]:
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


def budget_of(template: Condition, fields: Mapping[str, Any]) -> Condition:
    """The attack with its eps and further settings."""
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
    with at("eps"):
        return budgets.radius(value)


def check_one_budget(conditions: Sequence[Condition]) -> None:
    """Raise one sentence for attacks whose union says nothing: of several norms or radii, or without a radius."""
    within: dict[str, None] = {}
    for condition in conditions:
        method, preset = attacks.resolve(condition.name)
        eps = condition.parameters.get("eps", preset.eps if preset else None)
        if isinstance(eps, tuple) or (eps is None and not method.bounded):
            why = "has no radius" if eps is None else "draws a radius for each image"
            raise WrongError(
                f"{condition.name} {why}: an image holds within one budget, so give the row an eps.", "eps"
            )
        if eps is None and condition.norm == "linf":
            eps = budgets.default_eps("linf", ())
        radius = "its usual radius" if eps is None else budgets.written(eps, condition.norm)
        within[f"{budgets.TITLES[condition.norm]} {radius}"] = None
    if len(within) > 1:
        raise WrongError(
            f"An image holds within one budget, and these attacks have {len(within)}: {', '.join(within)}. Give the row an eps, and a "
            'norm such as params = { norm = "l2" } where they differ in it.',
            "eps",
        )


def threshold_of(fields: Mapping[str, Any], metric: Requirable) -> dict[str, Any]:
    """at_least (whether the value has to reach the threshold) and threshold (in the metric's unit), as `Requirement` has them."""
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


def reference_of(fields: Mapping[str, Any], metric: Requirable) -> str:
    """The model that the metric is relative to; "" for a metric without one."""
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


def limit_of(fields: Mapping[str, Any], default: int | None) -> int | None:
    """The number of images, None for all."""
    with at("limit"):
        return arguments.limit(fields["limit"]) if "limit" in fields else default


def text_of(fields: Mapping[str, Any], key: str) -> str:
    """A text, "" without the key."""
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise WrongError(f"{key} is a text, not {value!r}.", key)
    return value
