"""The documents' tables, and our models in the same metric under the same corruptions."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from dashboard.cache import compare
from dashboard.session import selection
from dashboard.views.compare import metric_views
from dashboard.views.compare.controls import KEY, Choice
from dashboard.widgets import figure, states
from robustcore import corruptions, metrics
from robustcore.figures import bars, compared, heatmap
from robustcore.reports import printed_tables
from robustcore.reports.compare import references
from robustcore.reports.compare.comparison import Comparison
from robustcore.reports.provenance import Footer

_FIRST = "Laugros' thesis 3.4a"


def panel(choice: Choice) -> None:
    """Choose a table and a metric, and draw it."""
    names = [table.name for table in printed_tables.offered()]
    left, right = st.columns([2, 1], gap="medium")
    with left:
        name = selection.selectbox(
            "Table",
            names,
            key=f"{KEY}_document",
            kind="table",
            default=_FIRST,
            text=lambda n: f"{n}: {printed_tables.get(n).title}",
        )
    table = printed_tables.get(name)
    with right:
        metric = selection.selectbox(
            "Metric",
            list(table.metrics),
            key=f"{KEY}_document_metric",
            kind="metric",
            text=printed_tables.title,
            help="What the table prints, or what follows from it.",
        )
    rows = printed_tables.rows(name, metric)
    footer = Footer(before=(printed_tables.source(name),))
    figure.card(
        heatmap.heatmap(
            rows,
            _scale(metric),
            footer=footer.text,
            alt=f"{table.name}: {printed_tables.title(metric)}",
            better=printed_tables.better(metric),
        ),
        key=f"{KEY}-document",
        title=states.plain(f"{table.name}: {table.title}"),
        says=f"As the document prints it{'' if _is_printed(name, metric) else ', computed from what it prints'}; bright is better.",
        table=rows.drop(columns=["condition", "kind"]),
        footer=footer,
        wide=True,
    )
    _ours(choice, rows, metric)


def _is_printed(name: str, metric: str) -> bool:
    from robustcore import published

    table = printed_tables.get(name)
    return bool((published.load(table.document, table.table)["metric"] == metric).any())


def _scale(metric: str) -> bars.Scale:
    if metric in metrics.registry.names():
        return compared.metric_scale(metrics.registry[metric], references.ALEXNET)
    title = printed_tables.title(metric)
    if printed_tables.in_percent(metric):
        return bars.Scale(title=f"{title} (%)", factor=100, number=".1f", unit=" %", limits=(0, 100))
    digits = 1 if metric.endswith(("ce", "mfr", "mt5d")) or "mce" in metric else 2
    return bars.Scale(title=title, number=f".{digits}f", limits=(None, None))


def _ours(choice: Choice, printed: pd.DataFrame, metric: str) -> None:
    """The chosen models under the table's corruptions in the same metric, where it is one that is computed here."""
    names = printed_tables.comparable(printed, metric)
    own = [m for m in choice.models if not m.startswith("published/")]
    if not names or not own or choice.is_published:
        st.caption("Nothing here is measured in this metric under these conditions." if not names else "")
        return
    suites = tuple(dict.fromkeys(corruptions.get(name).suites[0] for name in names))
    reference = own[0] if metrics.get(metric).reference else ""
    results, _ = compare.read(tuple(own), choice.data, suites, choice.severities, choice.storage, choice.seed)
    if results is None:
        st.caption(
            states.plain(f"None of the chosen models was evaluated under {', '.join(suites)}: no figures of ours.")
        )
        return
    comparison: Comparison = results.value
    here = dataclasses.replace(choice, models=tuple(own))
    result = metric_views.bars(results, here, metric, reference).value
    labels = dict(zip(comparison.corrupted["label"], comparison.corrupted["name"], strict=True))
    rows = result.table.assign(condition=result.table["name"].map(labels))
    rows = rows[rows["condition"].isin(names)].sort_values(
        "condition", key=lambda column: column.map({name: place for place, name in enumerate(names)}), kind="stable"
    )
    if rows.empty:
        return
    figure.card(
        heatmap.heatmap(
            rows,
            compared.scale(result),
            footer=result.footer.text,
            alt="Our models under the same corruptions",
            better=result.definition.better,
        ),
        key=f"{KEY}-document-ours",
        title="Our models, in the same metric under the same corruptions",
        says="Other networks and images than the document's: compare the pattern, not the values."
        + (f" Reference: {states.plain(references.title(reference))}." if reference else ""),
        table=rows,
        footer=result.footer,
        origin=comparison.provenance,
        wide=True,
    )
