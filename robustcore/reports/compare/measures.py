"""The values of a metric over a comparison: bars with their means and intervals, their order, and curves over severities."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.metrics import Metric, accuracies, corruption_errors, tables
from robustcore.notes import Note, note
from robustcore.reports.compare import grouping as groups
from robustcore.reports.compare import image_metrics, intervals, references
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import KEY, Comparison
from robustcore.reports.compare.grouping import Grouping
from robustcore.reports.compare.same_classes import OnSameClasses
from robustcore.reports.provenance import Footer

INTERVAL = "Intervals: 95 % (Wilson) over the images; over several severities as for one answer an image, rather wide"
COLUMNS = ["model", "name", "family", "value", "low", "high", "clean", "n", "severities", "reason"]


@note
def no_interval(condition: str, model: str, others: int) -> str:
    """The first value without an interval, and how many others there are."""
    return (
        f"No interval for {condition} of {model}{f' and {others} more' if others else ''}: the denominator is not positive in more "
        "than 1 % of the drawings, or the answers to single images are not stored."
    )


@note
def no_intervals_of_single_images(metric: str) -> str:
    return f"{metric}: no intervals, which are drawn for metrics of accuracies alone."


@dataclasses.dataclass(frozen=True)
class Bars:
    """A metric of a comparison.

    Attributes:
        metric, reference: which, and against what ("" for a metric without).
        among: all models of the comparison, in the order in which they have their colours.
        baseline: the model that values are differences to, or "".
        table: one row for each model and condition, in the order of the comparison: model, name (the condition's label),
            family, value (NaN where undefined), low, high (95 %, NaN where there is no interval), clean (accuracy), n,
            severities (a text such as "1 2 3 4 5"), reason.
        means: one row for each model: model, clean, value (the mean over the conditions, NaN where one of them is
            undefined), low, high (its 95 % interval), conditions (their number), reason.
        notes: what has to be said with the figure.
        footer: where it comes from.
    """

    metric: str
    reference: str
    table: pd.DataFrame
    means: pd.DataFrame
    notes: tuple[Note, ...]
    footer: Footer
    among: tuple[str, ...]
    baseline: str = ""

    def text(self, value: float) -> str:
        """A value as people read it; a difference with its sign."""
        metric = self.definition
        if not self.baseline or math.isnan(value):
            return metric.text(value)
        unit = metric.written
        return f"{unit.factor * value:+.{unit.decimals}f}{' points' if unit.factor == 100 else ''}"

    @property
    def definition(self) -> Metric:
        """The metric itself."""
        return metrics.get(self.metric)

    @property
    def models(self) -> list[str]:
        """In the order of the comparison."""
        return list(self.means["model"])


def offered() -> list[Metric]:
    """The metrics that can be compared, in the order of the selector: of accuracies, then of single images."""
    return [metric for kind in ("accuracies", *image_metrics.INPUTS) for metric in metrics.of_input(kind)]


def bars(
    comparison: Comparison,
    metric: str,
    *,
    reference: str = "",
    models: Sequence[str] = (),
    answers: Answers | None = None,
) -> Bars:
    """A metric of each model under each condition, and its mean.

    Args:
        comparison: as gathered, the reference's own rows in it; for metrics of single images as `image_metrics.measured` gives it.
        metric: the name of one of `offered`.
        reference: for those that need one: a model of the comparison, or `references.ALEXNET`.
        models: those that are wanted; default all.
        answers: the answers behind the comparison, for intervals of what is no plain accuracy; metrics of single images have none.

    Raises:
        InvalidArgumentError: an unknown metric, or a reference that cannot be used, with the reason.
    """
    chosen = metrics.get(metric)
    if chosen not in offered():
        names = ", ".join(each.name for each in offered())
        raise InvalidArgumentError(f"Compare has the metrics {names}; {metric} is one of {chosen.input}.")
    of_images = image_metrics.is_of_images(chosen)
    if of_images and metric not in comparison.rows:
        raise InvalidArgumentError(
            f"{metric} is computed from what is stored of single images: give what `image_metrics.measured` makes of the comparison."
        )
    if chosen.reference and (why := references.refused(comparison, reference)):
        raise InvalidArgumentError(why)
    severities = sorted({int(s) for s in comparison.corrupted["severity"].dropna()})
    wanted = list(models) or comparison.models
    notes = list(comparison.notes)
    if chosen.relative:
        clean = comparison.clean.assign(clean_accuracy=comparison.clean["accuracy"])
        notes += tables.notes(clean[clean["model"].isin(wanted)])
    if chosen.severities and severities:
        notes += corruption_errors.severity_notes(severities)
    if chosen.reference:
        notes += tables.alexnet_notes(comparison.corrupted, reference)
    rows = comparison.rows if chosen.reference else comparison.rows[comparison.rows["model"].isin(wanted)]
    parts = [
        _values(comparison, group, chosen, reference, severities) for _, group in rows.groupby("shared", sort=False)
    ]
    table = _complete(pd.concat(parts), comparison, wanted)
    means = _means(table, comparison, wanted)
    if of_images:
        notes.append(no_intervals_of_single_images(chosen.title))
    elif answers is not None:
        table, means = _with_intervals(table, means, comparison, answers, chosen, reference)
        notes += _without_interval(table)
    footer = _footer(comparison, chosen, reference, wanted, bootstrapped=answers is not None and not of_images)
    against = reference if chosen.reference else ""
    return Bars(metric, against, table, means, tuple(notes), footer, tuple(comparison.models))


def _values(
    comparison: Comparison, rows: pd.DataFrame, metric: Metric, reference: str, severities: Sequence[int]
) -> pd.DataFrame:
    """model, label, value, n, severities, reason, and low and high where a formula gives them, on one number of images."""
    averaged = _averaged(rows)
    if image_metrics.is_of_images(metric):
        return _of_images(averaged, rows, metric)
    clean = averaged[averaged["kind"] == "clean"].drop_duplicates("model").set_index("model")["accuracy"]
    table = averaged[averaged["kind"] != "clean"]
    table = table.assign(clean_accuracy=table["model"].map(clean).astype(float))
    if "clean" in metric.arrays:
        table = _with_clean_of_the_same_classes(table, comparison.on_same_classes)
    if metric.severities:
        table = _with_all_severities(table[table["severities"] != ""], severities)
    if metric.reference:
        table = _with_reference(comparison, table, clean, reference)
    value, reason = tables.valued(metric, table, references.title(reference))
    table = table.assign(value=value, reason=reason)
    if metric.sampled:
        table = metrics.accuracy(table)
    kept = [c for c in ("low", "high") if c in table]
    return table[["model", "label", "value", *kept, "n", "severities", "reason"]]


def _of_images(averaged: pd.DataFrame, rows: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """The same of a metric of single images: the mean of its column over the severities, undefined where one of them is."""
    groups = rows[rows["kind"] != "clean"].groupby(["model", "label"], sort=False)
    values = groups[metric.name].agg(lambda column: column.mean(skipna=False)).rename("value")
    reasons = groups[f"{metric.name}_reason"].agg(lambda texts: next(filter(None, texts), "")).rename("why")
    table = averaged[averaged["kind"] != "clean"].merge(pd.concat([values, reasons], axis=1), on=["model", "label"])
    return table.assign(reason=table["why"])[["model", "label", "value", "n", "severities", "reason"]]


def _with_clean_of_the_same_classes(
    table: pd.DataFrame, known: Mapping[tuple[str, str], OnSameClasses]
) -> pd.DataFrame:
    """The table with the clean accuracy on the classes of a shift, and why where it is unknown."""
    if not known:
        return table
    rows = [known.get((str(model), str(label))) for model, label in zip(table["model"], table["label"], strict=True)]
    clean = [value if row is None else row.accuracy for value, row in zip(table["clean_accuracy"], rows, strict=True)]
    reason = [
        row.note.text if row is not None and math.isnan(row.accuracy) else value
        for value, row in zip(table["reason"], rows, strict=True)
    ]
    return table.assign(clean_accuracy=clean, reason=reason)


def _with_all_severities(table: pd.DataFrame, severities: Sequence[int]) -> pd.DataFrame:
    """The table without the accuracies that are not the mean over all of the severities."""
    missing = [sorted(set(severities) - {int(s) for s in own.split()}) for own in table["severities"]]
    why = pd.Series([f"severity {', '.join(map(str, m))} missing" if m else "" for m in missing], index=table.index)
    return table.assign(accuracy=table["accuracy"].where(why == ""), reason=table["reason"].where(why == "", why))


def _with_reference(comparison: Comparison, table: pd.DataFrame, clean: pd.Series, reference: str) -> pd.DataFrame:
    """The table with the reference's accuracy under each condition, its reason where there is none, and on clean images."""
    if reference in comparison.models:
        theirs = table[table["model"] == reference].drop_duplicates("label").set_index("label")
        accuracy, reason, at_clean = theirs["accuracy"], theirs["reason"], clean.get(reference, math.nan)
    else:
        published = references.published_alexnet(comparison)
        accuracy, reason, at_clean = (
            pd.Series(published.accuracy, dtype=float),
            pd.Series(dtype=object),
            published.clean,
        )
    return table.assign(
        reference_accuracy=table["label"].map(accuracy).astype(float),
        reference_reason=table["label"].map(reason),
        reference_clean_accuracy=float(at_clean),
    )


def _without_interval(table: pd.DataFrame) -> list[Note]:
    """A note on values that have no interval though others have."""
    rows = table[table["value"].notna() & table["low"].isna()]
    if rows.empty or len(rows) == table["value"].notna().sum():
        return []
    first = rows.iloc[0]
    return [no_interval(first["name"], first["model"], len(rows) - 1)]


def _with_intervals(
    table: pd.DataFrame, means: pd.DataFrame, comparison: Comparison, answers: Answers, metric: Metric, reference: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same with intervals from drawings of the images, the reference drawn with the models where it can be."""
    models = list(means["model"])
    sample, against = intervals.resample_with_reference(comparison, answers, models, reference)
    if "clean" in metric.arrays:  # the drawings have the clean accuracy on all classes
        for (model, label), same in comparison.on_same_classes.items():
            if model in sample.models and label in sample.labels:
                sample.clean[:, sample.models.index(model), sample.labels.index(label)] = same.drawn()
    statistic = intervals.values(sample, metric, against)
    return intervals.fill(table, sample, statistic), intervals.of_means(means, sample, statistic)


def ordered(result: Bars, by: str, grouping: Grouping | None = None) -> pd.DataFrame:
    """The table in an order.

    Args:
        result: as made.
        by: "family" (or whatever `grouping` groups by; the table then has a column group), "value" (the hardest condition
            first), or "name".
        grouping: default the families.
    """
    table = result.table
    if by == "family":
        return (grouping or groups.by_family(table)).arranged(table)
    if by == "name":
        return table.sort_values("name", kind="stable")
    places = {name: place for place, name in enumerate(_hardest_first(table, result.definition))}
    return table.sort_values("name", key=lambda column: column.map(places), kind="stable")


def extremes(result: Bars) -> tuple[str, str] | None:
    """The conditions that cost most and least, on the mean over the models; None where there are not two."""
    order = _hardest_first(result.table.dropna(subset=["value"]), result.definition)
    return (order[0], order[-1]) if len(order) > 1 else None


def _hardest_first(table: pd.DataFrame, metric: Metric) -> list[str]:
    means = table.groupby("name", sort=False)["value"].mean()
    up = metric.better == "higher"
    return [str(name) for name in means.sort_values(ascending=up, kind="stable").index]


def curves(comparison: Comparison, labels: Sequence[str] = ()) -> pd.DataFrame:
    """Accuracy against severity, 0 for the clean images.

    Args:
        comparison: as gathered.
        labels: the conditions that are wanted; default all that have severities.

    Returns:
        model, name (the condition's label), severity, accuracy, low, high (95 %, Wilson), n.
    """
    rows = _of_labelled(comparison.corrupted[comparison.corrupted["severity"].notna()])
    wanted = list(labels) or list(dict.fromkeys(rows["label"]))
    rows = rows[rows["label"].isin(wanted) & rows["accuracy"].notna()]
    clean = _of_labelled(comparison.rows[comparison.rows["kind"] == "clean"]).assign(severity=0)
    starts = (
        rows[["model", "label", "shared"]].drop_duplicates().merge(clean.drop(columns="label"), on=["model", "shared"])
    )
    table = pd.concat([starts, rows], ignore_index=True).assign(name=lambda t: t["label"])
    table["severity"] = table["severity"].astype(int)
    return table[["model", "name", "severity", "accuracy", "low", "high", "n"]]


def _of_labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with low and high, and n as the images that accuracy is over."""
    return metrics.accuracy(rows).assign(n=accuracies.judged(rows))


def mean_curve(comparison: Comparison) -> pd.DataFrame:
    """The mean accuracy over the conditions at each severity, 0 for the clean images.

    Columns: model, severity, accuracy, low, high, n, conditions (their number). The interval is that of one answer an
    image, rather wide. A model that lacks conditions that another has all of is left out; where none has all, only those that
    every model has count. Of them the severities that all have, so that the means are over the same things.
    """
    table = curves(comparison)
    conditions = table.groupby("model")["name"].agg(set)
    everything = set(table["name"])
    whole = [model for model, own in conditions.items() if own == everything]
    if whole:
        table = table[table["model"].isin(whole)]
    models = table["model"].nunique()
    table = table[table.groupby("name")["model"].transform("nunique") == models]
    names = table["name"].nunique()
    table = table[table.groupby("severity")["accuracy"].transform("size") == models * names]
    means = table.groupby(["model", "severity"], sort=False).agg(accuracy=("accuracy", "mean"), n=("n", "min"))
    columns = ["model", "severity", "accuracy"]
    named = means.reset_index().assign(dataset=comparison.provenance.dataset, kind="corruption", name="mean")
    return metrics.accuracy(named).assign(conditions=names)[[*columns, "low", "high", "n", "conditions"]]


def _complete(table: pd.DataFrame, comparison: Comparison, models: Sequence[str]) -> pd.DataFrame:
    """Every model under every condition, in the comparison's order; what the metric does not have is undefined."""
    order = comparison.corrupted[["label", "family", "shared"]].drop_duplicates("label")
    grid = order.merge(pd.DataFrame({"model": list(models)}), how="cross")
    clean = comparison.rows.loc[comparison.rows["kind"] == "clean", ["model", "shared", "accuracy"]]
    grid = grid.merge(clean.rename(columns={"accuracy": "clean"}).drop_duplicates(), on=["model", "shared"], how="left")
    grid["clean"] = grid["clean"].fillna(grid["model"].map(comparison.clean.set_index("model")["accuracy"]))
    full = grid.merge(table, on=["model", "label"], how="left").rename(columns={"label": "name"})
    for column in ("low", "high"):
        full[column] = full.get(column, math.nan)
    reason = full["reason"].fillna("the metric sums over severities, and this condition has none").astype(object)
    full["reason"] = reason.where(full["value"].isna(), "")
    return full[COLUMNS]


def _means(table: pd.DataFrame, comparison: Comparison, models: Sequence[str]) -> pd.DataFrame:
    clean = comparison.clean.set_index("model")["accuracy"]
    rows = []
    for model in models:
        own = table[table["model"] == model]
        undefined = own[own["value"].isna()]
        why = ""
        if len(undefined):
            first = undefined.iloc[0]
            why = f"undefined for {len(undefined)} of {len(own)} conditions, {first['name']} among them: {first['reason']}"
        rows.append(
            {
                "model": model,
                "clean": clean.get(model, math.nan),
                "value": math.nan if len(undefined) or own.empty else own["value"].mean(),
                "low": math.nan,
                "high": math.nan,
                "conditions": len(own),
                "reason": why,
            }
        )
    return pd.DataFrame(rows, columns=["model", "clean", "value", "low", "high", "conditions", "reason"])


def _footer(
    comparison: Comparison, metric: Metric, reference: str, models: Sequence[str], *, bootstrapped: bool
) -> Footer:
    levels = sorted({int(s) for s in comparison.corrupted["severity"].dropna()})
    over = ""
    if levels:
        word = "severity" if len(levels) == 1 else "severities" if metric.severities else "mean over severities"
        over = f", {word} {', '.join(map(str, levels))}"
    return comparison.only(models).provenance.footer(
        formula=metric.formula + over,
        reference=references.title(reference) if metric.reference else "",
        interval=INTERVAL if metric.sampled else intervals.SENTENCE if bootstrapped else "",
    )


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean over severities, with the labels."""
    plain = rows.assign(**{column: rows[column].fillna("").astype(str) for column in KEY})
    labels = plain[[*KEY, "label"]].drop_duplicates()
    return metrics.mean_over_severities(plain).merge(labels, on=KEY, how="left")
