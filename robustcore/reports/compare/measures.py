"""What Compare can draw: each metric with its words, its formula, and how a table of it is made.

A measure is one definition here; the selector of the page, the axis, the footer and the tables find it in `MEASURES`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import pandas as pd

from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import grouping as groups
from robustcore.reports.compare import intervals, references
from robustcore.reports.compare.answers import Answers
from robustcore.reports.compare.comparison import KEY, Comparison
from robustcore.reports.compare.grouping import Grouping

INTERVAL = "Intervals: 95 % (Wilson) over the images; over several severities as for one answer an image, rather wide"
COLUMNS = ["model", "name", "family", "value", "low", "high", "clean", "n", "severities", "reason"]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One metric over a comparison.

    Attributes:
        name: key.
        title: for selectors and headings.
        axis: title of the axis, with the unit.
        formula: in words and signs, without a full stop.
        short: for the heading of a mean.
        better: "higher" or "lower".
        unit: written behind a value.
        percent: whether values are shares that people read as percent or points.
        reference: whether it needs a reference model.
        make: (rows of one number of shared images, reference, severities) -> model, label, value, and where known low
            and high, n, reason; and notes.
    """

    name: str
    title: str
    axis: str
    formula: str
    short: str
    better: str
    unit: str
    percent: bool
    reference: bool
    make: Callable[[pd.DataFrame, str, Sequence[int]], tuple[pd.DataFrame, list[str]]]

    def text(self, value: float) -> str:
        """A value as people read it."""
        if math.isnan(value):
            return "undefined"
        return f"{100 * value:.1f}{self.unit}" if self.percent else f"{value:.{1 if self.reference else 3}f}{self.unit}"


@dataclasses.dataclass(frozen=True)
class Bars:
    """A measure of a comparison.

    Attributes:
        measure, reference: which, and against what ("" for a measure without).
        among: all models of the comparison, in the order in which they have their colours.
        baseline: the model that values are differences to, or "".
        table: one row for each model and condition, in the order of the comparison: model, name (the condition's label),
            family, value (NaN where undefined), low, high (95 %, NaN where there is no interval), clean (accuracy), n,
            severities (a text such as "1 2 3 4 5"), reason.
        means: one row for each model: model, clean, value (the mean over the conditions, NaN where one of them is
            undefined), low, high (its 95 % interval), conditions (their number), reason.
        notes: sentences that belong beside the figure.
        footer: where it comes from.
    """

    measure: str
    reference: str
    table: pd.DataFrame
    means: pd.DataFrame
    notes: tuple[str, ...]
    footer: str
    among: tuple[str, ...]
    baseline: str = ""

    def text(self, value: float) -> str:
        """A value as people read it; a difference with its sign."""
        measure = MEASURES[self.measure]
        if not self.baseline or math.isnan(value):
            return measure.text(value)
        return f"{100 * value:+.1f} points" if measure.percent else f"{value:+.{1 if measure.reference else 3}f}"

    @property
    def models(self) -> list[str]:
        """In the order of the comparison."""
        return list(self.means["model"])


def bars(
    comparison: Comparison,
    measure: str,
    *,
    reference: str = "",
    models: Sequence[str] = (),
    answers: Answers | None = None,
) -> Bars:
    """A measure for each model and condition, and its mean.

    Args:
        comparison: as gathered, the reference's own rows in it.
        measure: a key of `MEASURES`.
        reference: for those that need one: a model of the comparison, or `references.ALEXNET`.
        models: those that are wanted; default all.
        answers: the answers behind the comparison, for intervals of what is no plain accuracy.

    Raises:
        InvalidArgumentError: an unknown measure, or a reference that cannot be used, with the reason.
    """
    if measure not in MEASURES:
        raise InvalidArgumentError(f"A measure is one of {', '.join(MEASURES)}, not {measure!r}.")
    chosen = MEASURES[measure]
    if chosen.reference and (why := references.refused(comparison, reference)):
        raise InvalidArgumentError(why)
    severities = sorted({int(s) for s in comparison.corrupted["severity"].dropna()})
    wanted = list(models) or comparison.models
    parts, notes = [], list(comparison.notes)
    if measure != "accuracy":  # whatever relates to clean accuracy asks that it is comparable
        clean = comparison.clean
        notes += metrics.app(clean[clean["model"].isin(wanted)]).attrs["notes"]
    rows = comparison.rows if chosen.reference else comparison.rows[comparison.rows["model"].isin(wanted)]
    for _, group in rows.groupby("shared", sort=False):
        table, said = chosen.make(group, reference, severities)
        parts.append(table)
        notes += [note for note in said if note not in notes]
    table = _complete(pd.concat(parts), comparison, wanted)
    means = _means(table, comparison, wanted)
    if answers is not None:
        table, means = _with_intervals(table, means, comparison, answers, chosen, reference)
        notes += _without_interval(table)
    footer = _footer(comparison, chosen, reference, wanted, drawn=answers is not None)
    against = reference if chosen.reference else ""
    return Bars(measure, against, table, means, tuple(notes), footer, tuple(comparison.models))


