"""Corruption error, relative corruption error, and their means over a suite.

Source: Hendrycks & Dietterich 2019, section 4.1. With E the top-1 error, s = 1..5, and a reference model:

    CE          = sum_s E(s) / sum_s E_ref(s)
    relative CE = sum_s (E(s) - E_clean) / sum_s (E_ref(s) - E_ref,clean)

in percent; below 100 is better than the reference. The reference is AlexNet there, and any model in general.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pandas as pd

from robustcore import arguments
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics import alexnet
from robustcore.metrics._base import registry
from robustcore.metrics.accuracies import MODEL, check, with_clean
from robustcore.metrics.tables import alexnet_notes
from robustcore.notes import Note, note

SEVERITIES = (1, 2, 3, 4, 5)


@note
def summed_over_some_severities(severities: tuple[int, ...]) -> str:
    return f"Summed over severities {', '.join(map(str, severities))} only; the definition has 1 to 5."


@note
def reference_is(reference: str) -> str:
    return f"Reference: {reference}."


def corruption_error(
    table: pd.DataFrame, reference: str | pd.DataFrame = "alexnet", *, severities: Sequence[int] = SEVERITIES
) -> pd.DataFrame:
    """CE and relative CE of every model on every corruption.

    Args:
        table: tidy, with the clean rows in it; rows of other kinds than corruptions, and strengths, are left out.
        reference: a model of the table, "alexnet" for the published errors on ImageNet-C, or a tidy table of one model.
        severities: summed over; the definition has all five.

    Returns:
        One row for each model, dataset and corruption: model, dataset, split, name, storage, clean_accuracy, error (mean
        over the severities), reference_error, ce and relative_ce in percent, reference, reason. Undefined is NaN: a
        severity that is missing in the model or in the reference, a reference without errors, or, for the relative form,
        one that loses nothing. `attrs` has the reference and `notes`, what should be said beside it.
    """
    check(table, "severity")
    rule = "The severities are some of 1, 2, 3, 4, 5"
    severities = [arguments.whole(s, rule, low=1, high=5) for s in arguments.several(severities, rule)]
    if not severities:
        raise InvalidArgumentError("The list of severities is empty; give some of 1, 2, 3, 4, 5.")
    table = table.assign(storage=table.get("storage", "memory"))
    against, name, within = _reference(table, reference)
    keys = [key for key in (*MODEL, "name", "storage") if key in table]
    graded = with_clean(table)
    graded = graded[(graded["kind"] == "corruption") & graded["severity"].notna()]
    place = ["name", "dataset", "storage"] if within else ["name"]
    references = {key: _errors(group, severities) for key, group in _collected(against, place).items()}
    rows = []
    for values, group in _collected(graded, keys).items():
        row = dict(zip(keys, values, strict=True))
        theirs = references.get(tuple(row[key] for key in place)) or _errors(_Group(), severities)
        rows.append(row | _divided(_errors(group, severities), theirs, name) | {"reference": name})
    columns = [*keys, "clean_accuracy", "error", "reference_error", "ce", "relative_ce", "reference", "reason"]
    result = pd.DataFrame(rows, columns=columns)
    notes = [reference_is(name), *severity_notes(severities)]
    notes += alexnet_notes(result, alexnet.NAME) if name == alexnet.TITLE else []
    result.attrs = {"reference": name, "severities": list(severities), "notes": [each.text for each in notes]}
    return result


def mean_corruption_error(errors: pd.DataFrame, names: Sequence[str] | None = None) -> pd.DataFrame:
    """mCE and relative mCE: the means over corruptions of what `corruption_error` gave.

    Args:
        errors: its result.
        names: the corruptions that count; default all in `errors`. With ImageNet-C's 15 this is the published mCE.

    Returns:
        One row for each model and dataset: model, dataset, split, storage, clean_accuracy, mce, relative_mce, corruptions
        (how many), reference, reason. NaN where one of the corruptions is missing or undefined. `attrs["corruptions"]` is
        their number, to be said beside the figure.
    """
    if missing := [column for column in ("model", "name", "ce") if column not in arguments.table(errors)]:
        raise InvalidArgumentError(f"The table has no column {missing[0]!r}; it is what corruption_error gives.")
    wanted = sorted(set(errors["name"] if names is None else arguments.names(names, "Corruptions are given by name")))
    keys = [key for key in (*MODEL, "storage") if key in errors]
    rows = []
    for values, group in errors.groupby(keys, sort=False):
        part = group[group["name"].isin(wanted)]
        missing = sorted(set(wanted) - set(part.loc[part["ce"].notna(), "name"]))
        relative = sorted(set(wanted) - set(part.loc[part["relative_ce"].notna(), "name"]))
        reason = ""
        if relative:
            what = "" if missing else "the relative form of "
            reason = (
                f"{what}{len(relative)} of {len(wanted)} corruptions undefined or missing, {relative[0]} among them"
            )
        rows.append(
            dict(zip(keys, values, strict=True))
            | {
                "clean_accuracy": group["clean_accuracy"].iloc[0],
                "mce": math.nan if missing else part["ce"].mean(),
                "relative_mce": math.nan if relative else part["relative_ce"].mean(),
                "corruptions": len(wanted),
                "reference": group["reference"].iloc[0],
                "reason": reason,
            }
        )
    columns = [*keys, "clean_accuracy", "mce", "relative_mce", "corruptions", "reference", "reason"]
    result = pd.DataFrame(rows, columns=columns)
    result.attrs = {**errors.attrs, "corruptions": len(wanted)}
    return result


def _reference(table: pd.DataFrame, reference: str | pd.DataFrame) -> tuple[pd.DataFrame, str, bool]:
    """The reference's rows, with their clean accuracy, its name, and whether it is one of the table's models."""
    if isinstance(reference, pd.DataFrame):
        check(reference, "severity")
        models = reference["model"].unique()
        if len(models) != 1:
            raise InvalidArgumentError(f"A reference is one model; this table has {len(models)}.")
        return with_clean(reference), str(models[0]), False
    reference = arguments.name(reference, "A reference is a model of the table, 'alexnet', or a table of one model")
    if reference in set(table["model"]):
        return with_clean(table[table["model"] == reference]), reference, True
    if reference == alexnet.NAME:
        return with_clean(alexnet.table()), alexnet.TITLE, False
    raise UnknownNameError("reference model", reference, [*table["model"].unique(), alexnet.NAME])


@dataclasses.dataclass
class _Group:
    """The accuracies of one model under one corruption: clean, printed as a mean, and by severity."""

    clean: float = math.nan
    mean: float | None = None
    by_severity: dict[int, float] = dataclasses.field(default_factory=dict)


def _collected(rows: pd.DataFrame, keys: Sequence[str]) -> dict[tuple[object, ...], _Group]:
    """The rows' groups in their order: one pass, since a grouped frame costs a millisecond for each group."""
    groups: dict[tuple[object, ...], _Group] = {}
    columns = (rows[c].tolist() for c in ("model", "name", "clean_accuracy", "severity", "accuracy"))
    places = zip(*(rows[key].tolist() for key in keys), strict=True)
    for key, model, name, clean, severity, accuracy in zip(places, *columns, strict=True):
        group = groups.setdefault(key, _Group(float(clean)))
        if pd.isna(severity):
            group.mean = float(accuracy) if group.mean is None else group.mean
        elif int(severity) in group.by_severity:
            raise InvalidArgumentError(
                f"The table has {name} of {model} several times at one severity; keep one seed and one variant."
            )
        else:
            group.by_severity[int(severity)] = float(accuracy)
    return groups


