"""Anomaly segmentation: false positives by their distance from boundaries, and what corruptions do."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, finish, strokes


def by_distance(
    table: pd.DataFrame, titles: Mapping[str, str], *, footer: str, alt: str, height: int = 280
) -> go.Figure:
    """The share of known pixels that are flagged, by their distance from the nearest boundary of classes.

    Args:
        table: score, low and high (pixels), flagged (0..1).
        titles: score -> title.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    names = list(dict.fromkeys(table["score"]))
    drawn = strokes(names)
    figure = go.Figure()
    for name in names:
        rows = table[table["score"] == name]
        labels = [
            f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
            for low, high in zip(rows["low"], rows["high"], strict=True)
        ]
        figure.add_scatter(
            x=labels,
            y=100 * rows["flagged"],
            mode="lines+markers",
            name=titles[name],
            line={"color": drawn[name].colour, "dash": drawn[name].dash, "width": 2},
            marker={"color": drawn[name].colour, "symbol": drawn[name].symbol, "size": 8},
            hovertemplate="%{x} pixels away: %{y:.1f} % flagged",
        )
    figure.update_xaxes(title="pixels from the nearest boundary of classes", showgrid=False, type="category")
    figure.update_yaxes(title="known pixels flagged (%)", rangemode="tozero")
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)


def by_severity(table: pd.DataFrame, titles: Mapping[str, str], *, footer: str, alt: str) -> go.Figure:
    """mIoU and the scores' AUROC by severity, a panel for each corruption.

    Args:
        table: corruption, severity (0 is clean), miou, score, auroc, 0..1.
        titles: score -> title.
        footer, alt: as for every figure.
    """
    corruptions = list(dict.fromkeys(table["corruption"]))
    columns = 2
    rows = math.ceil(len(corruptions) / columns)
    names = list(dict.fromkeys(table["score"]))
    drawn = strokes(["mIoU", *names])
    panel, between = 130, 44
    height = rows * panel + (rows - 1) * between
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[display_name(name, "corruption") for name in corruptions],
        horizontal_spacing=0.05,
        vertical_spacing=between / height if rows > 1 else 0,
    )
    for place, corruption in enumerate(corruptions):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        own = table[table["corruption"] == corruption].sort_values("severity")
        lines = [("mIoU", own.drop_duplicates("severity"), "miou")]
        lines += [(name, own[own["score"] == name], "auroc") for name in names]
        for name, line, column in lines:
            title = "mIoU" if name == "mIoU" else f"AUROC, {titles[name].lower()}"
            figure.add_scatter(
                x=line["severity"],
                y=100 * line[column],
                mode="lines+markers",
                name=title,
                legendgroup=title,
                showlegend=place == 0,
                line={"color": drawn[name].colour, "dash": drawn[name].dash, "width": 2},
                marker={"color": drawn[name].colour, "symbol": drawn[name].symbol, "size": 6},
                hovertemplate="severity %{x}: %{y:.1f} %",
                **where,
            )
    figure.add_hline(y=50, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_xaxes(showgrid=False, tickvals=sorted(set(table["severity"])))
    figure.update_yaxes(range=[0, 101], tickvals=[0, 50, 100])
    figure.update_annotations(font={"size": 11}, yshift=-1)
    finish(figure, height=height, footer=footer, alt=alt, top=20, bottom=30)
    figure.update_layout(legend={"y": 1 + 22 / height})
    return figure
