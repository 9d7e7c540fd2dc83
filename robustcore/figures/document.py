"""A document as one HTML file that opens without a server or a network, on a telephone, in the dark and on paper."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from robustcore import metrics
from robustcore.display import display_name
from robustcore.figures import _style, compared
from robustcore.figures.inside.galleries import Galleries
from robustcore.reports import templates
from robustcore.reports.compare import intervals, references
from robustcore.reports.compare.document import Document
from robustcore.reports.compare.measures import Bars

_HERE = Path(__file__).resolve().parent
_SIDE_BY_SIDE = 6  # models up to this number have a column each; more have a row each
_READING = (
    "Accuracy is the share of images that a model classifies correctly. Each corruption has several severities; a bar is the mean "
    "over them.",
    "The lines on the bars are 95 % intervals: with other images of the same kind the value would be inside them 19 times out of "
    "20. Where the intervals of two models overlap widely, their order may be chance.",
    "Clean accuracy is always shown, because a model with a low one has little to lose.",
    "A corruption error (CE) divides a model's errors by those of a reference model: below 100 it makes fewer errors. Two mCE can "
    "be compared only where corruptions, reference, images and storage are the same.",
    "What breaks a model first: the corruption that halves its clean accuracy at the lowest severity.",
)


@dataclasses.dataclass(frozen=True)
class Rows:
    """A table of the document.

    Attributes:
        head: the columns.
        body: rows of texts; the first is the row's heading, and text after a line break is small.
        kind: its class in document.css.
    """

    head: Sequence[str]
    body: Sequence[Sequence[str]]
    kind: str


def to_html(document: Document, worth_seeing: Galleries | None = None) -> bytes:
    """The file. Plotly's code stands in it once; every name is escaped.

    Args:
        document: what it says.
        worth_seeing: images chosen from stored answers, which are added.
    """
    drawn = _figures(document)
    if worth_seeing is not None:
        drawn += worth_seeing.figures
        for _, _, figure in worth_seeing.figures:
            figure.update_layout(template="none", width=None, autosize=True)
    data = json.dumps([json.loads(figure.to_json()) for _, _, figure in drawn]).replace("<", "\\u003c")
    figures = [
        {
            "title": title,
            "caption": caption,
            "alt": _style.alt(figure),
            "height": figure.layout.height,
            "footer": _style.footer(figure),
        }
        for title, caption, figure in drawn
    ]
    return templates.render(
        _HERE / "document.html.jinja",
        document=document,
        figures=figures,
        models=_models(document),
        conditions=_conditions(document.accuracy),
        formula=_formula(document),
        sums=_sums(document),
        reading=_READING,
        pictures=() if worth_seeing is None else worth_seeing.sections,
        missing=() if worth_seeing is None else worth_seeing.missing,
        version=version("robustcore"),
        style=Markup((_HERE / "document.css").read_text(encoding="utf-8")),
        script=Markup((_HERE / "document.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()),
        data=Markup(data),
    ).encode()


def _figures(document: Document) -> list[tuple[str, str, go.Figure]]:
    """(title, how to read it, figure) of the main figures."""
    accuracy, curve = document.accuracy, document.curve
    count = len(accuracy.models)
    drawn_figures = []
    crowd = count > compared.CROWD
    if count > 1:
        bootstrapped = accuracy.means["low"].notna().any()
        interval = (
            intervals.SENTENCE if bootstrapped else "No intervals: the answers to the single images are not stored"
        )
        ranked = dataclasses.replace(accuracy, footer=accuracy.footer.replace(interval=interval))
        says = "Mean accuracy over all conditions, the best on top."
        drawn_figures.append(("Ranking", says, compared.models(ranked)))
    says = (
        "Brighter is better. The clean accuracy is next to each name." if crowd else "Dotted: accuracy on clean images."
    )
    draw = compared.table if crowd else compared.conditions
    drawn_figures.append(("Accuracy by condition", says, draw(accuracy)))
    if len(curve):
        says = "Severity 0 is clean. A line that falls early means that mild corruption breaks the model."
        says += " Point at a line for its model." if crowd else ""
        drawn_figures.append(("Accuracy against severity", says, compared.curves(curve, footer=document.curve_footer)))
    for _, _, figure in drawn_figures:
        figure.update_layout(template="none", width=None, autosize=True)
    return drawn_figures


def _models(document: Document) -> Rows:
    """One row a model: clean accuracy, mean, mCE, what breaks it first."""
    means = document.accuracy.means.sort_values("value", ascending=False, na_position="last", kind="stable")
    errors = None if document.errors is None else document.errors.means.set_index("model")
    head = ["Model", "Clean", "Mean of all"] + (["mCE"] if errors is not None else []) + ["What breaks it first"]
    body = []
    for row in means.to_dict("records"):
        model = row["model"]
        texts = [metrics.get("accuracy").text(row["clean"]), _with_interval("accuracy", row)]
        if errors is not None:
            texts.append(_with_interval("ce", errors.loc[model].to_dict()))
        body.append([model, *texts, document.broken[model].text if model in document.broken else ""])
    return Rows(head, body, "models")


def _with_interval(name: str, row: Mapping[Hashable, Any]) -> str:
    metric = metrics.get(name)
    text = metric.text(row["value"])
    if pd.isna(row["low"]):
        return text
    factor = metric.written.factor
    return f"{text}\n{factor * row['low']:.1f} to {factor * row['high']:.1f}"


def _formula(document: Document) -> str:
    """The mCE's formula and its reference; "" without one."""
    if document.errors is None:
        return ""
    reference = references.title(document.errors.reference)
    return f"{metrics.get('ce').formula}, in percent; the mean over the corruptions. Reference: {reference}."


def _sums(document: Document) -> list[dict[str, object]]:
    """The mCE of each model with its numbers."""
    if document.errors is None:
        return []
    lines: list[dict[str, object]] = []
    for row in document.errors.means.to_dict("records"):
        values = document.errors.table.loc[document.errors.table["model"] == row["model"], "value"]
        terms = " + ".join("undefined" if pd.isna(v) else f"{v:.1f}" for v in values)
        mean = metrics.get("ce").text(row["value"])
        lines.append({"model": row["model"], "terms": terms, "count": len(values), "mean": mean})
    return lines


def _conditions(bars: Bars) -> Rows:
    """Accuracies in percent: a column a model, or a row where there are many."""
    means = bars.means.sort_values("value", ascending=False, na_position="last", kind="stable").set_index("model")
    values = bars.table.assign(name=bars.table["name"].map(display_name))
    values = values.pivot(index="model", columns="name", values="value").reindex(means.index)
    values = values[list(dict.fromkeys(bars.table["name"].map(display_name)))]
    values.insert(0, "clean images", means["clean"])
    many = len(values) > _SIDE_BY_SIDE
    visible = values if many else values.T
    head = ["Model" if many else "Images", *map(str, visible.columns)]
    body = [
        [str(name), *("–" if pd.isna(v) else f"{100 * v:.1f}" for v in row)]
        for name, row in zip(visible.index, visible.to_numpy(float), strict=True)
    ]
    return Rows(head, body, "wide" if many else "plain")
