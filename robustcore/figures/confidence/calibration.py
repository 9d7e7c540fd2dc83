"""Calibration: how sure and how right, which answers could be left out, and errors by severity and by corruption."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, distinct, finish, strokes


def reliability(lines: Mapping[str, pd.DataFrame], *, footer: str, alt: str) -> go.Figure:
    """Accuracy against confidence, one line for each model or state of a model; on the diagonal a model is as often right as it is sure.

    Args:
        lines: name -> confidence, accuracy (0 .. 1) and images, a row for each bin.
        footer, alt: as for every figure.
    """
    drawn, labels = strokes(list(lines)), distinct(list(lines))
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        name="as right as sure",
        hoverinfo="skip",
    )
    for name, rows in lines.items():
        figure.add_scatter(
            x=100 * rows["confidence"],
            y=100 * rows["accuracy"],
            mode="lines+markers",
            name=labels[name],
            line={"color": drawn[name].colour, "width": 2, "dash": drawn[name].dash},
            marker={"symbol": drawn[name].symbol, "size": 7, "color": drawn[name].colour},
            customdata=rows["images"],
            hovertemplate=f"<b>{name}</b><br>%{{customdata:,.0f}} images: %{{x:.1f}} % sure, %{{y:.1f}} % right<extra></extra>",
        )
    figure.update_xaxes(title="mean confidence of the images in a bin (%)", range=[-1, 102], dtick=20)
    figure.update_yaxes(title="accuracy of these images (%)", range=[-1, 103], dtick=20)
    return finish(figure, height=360, footer=footer, alt=alt, bottom=56)


def response_rate(curves: Mapping[str, pd.DataFrame], *, footer: str, alt: str) -> go.Figure:
    """The accuracy among the surest answers against the share of answers that are given.

    Args:
        curves: model -> share, accuracy (0 .. 1), a row for each bin, from the surest down.
        footer, alt: as for every figure.
    """
    drawn, labels = strokes(list(curves)), distinct(list(curves))
    figure = go.Figure()
    for name, curve in curves.items():
        figure.add_scatter(
            x=100 * curve["share"],
            y=100 * curve["accuracy"],
            mode="lines",
            name=labels[name],
            line={"color": drawn[name].colour, "width": 2.2, "dash": drawn[name].dash},
            hovertemplate=f"<b>{name}</b><br>surest %{{x:.0f}} %: %{{y:.1f}} % right<extra></extra>",
        )
    lowest = min((float(curve["accuracy"].min()) for curve in curves.values()), default=0.0)
    figure.update_xaxes(title="images answered, the surest first (%)", range=[-1, 101], dtick=20)
    figure.update_yaxes(title="accuracy among them (%)", range=[max(-1.0, 100 * lowest - 6), 101])
    return finish(figure, height=360, footer=footer, alt=alt, bottom=56)


def by_severity(table: pd.DataFrame, *, title: str, footer: str, alt: str) -> go.Figure:
    """An error against severity, the mean over the corruptions, with the clean images at 0.

    Args:
        table: model, severity (0 is clean), value, 0 .. 1, and where known low, high.
        title: of the axis.
        footer, alt: as for every figure.
    """
    models = list(dict.fromkeys(table["model"]))
    drawn, labels = strokes(models), distinct(models)
    figure = go.Figure()
    for model in models:
        rows = table[table["model"] == model].sort_values("severity")
        bars = None
        if "low" in rows and rows["low"].notna().all():
            bars = {
                "type": "data",
                "symmetric": False,
                "array": 100 * (rows["high"] - rows["value"]),
                "arrayminus": 100 * (rows["value"] - rows["low"]),
                "thickness": 1.2,
                "width": 3,
            }
        figure.add_scatter(
            x=rows["severity"],
            y=100 * rows["value"],
            error_y=bars,
            mode="lines+markers",
            name=labels[model],
            line={"color": drawn[model].colour, "width": 2, "dash": drawn[model].dash},
            marker={"symbol": drawn[model].symbol, "size": 8, "color": drawn[model].colour},
            hovertemplate=f"<b>{model}</b><br>severity %{{x}}: %{{y:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(
        title="severity (0: clean images)", showgrid=False, tickvals=[0, 1, 2, 3, 4, 5], range=[-0.2, 5.2]
    )
    figure.update_yaxes(title=title, rangemode="tozero")
    return finish(figure, height=280, footer=footer, alt=alt, bottom=56)


def by_condition(table: pd.DataFrame, *, title: str, footer: str, alt: str) -> go.Figure:
    """An error under each corruption, models beside each other, with intervals.

    Args:
        table: model, name, value, 0 .. 1, and where known low, high; the corruptions in the order in which they are drawn.
        title: of the axis.
        footer, alt: as for every figure.
    """
    models, names = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["name"]))
    drawn, labels = strokes(models), distinct(models)
    figure = go.Figure()
    step = 0.6 / max(1, len(models))
    for place, model in enumerate(models):
        rows = table[table["model"] == model].set_index("name").reindex(names)
        figure.add_scatter(
            x=100 * rows["value"],
            y=np.arange(len(names)) + (place - (len(models) - 1) / 2) * step,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": 100 * (rows["high"] - rows["value"]),
                "arrayminus": 100 * (rows["value"] - rows["low"]),
                "thickness": 1.2,
                "width": 2,
            },
            mode="markers",
            name=labels[model],
            marker={"symbol": drawn[model].symbol, "size": 8, "color": drawn[model].colour},
            text=[display_name(name, "corruption") for name in names],
            hovertemplate=f"<b>{model}</b><br>%{{text}}: %{{x:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title=title, rangemode="tozero")
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[display_name(name, "corruption") for name in names],
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
    )
    return finish(figure, height=max(160, 26 * len(names)), footer=footer, alt=alt, bottom=56)