def _without_interval(table: pd.DataFrame) -> list[str]:
    """A note on values that have no interval though others have."""
    rows = table[table["value"].notna() & table["low"].isna()]
    if rows.empty or len(rows) == table["value"].notna().sum():
        return []
    first = rows.iloc[0]
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return [
        f"No interval for {first['name']} of {first['model']}{more}: the denominator is not positive in more than 1 % of the "
        "drawings, or the answers to single images are not known."
    ]


def _with_intervals(
    table: pd.DataFrame, means: pd.DataFrame, comparison: Comparison, answers: Answers, measure: Measure, reference: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same with intervals from drawings of the images, the reference drawn with the models where it can be."""
    drawn, against = intervals.drawn_with(comparison, answers, list(means["model"]), reference)
    found = intervals.values(drawn, measure.name, against)
    return intervals.fill(table, drawn, found), intervals.of_means(means, drawn, found)


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
    places = {name: place for place, name in enumerate(_hardest_first(table, result.measure))}
    return table.sort_values("name", key=lambda column: column.map(places), kind="stable")


def extremes(result: Bars) -> tuple[str, str] | None:
    """The conditions that cost most and least, on the mean over the models; None where there are not two."""
    order = _hardest_first(result.table.dropna(subset=["value"]), result.measure)
    return (order[0], order[-1]) if len(order) > 1 else None


def _hardest_first(table: pd.DataFrame, measure: str) -> list[str]:
    means = table.groupby("name", sort=False)["value"].mean()
    up = MEASURES[measure].better == "higher"
    return [str(name) for name in means.sort_values(ascending=up, kind="stable").index]


def curves(comparison: Comparison, labels: Sequence[str] = ()) -> pd.DataFrame:
    """Accuracy against severity, 0 for the clean images.

    Args:
        comparison: as gathered.
        labels: the conditions that are wanted; default all that have severities.

    Returns:
        model, name (the condition's label), severity, accuracy, low, high (95 %, Wilson), n.
    """
    rows = metrics.accuracy(comparison.corrupted[comparison.corrupted["severity"].notna()])
    wanted = list(labels) or list(dict.fromkeys(rows["label"]))
    rows = rows[rows["label"].isin(wanted) & rows["accuracy"].notna()]
    clean = metrics.accuracy(comparison.rows[comparison.rows["kind"] == "clean"]).assign(severity=0)
    starts = (
        rows[["model", "label", "shared"]].drop_duplicates().merge(clean.drop(columns="label"), on=["model", "shared"])
    )
    table = pd.concat([starts, rows], ignore_index=True).assign(name=lambda t: t["label"])
    table["severity"] = table["severity"].astype(int)
    return table[["model", "name", "severity", "accuracy", "low", "high", "n"]]


def mean_curve(comparison: Comparison) -> pd.DataFrame:
    """The mean accuracy over the conditions at each severity, 0 for the clean images.

    Columns: model, severity, accuracy, low, high, n, conditions (their number). The interval is that of one answer an
    image, rather wide. Only conditions that every model has count, and severities that all of those have, so that the
    means are over the same things.
    """
    models = len(comparison.models)
    table = curves(comparison)
    table = table[table.groupby("name")["model"].transform("nunique") == models]
    names = table["name"].nunique()
    table = table[table.groupby("severity")["accuracy"].transform("size") == models * names]
    means = table.groupby(["model", "severity"], sort=False).agg(accuracy=("accuracy", "mean"), n=("n", "min"))
    columns = ["model", "severity", "accuracy"]
    named = means.reset_index().assign(dataset=comparison.provenance.dataset, kind="corruption", name="mean")
    return metrics.accuracy(named).assign(conditions=names)[[*columns, "low", "high", "n", "conditions"]]


def _complete(table: pd.DataFrame, comparison: Comparison, models: Sequence[str]) -> pd.DataFrame:
    """Every model under every condition, in the comparison's order; what the measure does not have is undefined."""
    order = comparison.corrupted[["label", "family", "shared"]].drop_duplicates("label")
    grid = order.merge(pd.DataFrame({"model": list(models)}), how="cross")
    clean = comparison.rows.loc[comparison.rows["kind"] == "clean", ["model", "shared", "accuracy"]]
    grid = grid.merge(clean.rename(columns={"accuracy": "clean"}).drop_duplicates(), on=["model", "shared"], how="left")
    grid["clean"] = grid["clean"].fillna(grid["model"].map(comparison.clean.set_index("model")["accuracy"]))
    full = grid.merge(table, on=["model", "label"], how="left").rename(columns={"label": "name"})
    for column in ("low", "high"):
        full[column] = full.get(column, math.nan)
    reason = full["reason"].fillna("the measure sums over severities, and this condition has none").astype(object)
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


def _footer(comparison: Comparison, measure: Measure, reference: str, models: Sequence[str], *, drawn: bool) -> str:
    levels = sorted({int(s) for s in comparison.corrupted["severity"].dropna()})
    over = ""
    if levels:
        word = "severity" if len(levels) == 1 else "severities" if measure.reference else "mean over severities"
        over = f", {word} {', '.join(map(str, levels))}"
    return comparison.only(models).provenance.sentence(
        formula=measure.formula + over,
        reference=references.title(reference) if measure.reference else "",
        interval=INTERVAL if measure.name == "accuracy" else intervals.SENTENCE if drawn else "",
    )


def _of_accuracy(rows: pd.DataFrame, reference: str, severities: Sequence[int]) -> tuple[pd.DataFrame, list[str]]:
    return _renamed(metrics.accuracy(_averaged(rows)), "accuracy"), []


def _of_app(rows: pd.DataFrame, reference: str, severities: Sequence[int]) -> tuple[pd.DataFrame, list[str]]:
    return _renamed(metrics.app(_averaged(rows)), "app"), []


def _of_residual(rows: pd.DataFrame, reference: str, severities: Sequence[int]) -> tuple[pd.DataFrame, list[str]]:
    return _renamed(metrics.residual(_averaged(rows)), "residual"), []


def _of_errors(column: str) -> Callable[[pd.DataFrame, str, Sequence[int]], tuple[pd.DataFrame, list[str]]]:
    def make(rows: pd.DataFrame, reference: str, severities: Sequence[int]) -> tuple[pd.DataFrame, list[str]]:
        if not severities:
            return pd.DataFrame(columns=["model", "label", "value", "n", "severities", "reason"]), []
        found = metrics.corruption_error(rows, reference, severities=severities)
        with_severity = rows[rows["severity"].notna()]
        labels = with_severity.drop_duplicates("name").set_index("name")["label"]
        images = with_severity.groupby(["model", "label"])["n"].min().rename("n").reset_index()
        found = found.assign(label=found["name"].map(labels), severities=" ".join(map(str, severities)))
        notes = [note for note in found.attrs["notes"] if not note.startswith("Reference:")]
        return _renamed(found.merge(images, on=["model", "label"], how="left"), column), notes

    return make


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean over severities, with the labels."""
    plain = rows.assign(**{column: rows[column].fillna("").astype(str) for column in KEY})
    labels = plain[[*KEY, "label"]].drop_duplicates()
    return metrics.mean_over_severities(plain).merge(labels, on=KEY, how="left")


def _renamed(found: pd.DataFrame, column: str) -> pd.DataFrame:
    kept = [c for c in ("low", "high") if c in found]
    part = found[found["kind"] != "clean"] if "kind" in found else found
    return part.assign(value=part[column])[["model", "label", "value", *kept, "n", "severities", "reason"]]


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "accuracy",
            "Accuracy",
            "accuracy (%)",
            "Accuracy = correct / images",
            "Mean accuracy",
            "higher",
            " %",
            True,
            False,
            _of_accuracy,
        ),
        Measure(
            "app",
            "Accuracy preserved (APP)",
            "accuracy preserved, APP",
            "APP = accuracy under the corruption / clean accuracy",
            "Mean APP",
            "higher",
            "",
            False,
            False,
            _of_app,
        ),
        Measure(
            "residual",
            "Residual robustness (RR)",
            "accuracy lost, RR (points)",
            "RR = clean accuracy - accuracy under the corruption",
            "Mean RR",
            "lower",
            " points",
            True,
            False,
            _of_residual,
        ),
        Measure(
            "ce",
            "Corruption error (CE)",
            "corruption error, CE (%)",
            "CE = sum of the model's errors over the severities / sum of the reference's",
            "mCE",
            "lower",
            "",
            False,
            True,
            _of_errors("ce"),
        ),
        Measure(
            "relative_ce",
            "Relative CE",
            "relative corruption error (%)",
            "Relative CE = sum of (error - clean error) over the severities / the same of the reference",
            "Relative mCE",
            "lower",
            "",
            False,
            True,
            _of_errors("relative_ce"),
        ),
    )
}
