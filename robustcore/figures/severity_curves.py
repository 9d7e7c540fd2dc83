"""Severity curves: accuracy against severity, the clean images at 0."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.display import display_name
from robustcore.figures._style import Stroke, distinct, finish, name_groups, strokes

CROWD = 12  # models beyond which a legend says less than a pointer does
_TICKS = {"tickvals": [0, 1, 2, 3, 4, 5], "range": [-0.15, 5.15]}


def severity_curve(
    table: pd.DataFrame,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    height: int = 300,
) -> go.Figure:
    """One line for each model, with a band for its interval.

    Args:
        table: rows with `model`, `severity` (0 is clean), `accuracy` in 0..1, and where known `low`, `high`, `n`.
        footer: where the numbers come from.
        alt: what the figure shows, in words.
        legend: what the legend says of a model; default its name.
        groups: model -> what it belongs to, which tells the colour where there are many models.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    labels = distinct(models) | dict(legend or {})
    crowd = len(models) > CROWD
    grouped = groups if crowd else None
    drawn = strokes(models, grouped)
    figure = go.Figure()
    for model in models:
        rows = table[table["model"] == model].sort_values("severity")
        label = labels[model]
        if not crowd:
            _band(figure, rows, drawn[model], label)
        figure.add_scatter(
            **_line(rows, drawn[model], label, size=4 if crowd else 8, named=not crowd, grouped=not crowd)
        )
    name_groups(figure, grouped, models)
    figure.update_xaxes(title="severity (0: clean images)", showgrid=False, **_TICKS)
    figure.update_yaxes(title="accuracy (%)", range=[0, 100.5], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, legend=bool(grouped) or not crowd, bottom=56)


def severity_panels(
    table: pd.DataFrame,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    columns: int = 3,
) -> go.Figure:
    """One small panel for each condition, in the order of the table, all on the same axes.

    Args:
        table: rows with `model`, `name`, `severity` (0 is clean) and `accuracy` in 0..1.
        footer, alt, legend, groups: as for `severity_curve`.
        columns: panels in a row; three still read on a telephone.
    """
    models, names = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["name"]))
    labels = distinct(models) | dict(legend or {})
    crowd = len(models) > CROWD
    grouped = groups if crowd else None
    drawn = strokes(models, grouped)
    count = max(1, math.ceil(len(names) / columns))
    panel, between = 118, 34
    height = count * panel + (count - 1) * between
    figure = make_subplots(
        rows=count,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[display_name(n) for n in names],
        horizontal_spacing=0.025,
        vertical_spacing=between / height if count > 1 else 0,
    )
    for index, name in enumerate(names):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        for model in models:
            rows = table[(table["model"] == model) & (table["name"] == name)].sort_values("severity")
            label = labels[model]
            named = not crowd and index == 0
            figure.add_scatter(**_line(rows, drawn[model], label, size=4, named=named, grouped=not crowd), **place)
    name_groups(figure, grouped, models)
    figure.update_xaxes(showgrid=False, **_TICKS)
    figure.update_yaxes(range=[0, 101], tickvals=[0, 50, 100])
    figure.update_annotations(font={"size": 11}, yshift=-1)
    finish(figure, height=height, footer=footer, alt=alt, legend=bool(grouped) or not crowd, top=20, bottom=30)
    figure.update_layout(legend={"y": 1 + 22 / height})
    return figure


def _line(
    rows: pd.DataFrame, stroke: Stroke, label: str, *, size: int, named: bool, grouped: bool
) -> dict[str, object]:
    """A model's line. Lines that no legend names belong to no group of it, or it would stand in one column."""
    texts = []
    for row in rows.to_dict("records"):
        where = "clean" if row["severity"] == 0 else f"severity {int(row['severity'])}"
        text = f"<b>{row['model']}</b><br>{where}: {100 * row['accuracy']:.1f} %"
        if pd.notna(row.get("low")):
            text += f"<br>95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f} %"
        if pd.notna(row.get("n")):
            text += f"<br>{int(row['n']):,} images"
        texts.append(text)
    return {
        "x": rows["severity"],
        "y": rows["accuracy"] * 100,
        "mode": "lines+markers",
        "name": label,
        "legendgroup": stroke.group or (label if grouped else None),
        "showlegend": named,
        "line": {"color": stroke.colour, "width": 2 if size > 4 else 1.3, "dash": stroke.dash},
        "marker": {"symbol": stroke.symbol, "size": size, "color": stroke.colour},
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _band(figure: go.Figure, rows: pd.DataFrame, stroke: Stroke, label: str) -> None:
    """The interval as a band behind the line."""
    if "low" not in rows or rows["low"].isna().any():
        return
    figure.add_scatter(
        x=[*rows["severity"], *rows["severity"][::-1]],
        y=[*(100 * rows["high"]), *(100 * rows["low"])[::-1]],
        fill="toself",
        fillcolor=stroke.fill(0.15),
        mode="none",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=label,
    )
