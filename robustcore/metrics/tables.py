"""Tidy tables of metrics: any metric of accuracies as a column, and what has to be said beside it.

Metrics that relate accuracy to clean accuracy reward a model that is bad from the start: an untrained one loses nothing. Clean
accuracy is in every result, and models whose clean accuracies differ much are not comparable by them, which a note says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics import alexnet
from robustcore.metrics._base import INPUTS, Metric, registry
from robustcore.metrics.accuracies import CONDITION, MODEL, check, mean_over_severities, reasons, with_clean
from robustcore.notes import Note, note

# Clean accuracies further apart than this are called not comparable.
COMPARABLE = 0.05
# The column of a tidy table that holds each array of an input, where it has one.
_COLUMNS = {
    "accuracy": "accuracy",
    "clean": "clean_accuracy",
    "reference": "reference_accuracy",
    "reference_clean": "reference_clean_accuracy",
    "flips": "flip_probability",
    "distance": "top5_distance",
    "reference_flips": "reference_flip_probability",
    "reference_distance": "reference_top5_distance",
    "success": "success",
    "mean_confidence": "confidence",
    "clean_mean_confidence": "clean_confidence",
}
# The kind of condition that metrics of an input are for; those of other inputs are for all of them.
_KINDS = {"frames": "sequence", "attacks": "attack"}


@note
def models_not_comparable(dataset: str, lowest: str, low: float, highest: str, high: float) -> str:
    return (
        f"On {dataset} the clean accuracies differ by {100 * (high - low):.0f} points ({lowest} {low:.1%}, {highest} {high:.1%}), "
        f"more than the {100 * COMPARABLE:.0f} up to which they count as comparable here: compare the models by accuracy, not by "
        "what they preserve."
    )


SOME_CLASSES = {"imagenet-a": 200, "imagenet-r": 200, "objectnet": 113}  # shifts of some of ImageNet's 1,000 classes


def on_other_classes(table: pd.DataFrame) -> pd.Series:
    """Of each row, why the clean accuracy on all images is not that of its task, or ""."""
    some = (table["kind"] == "shift") & table["name"].isin(list(SOME_CLASSES))
    why = table["name"].map(
        lambda name: f"it has {SOME_CLASSES.get(str(name))} classes, and the clean accuracy is that on all"
    )
    return why.where(some, "").astype(object)


@note
def reference_on_other_data(reference: str) -> str:
    return f"The errors of {reference} are those on ImageNet, these are of another dataset: compare models, not values."


@note
def reference_through_second_jpeg(reference: str) -> str:
    return f"The images of {reference} went through a second JPEG (storage jpeg85), these did not."


def app(table: pd.DataFrame) -> pd.DataFrame:
    """Accuracy percentage preserved: accuracy under the condition over clean accuracy (Laugros' thesis, equation 2.2).

    Args:
        table: tidy, with the clean rows in it.

    Returns:
        The table with columns clean_accuracy and app, 0 .. 1 (it can exceed 1), higher is better; NaN with a reason where
        the clean accuracy is 0 or missing. `attrs["notes"]` says what should be said beside it.
    """
    return with_metric(table, "app")


def residual(table: pd.DataFrame) -> pd.DataFrame:
    """Residual robustness: clean accuracy less accuracy under the condition (Laugros' thesis, equation 2.1).

    Args:
        table: tidy, with the clean rows in it.

    Returns:
        The table with columns clean_accuracy and residual, at most the clean accuracy, lower is better; NaN with a reason
        where the clean accuracy is missing. `attrs["notes"]` says what should be said beside it.
    """
    return with_metric(table, "residual")


def with_metric(table: pd.DataFrame, name: str, reference: str = "") -> pd.DataFrame:
    """A metric of every row of a tidy table.

    Args:
        table: tidy, with the clean rows in it for metrics of accuracies.
        name: of a metric of accuracies, of a sequence's frames, or of attacks.
        reference: for metrics that need one: a model of the table, or "alexnet" for the published figures.

    Returns:
        The table with a column of that name, NaN with a reason where it is undefined, and with what it was computed from:
        clean_accuracy, reference_accuracy and reference_clean_accuracy, or the same of a sequence. A metric that sums over
        severities has the value of the whole condition in each of its rows. `attrs["notes"]` says what should be said beside
        it.
    """
    metric = registry[name]
    if not held_by_tables(metric):
        raise InvalidArgumentError(
            f"{metric.name} is computed from {metric.input}, which a table of results does not hold; "
            f"{', '.join(each.name for each in registry if held_by_tables(each))} can be."
        )
    if metric.reference and not reference:
        raise InvalidArgumentError(needs_reference(metric, list(table["model"].unique())))
    check(table)
    result = with_clean(table)
    if "clean" in metric.arrays:
        others = on_other_classes(result)
        result["clean_accuracy"] = result["clean_accuracy"].where(others == "")
        result["reason"] = reasons(result, [(others != "", others)])
    if metric.reference:
        result = _with_reference(result, reference)
    measured = _summed(result) if metric.severities else result
    columns = {array: _COLUMNS[array] for array in metric.arrays}
    lacking = next((column for column in columns.values() if column not in measured), None)
    if lacking:
        measured = measured.assign(**{lacking: np.nan})
    values, why = valued(metric, measured, reference)
    rows = pd.Series(True, index=result.index)
    if metric.input in _KINDS:
        rows = result["kind"] == _KINDS[metric.input]
    elif metric.severities:
        rows = (result["kind"] == "corruption") & result["severity"].notna()
    result[name] = values.where(rows).astype(float)
    result["reason"] = why.where(rows, reasons(result, []))
    remarks = notes(result) if metric.relative else []
    if metric.reference:
        remarks += alexnet_notes(result[rows], reference)
    result.attrs = {**table.attrs, "notes": [each.text for each in remarks]}
    return result


def with_metrics(table: pd.DataFrame, names: Sequence[str], reference: str = "") -> pd.DataFrame:
    """Several metrics of every row: a column for each, and a column `<name>_reason` that says why a value is NaN.

    The arguments are those of `with_metric`. What the metrics were computed from stays out of the table, and its own `reason` is
    that of the evaluation. `attrs["notes"]` has the notes of all of them.
    """
    result, texts = table.copy(), dict.fromkeys(table.attrs.get("notes", ()))
    for name in names:
        measured = with_metric(table, name, reference)
        result[name] = measured[name]
        result[f"{name}_reason"] = measured["reason"].where(measured[name].isna(), "")
        texts |= dict.fromkeys(measured.attrs["notes"])
    result.attrs = {**table.attrs, "notes": list(texts)}
    return result


def by_condition(table: pd.DataFrame, names: Sequence[str], reference: str = "") -> pd.DataFrame:
    """Several metrics of every model and condition: of the mean over its severities, as Compare has them.

    Returns:
        model, dataset, split, kind, name, ..., severities, n, accuracy, and the columns of `with_metrics`; the clean rows too.
    """
    check(table)
    text = with_text_keys(table)
    keys = [key for key in (*MODEL, *CONDITION) if key in table]
    means = mean_over_severities(text)
    held = [column for column in _COLUMNS.values() if column in table and column not in means]
    if held:
        groups = text.groupby(keys, sort=False)[held]
        complete = groups.count().eq(groups.size(), axis=0)
        means = means.merge(groups.mean().where(complete).reset_index(), on=keys, how="left")
    summed = [name for name in names if registry[name].severities]
    result = with_metrics(means, [name for name in names if name not in summed], reference)
    if summed:
        columns = [column for name in summed for column in (name, f"{name}_reason")]
        whole = with_metrics(text, summed, reference)
        notes_of_both = list(dict.fromkeys([*result.attrs["notes"], *whole.attrs["notes"]]))
        result = result.merge(whole[[*keys, *columns]].drop_duplicates(keys), on=keys, how="left")
        result.attrs = {**table.attrs, "notes": notes_of_both}
    return result


def with_text_keys(table: pd.DataFrame) -> pd.DataFrame:
    """The table with texts in the columns that tell models and conditions apart, "" for what is missing, to be merged by them."""
    keys = [key for key in (*MODEL, *CONDITION) if key in table]
    return table.assign(**{key: table[key].astype("string").fillna("").astype(object) for key in keys})


def held_by_tables(metric: Metric) -> bool:
    """Whether a tidy table of results holds what the metric is computed from."""
    return set(metric.arrays) <= set(_COLUMNS)


def valued(metric: Metric, table: pd.DataFrame, reference: str = "", here: str = "here") -> tuple[pd.Series, pd.Series]:
    """A metric of the rows of a table that holds its arrays as columns, and why it is undefined.

    Args:
        metric: one whose arrays are columns: accuracy, clean_accuracy, reference_accuracy, reference_clean_accuracy, ...
        table: with these columns, and reason and reference_reason where it has them.
        reference: the reference model's name; here: the condition's, for the sentence.
    """
    arrays = {array: table[_COLUMNS[array]].to_numpy(float) for array in metric.arrays}
    values = pd.Series(metric(**arrays), index=table.index, dtype=float)
    theirs = table.get("reference_reason", pd.Series("", index=table.index)).fillna("").astype(object)
    undefined: list[tuple[pd.Series, str | pd.Series]] = []
    for array in metric.arrays:
        missing = table[_COLUMNS[array]].isna()
        if array in INPUTS[metric.input].reference:
            what = "clean accuracy" if array == "reference_clean" else "value under this condition"
            undefined.append((missing & (theirs != ""), reference + ": " + theirs))
            undefined.append((missing, f"{reference} has no {what}"))
        else:
            undefined.append((missing, "the clean accuracy is missing" if array == "clean" else "not evaluated"))
    undefined.append((values.isna(), metric.undefined.format(reference=reference, here=here)))
    return values, reasons(table, undefined)


def needs_reference(metric: Metric, models: Sequence[str] = ()) -> str:
    """The sentence for a reference that was not named."""
    some = f" ({', '.join(models[:3])})" if models else ""
    return f'{metric.name} needs a reference: one of the models{some}, or "alexnet" for the published figures.'


def notes(table: pd.DataFrame) -> list[Note]:
    """What a reader has to know before comparing the models of a table with clean_accuracy by what they preserve."""
    differences = []
    for dataset, group in table.groupby("dataset"):
        clean = group.groupby("model")["clean_accuracy"].first().dropna()
        if len(clean) > 1 and np.ptp(clean.to_numpy(float)) > COMPARABLE:
            low, high = str(clean.idxmin()), str(clean.idxmax())
            differences.append(models_not_comparable(str(dataset), low, float(clean[low]), high, float(clean[high])))
    return differences


def alexnet_notes(table: pd.DataFrame, reference: str) -> list[Note]:
    """What is not alike between the rows of a table and AlexNet's published figures; nothing for other references."""
    if reference != alexnet.NAME or reference in set(table["model"]):
        return []
    differences = []
    if (table["dataset"] != "imagenet").any():
        differences.append(reference_on_other_data(alexnet.TITLE))
    if "storage" in table and (table["storage"] != "jpeg85").any():
        differences.append(reference_through_second_jpeg(alexnet.TITLE))
    return differences


def _with_reference(table: pd.DataFrame, reference: str) -> pd.DataFrame:
    """The table with the reference's columns, matched by condition."""
    keys = [key for key in (*MODEL[1:], *CONDITION, "severity") if key in table]
    if reference in set(table["model"]):
        rows = table[table["model"] == reference]
        held = {
            c: f"reference_{c}" for c in (*_COLUMNS.values(), "reason") if c in rows and not c.startswith("reference")
        }
        theirs = rows[[*keys, *held]].rename(columns=held).drop_duplicates(keys)
        merged = table.drop(columns=list(held.values()), errors="ignore").merge(theirs, on=keys, how="left")
        # A condition that the reference lacks still has its clean accuracy.
        clean = rows.drop_duplicates(list(MODEL[1:2])).set_index("dataset")["clean_accuracy"]
        merged["reference_clean_accuracy"] = merged["dataset"].map(clean).astype(float)
        return merged.set_axis(table.index)
    if reference != alexnet.NAME:
        raise UnknownNameError("reference model", reference, [*table["model"].unique(), alexnet.NAME])
    levels = [None if pd.isna(level) else int(level) for level in table.get("severity", pd.Series(index=table.index))]
    names = list(zip(table["kind"], table["name"], levels, strict=True))
    sequences = [
        (name, _difficulty(params)) if kind == "sequence" else ("", alexnet.DIFFICULTY)
        for kind, name, params in zip(
            table["kind"], table["name"], table.get("params", pd.Series("", index=table.index)), strict=True
        )
    ]
    return table.assign(
        reference_accuracy=[
            alexnet.accuracy(name, () if level is None else (level,)) if kind in ("corruption", "clean") else np.nan
            for kind, name, level in names
        ],
        reference_clean_accuracy=alexnet.CLEAN,
        reference_flip_probability=[alexnet.flip_probability(*sequence) for sequence in sequences],
        reference_top5_distance=[alexnet.top5_distance(*sequence) for sequence in sequences],
        reference_reason=[alexnet.unpublished(*sequence) if sequence[0] else "" for sequence in sequences],
    )


def _difficulty(params: object) -> int:
    """Of a sequence whose parameters are written as a tidy table has them: JSON, "" for none."""
    return int(json.loads(params).get("difficulty", 1)) if isinstance(params, str) and params else 1


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the mean over a condition's severities in each of its rows, undefined where one of them is."""
    keys = [key for key in (*MODEL, *CONDITION) if key in table]
    groups = table.groupby(keys, sort=False, dropna=False)
    columns = [column for column in ("accuracy", "reference_accuracy") if column in table]
    return table.assign(**{c: groups[c].transform(lambda values: values.mean(skipna=False)) for c in columns})
