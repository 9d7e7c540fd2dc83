"""The documents' tables as pages show them: models against columns in one metric, as printed or as it follows from what is printed."""

from __future__ import annotations

import dataclasses
import functools

import pandas as pd

from robustcore import metrics, published
from robustcore.display import display_name
from robustcore.errors import UnknownNameError
from robustcore.notes import Note, note

DOCUMENTS = {
    "hendrycks": "Hendrycks & Dietterich",
    "laugros": "Laugros' thesis",
    "basart": "Basart's dissertation",
    "robustnet": "RobustNet",
}
COLUMNS = ["model", "name", "condition", "kind", "value", "reason"]
_SUITES = ("imagenet-c", "imagenet-c-extra", "laugros", "imagenet-p", "imagenet-p-extra")
# In print percent, here 0 .. 1; of the last two AlexNet is 1.
_SHARES = ("accuracy", "error", "mean_error", "flip_probability", "flip_rate", "t5d")
# What is better where a printed metric is none of the registered ones.
_LOWER = (
    "error",
    "mean_ce",
    "mean_ce_difference",
    "mean_error",
    "error_difference",
    "relative_mce",
    "mce",
    "mfr",
    "mt5d",
)


@dataclasses.dataclass(frozen=True)
class PrintedTable:
    """One table of a document.

    Attributes:
        document, table: as in `published.tables`.
        title: what is in it, for people.
        data: what the networks were measured on, in words; "" where the document does not say.
        metrics: that it can be shown in, the printed ones first, by their number of figures.
    """

    document: str
    table: str
    title: str
    data: str
    metrics: tuple[str, ...]

    @property
    def name(self) -> str:
        """The document and the number: "Laugros' thesis 3.4a"."""
        return f"{DOCUMENTS[self.document]} {self.table}"


@functools.cache
def offered() -> tuple[PrintedTable, ...]:
    """The tables of the four documents that have figures, in the documents' order."""
    details = published.tables()
    details = details[(details["left_out"] == "") & details["document"].isin(list(DOCUMENTS))]
    listed = []
    for row in details.to_dict("records"):
        rows = published.load(row["document"], row["table"])
        printed = list(rows["metric"].value_counts().index)
        computed = [m for m in _computed(row["document"], row["table"]) if m not in printed]
        classes = "" if pd.isna(row["classes"]) else f"{int(row['classes']):,} classes"
        side = "" if pd.isna(row["image_side"]) else f"{int(row['image_side'])} pixels"
        data = ", ".join(filter(None, (display_name(str(row["dataset"])), classes, side)))
        listed.append(PrintedTable(row["document"], row["table"], str(row["title"]), data, (*printed, *computed)))
    order = list(DOCUMENTS)
    return tuple(sorted(listed, key=lambda table: order.index(table.document)))


def get(name: str) -> PrintedTable:
    """A table by its name.

    Raises:
        UnknownNameError: none of `offered()`.
    """
    by_name = {table.name: table for table in offered()}
    if name not in by_name:
        raise UnknownNameError("table of a document", name, by_name)
    return by_name[name]


def rows(name: str, metric: str) -> pd.DataFrame:
    """A table in one metric.

    Returns:
        model, name (the heading, or the condition's registered name), condition (the registered name, or "" without), kind, value (accuracies,
        errors, APP, residuals and rates of flips 0 .. 1, all others as printed; NaN where illegible or not printed), reason (why it is NaN).
    """
    table = get(name)
    printed = published.load(table.document, table.table)
    own = printed[printed["metric"] == metric]
    computed = _follows(table.document, table.table, metric)
    computed = computed.assign(name=computed["condition"])[COLUMNS]
    registered = own["kind"].isin(["corruption", "sequence"])
    share = (own["unit"] == "percent") & (metric in _SHARES)
    result = pd.DataFrame(
        {
            "model": own["model"],
            "name": own["condition"].where(registered, own["column"]),
            "condition": own["condition"],
            "kind": own["kind"],
            "value": own["value"].where(~share, own["value"] / 100),
            "reason": own["note"].where(own["value"].isna(), ""),
        }
    )
    both = pd.concat([part for part in (result, computed) if len(part)], ignore_index=True)
    return both.drop_duplicates(["model", "name"], ignore_index=True)


def better(metric: str) -> str:
    """ "higher" or "lower"."""
    if metric in metrics.registry.names():
        return metrics.registry[metric].better
    return "lower" if metric in _LOWER else "higher"


def title(metric: str) -> str:
    """A printed metric for people."""
    return metrics.registry[metric].title if metric in metrics.registry.names() else display_name(metric)


def in_percent(metric: str) -> bool:
    """Whether values of a metric that is none of the registered ones are shares, which are written in percent."""
    return metric in ("error", "mean_error")


def comparable(table: pd.DataFrame, metric: str) -> list[str]:
    """The corruptions of a table that results of one's own can be shown under, in the same metric; [] for other metrics."""
    from robustcore.reports.compare import measures

    known = {each.name for each in measures.offered()}
    if metric not in known:
        return []
    return list(dict.fromkeys(table.loc[table["kind"] == "corruption", "condition"]))


def _computed(document: str, table: str) -> list[str]:
    """The metrics that follow from the printed figures."""
    return [metric for metric in published.METRICS if not _follows(document, table, metric).empty]


@functools.cache
def _follows(document: str, table: str, metric: str) -> pd.DataFrame:
    """model, condition, kind, value, reason of a metric that follows from what the table prints; shares 0 .. 1."""
    parts = []
    for suite in _SUITES if metric in published.METRICS else ():
        kind = "sequence" if suite.startswith("imagenet-p") else "corruption"
        if (metric in ("flip_probability", "flip_rate", "top5_distance", "t5d")) != (kind == "sequence"):
            continue
        found = published.models(suite, metric)
        found = found[(found["document"] == document) & (found["table"] == table) & found["value"].notna()]
        parts.append(found.assign(kind=kind)[["model", "condition", "kind", "value", "reason"]])
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["model", "condition", "kind", "value", "reason"])
    )


@note
def printed_in(table: str, title: str, data: str) -> str:
    return f"{table}: {title}." + (f" Measured on {data}." if data else "")


def source(name: str) -> Note:
    """Where a table is from, for a footer."""
    table = get(name)
    return printed_in(table.name, table.title, table.data)
