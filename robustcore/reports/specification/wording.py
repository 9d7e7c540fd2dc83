"""Requirements and verdicts in sentences, for people who do not read tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustcore.attacks import budgets
from robustcore.display import display_name
from robustcore.evaluation import suites
from robustcore.metrics import alexnet
from robustcore.reports.specification.requirable_metrics import requirable
from robustcore.reports.specification.rows import Requirement

# verdict -> (sign, word); the sign and the word say it without the colour.
MARKS = {
    "pass": ("✓", "Passes"),
    "uncertain": ("≈", "Passes, narrowly"),
    "fail": ("✕", "Fails"),
    "undefined": ("?", "Not judged"),
}


def sentence(row: Requirement, record: Mapping[Any, Any]) -> str:
    """A requirement and what was measured, in one sentence. `record` is its row of the judged table."""
    return f"{demand(row)}: {finding(row, record)}."


def demand(row: Requirement) -> str:
    """What is required: "Under fog at severity 3 of 5 it must be right on at least 80 % of the images"."""
    bound = f"{'at least' if row.at_least else 'at most'} {amount(row.threshold, row.metric)}"
    required = requirable()[row.metric]
    must = "must" if row.at_least or required.metric.better == "higher" else "may"
    return f"{place(row)} " + required.metric.demand.format(
        must=must if required.single else f"{must} on average",
        bound=bound,
        name=required.label,
        reference=_reference(row),
        whose="" if row.reference == alexnet.NAME else ", not by AlexNet's errors",
    )


def finding(row: Requirement, record: Mapping[Any, Any]) -> str:
    """What was measured and what it means: "it is right on 74.1 %, which fails by 5.9 points (95 % interval 72.3 to 75.8 %, over
    2,400 images)"."""
    if record["verdict"] == "undefined":
        return f"this could not be judged ({record['reason']})"
    required = requirable()[row.metric]
    result = required.metric.result.format(value=amount(record["value"], row.metric, measured=True))
    by = abs(record["margin"])
    points = "exactly" if by < 0.005 else f"by {_measured(by)} points"
    has_interval = not math.isnan(record["low"])
    unit = required.unit
    ends = (
        f"95 % interval {_measured(record['low'])} to {_measured(record['high'])} {unit}"
        if has_interval
        else "it has no interval"
    )
    ends += f", over {int(record['n']):,} images"
    if row.reference and row.reference == record["model"]:
        ends += "; it is the reference itself"
    fails = record["verdict"] == "fail"
    if fails and has_interval and record["low"] <= row.threshold <= record["high"]:
        ends += "; it still reaches the threshold"
    elif record["verdict"] == "uncertain" and has_interval:
        ends += "; it reaches past the threshold"
    return f"{result}, which {'fails' if fails else 'passes'} {points} ({ends})"


def summary(table: pd.DataFrame) -> str:
    """One model's table in one sentence: "5 of 8 requirements are met, 1 of them narrowly; 2 fail, 1 could not be judged."."""
    counts = table["verdict"].value_counts()
    narrow, failed, unknown = (int(counts.get(name, 0)) for name in ("uncertain", "fail", "undefined"))
    met = int(counts.get("pass", 0)) + narrow
    all_of_them = met == len(table)
    head = f"{'All ' if all_of_them and met > 1 else ''}{met}{'' if all_of_them else f' of {len(table)}'}"
    head += f" requirement{'' if met == len(table) == 1 else 's'} {'is' if met == 1 else 'are'} met"
    if narrow:
        head += f", {narrow} of them narrowly" if met > 1 else ", narrowly"
    rest = [f"{failed} fail{'s' if failed == 1 else ''}"] if failed else []
    rest += [f"{unknown} could not be judged"] if unknown else []
    return f"{head}; {', '.join(rest)}." if rest else f"{head}."


def amount(value: float, metric: str, *, measured: bool = False) -> str:
    """A value with its unit: a measured one with its decimals, a threshold as it was written."""
    text = _measured(value) if measured else f"{value:g}"
    unit = requirable()[metric].unit
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}".strip()


def condition(row: Requirement) -> str:
    """What a row is measured under, for a table: "fog, severity 3"."""
    if row.kind == "clean":
        return "clean"
    names = [display_name(name, row.kind, inside=True) for name, _ in row.terms]
    head = row.suite or (", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""))
    return ", ".join(part for part in (head, *_details(row).values()) if part)


def place(row: Requirement) -> str:
    """The same for a sentence: "Under fog at severity 3 of 5"."""
    if row.kind == "clean":
        return "On clean images"
    details = _details(row)
    details.pop("images", None)
    severity = f" at {details.pop('severity')} of 5" if "severity" in details else ""
    further = severity + (f" ({', '.join(details.values())})" if details else "")
    if len(row.terms) == 1:
        name = display_name(row.terms[0][0], row.kind, inside=True)
        if row.kind == "corruption":
            return f"Under {name}{further}"
        opening = {
            "attack": "Under the attack",
            "sequence": "Over the frames of",
            "shift": "On the images of",
            "unknown": "On unknown images,",
        }[row.kind]
        return f"{opening} {name}{further}"
    word = {
        "corruption": "corruptions",
        "attack": "attacks",
        "sequence": "sequences",
        "shift": "shifted sets",
        "unknown": "sets of unknown images",
    }[row.kind]
    if requirable()[row.metric].metric.input == "unions":
        return f"Against each of {_and([display_name(name, row.kind, inside=True) for name, _ in row.terms])}{further}"
    if row.suite:
        return f"Averaged over the {len(row.terms)} {word} of {suites.title(row.suite)}{further}"
    return f"Averaged over {_and([display_name(name, row.kind, inside=True) for name, _ in row.terms])}{further}"


def _details(row: Requirement) -> dict[str, str]:
    """What is not in the condition's name, as texts: "severity" or "severities", "strength", "eps", parameters by name,
    "storage", "images"."""
    first = row.terms[0][1]
    details: dict[str, str] = {}
    levels = [c.severity for c in first if c.severity is not None]
    if levels:
        runs = levels == list(range(levels[0], levels[-1] + 1)) and len(levels) > 2
        listed = f"{levels[0]} to {levels[-1]}" if runs else _and([str(level) for level in levels])
        if len(levels) == 1:
            details["severity"] = f"severity {levels[0]}"
        else:
            details["severities"] = f"mean of severities {listed}"
    strength = first[0].strength
    if strength is not None:
        details["strength"] = "random strength" if strength == "uniform" else f"strength {strength:g}"
    params = dict(first[0].parameters)
    alike = len(row.terms) == 1 or all(conditions[0].parameters == params for _, conditions in row.terms)
    if row.kind != "shift" and alike:
        eps = params.pop("eps", None)
        if isinstance(eps, float):
            details["eps"] = f"ε = {budgets.written(eps, first[0].norm)}"
        details |= {key: f"{key} {value}" for key, value in params.items()}
    if first[0].storage != "memory":
        details["storage"] = "through a second JPEG"
    if row.limit is not None:
        details["images"] = f"{row.limit:,} images"
    return details


def _reference(row: Requirement) -> str:
    return "AlexNet (published figures)" if row.reference == alexnet.NAME else row.reference


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _measured(value: float) -> str:
    """To one decimal, small values to two."""
    return f"{value:.2f}" if 0 < abs(value) < 0.95 else f"{value:.1f}"
