"""A document as one HTML file that opens without a server or a network, on a telephone, in the dark and on paper."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from robustcore import metrics
from robustcore.display import display_name
from robustcore.figures import _style, compared
from robustcore.reports.compare import intervals, references
from robustcore.reports.compare.document import Document
from robustcore.reports.compare.measures import Bars

_HERE = Path(__file__).resolve().parent
_FOREIGN = re.compile(r"<(?!/?(?:b|br|extra|span)\b[^<>]*>)")  # the beginning of a tag that our figures do not use
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


def to_html(document: Document) -> bytes:
    """The file. Plotly's code stands in it once; every name is escaped."""
    drawn = _figures(document)
    data = json.dumps([_plain(json.loads(figure.to_json())) for _, _, figure in drawn]).replace("<", "\\u003c")
    sections = "".join(
        f'<section class="figure"><h2>{escape(title)}</h2><p class="says">{escape(says)}</p>'
        f'<div class="plot" id="figure-{i}" role="img" aria-label="{escape(_style.alt(figure))}" '
        f'style="min-height:{figure.layout.height}px"></div><p class="small">{escape(_style.footer(figure))}</p></section>'
        for i, (title, says, figure) in enumerate(drawn)
    )
    learned = "".join(f"<li>{escape(note.text)}</li>" for note in document.learned)
    notes = "".join(f"<li>{escape(note.text)}</li>" for note in document.notes)
    style, script = (
        (_HERE / "document.css").read_text(encoding="utf-8"),
        (_HERE / "document.js").read_text(encoding="utf-8"),
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(document.title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:">
<style>{style}</style></head><body><main>
<header><p class="small">robustcore report</p><h1>{escape(document.title)}</h1></header>
<section><h2>Summary</h2><ul class="learned">{learned}</ul></section>
<section><h2>The models</h2>{_models(document)}</section>
<section><h2>mCE, in words</h2><p>{escape(document.words.text)}</p>{_numbers(document)}</section>
{f"<section><h2>Caveats</h2><ul>{notes}</ul></section>" if notes else ""}
{sections}
<section><h2>Accuracy under each condition</h2>{_conditions(document.accuracy)}</section>
<section><h2>How to read it</h2><ul>{"".join(f"<li>{escape(line)}</li>" for line in _READING)}</ul></section>
<section><h2>Provenance</h2>{_evidence(document)}</section>
</main>
<script>{get_plotlyjs()}</script>
<script type="application/json" id="figures">{data}</script>
<script>{script}</script>
</body></html>
""".encode()


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


def _plain(drawn: Any) -> Any:
    """A figure as JSON whose texts hold no markup but our own: a name may look like a tag, and Plotly reads those."""
    if isinstance(drawn, str):
        return _FOREIGN.sub("‹", drawn)
    if isinstance(drawn, dict):
        return {key: _plain(value) for key, value in drawn.items()}
    return [_plain(value) for value in drawn] if isinstance(drawn, list) else drawn


def _models(document: Document) -> str:
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
    return _table(head, body, "models")


def _with_interval(name: str, row: Mapping[Hashable, Any]) -> str:
    metric = metrics.get(name)
    text = metric.text(row["value"])
    if pd.isna(row["low"]):
        return text
    factor = metric.written.factor
    return f"{text}\n{factor * row['low']:.1f} to {factor * row['high']:.1f}"


def _numbers(document: Document) -> str:
    """The formula with its numbers, behind one click."""
    if document.errors is None:
        return ""
    lines = []
    for row in document.errors.means.to_dict("records"):
        values = document.errors.table.loc[document.errors.table["model"] == row["model"], "value"]
        terms = " + ".join("undefined" if pd.isna(v) else f"{v:.1f}" for v in values)
        lines.append(
            f"<li>{escape(row['model'])}: ({terms}) / {len(values)} = <b>{escape(metrics.get('ce').text(row['value']))}</b></li>"
        )
    formula = f"{metrics.get('ce').formula}, in percent; the mean over the corruptions. Reference: {references.title(document.errors.reference)}."
    return f'<details><summary>With its numbers</summary><p>{escape(formula)}</p><ul class="numbers">{"".join(lines)}</ul></details>'


def _conditions(bars: Bars) -> str:
    """Accuracies in percent: a column a model, or a row where there are many."""
    means = bars.means.sort_values("value", ascending=False, na_position="last", kind="stable").set_index("model")
    values = bars.table.assign(name=bars.table["name"].map(display_name))
    values = values.pivot(index="model", columns="name", values="value").reindex(means.index)
    values = values[list(dict.fromkeys(bars.table["name"].map(display_name)))]
    values.insert(0, "clean images", means["clean"])
    many = len(values) > _SIDE_BY_SIDE
    shown = values if many else values.T
    head = ["Model" if many else "Images", *map(str, shown.columns)]
    body = [
        [str(name), *("–" if pd.isna(v) else f"{100 * v:.1f}" for v in row)]
        for name, row in zip(shown.index, shown.to_numpy(float), strict=True)
    ]
    said = '<p class="says">In percent, the mean over the severities.</p>'
    return said + _table(head, body, "wide" if many else "plain")


def _table(head: Sequence[str], body: Sequence[Sequence[str]], kind: str) -> str:
    """A table; the first cell of a row is its heading, and text after a line break is small."""
    top = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(
            f'<td data-head="{escape(name)}">{_cell(text)}</td>' for name, text in zip(head[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in body
    )
    return f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(text: str) -> str:
    first, _, below = text.partition("\n")
    return escape(first) + (f"<small>{escape(below)}</small>" if below else "")


def _evidence(document: Document) -> str:
    parts = [f"<p>{escape(document.accuracy.footer.text)}</p>"]
    if document.errors is not None:
        parts.append(f"<p>{escape(document.errors.footer.text)}</p>")
    if document.evidence:
        lines = escape("\n".join(document.evidence))
        parts.append(f"<details><summary>Fingerprints and runs</summary><pre>{lines}</pre></details>")
    if document.command:
        parts.append(
            f"<p>Made by robustcore {escape(version('robustcore'))}; this command makes it again:</p><pre>{escape(document.command)}</pre>"
        )
    return "".join(parts)