def _errors(group: _Group, severities: Sequence[int]) -> tuple[float, float, str]:
    """(mean error, clean error, why the mean is undefined) over the severities."""
    clean = 1 - group.clean
    if group.mean is not None and tuple(severities) == SEVERITIES:
        return 1 - group.mean, clean, ""
    by_severity = group.by_severity
    missing = [s for s in severities if math.isnan(by_severity.get(s, math.nan))]
    if missing:
        return math.nan, clean, f"severity {', '.join(map(str, missing))} missing"
    return 1 - math.fsum(by_severity[s] for s in severities) / len(severities), clean, ""


def _divided(own: tuple[float, float, str], theirs: tuple[float, float, str], name: str) -> dict[str, object]:
    error, clean, why = own
    reference, reference_clean, reference_why = theirs
    arrays = {
        "accuracy": 1 - error,
        "clean": 1 - clean,
        "reference": 1 - reference,
        "reference_clean": 1 - reference_clean,
    }
    values = {metric: float(registry[metric](**arrays)) for metric in ("ce", "relative_ce")}
    reason = why or (f"{name}: {reference_why}" if reference_why else "")
    if not reason and math.isnan(values["relative_ce"]):
        if not math.isnan(values["ce"]) and math.isnan(clean + reference_clean):
            reason = "the relative form needs both clean accuracies"
        else:
            undefined = registry["ce" if math.isnan(values["ce"]) else "relative_ce"].undefined
            reason = undefined.format(reference=name, here="here")
    return {"clean_accuracy": 1 - clean, "error": error, "reference_error": reference, **values, "reason": reason}


def severity_notes(severities: Sequence[int]) -> list[Note]:
    """What is to be said where not all five severities are summed over."""
    return [] if tuple(severities) == SEVERITIES else [summed_over_some_severities(tuple(severities))]
