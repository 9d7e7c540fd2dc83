"""Filtration: how many images every step leaves, and who is fooled by those that are kept."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, PALETTE, distinct, finish

_ROW = 38  # pixels
_LEAST = 0.004  # of the axis: a bar that is there is seen
_SETS = {"random": "random images of the same classes", "kept": "kept images"}


def funnel(steps: Sequence[tuple[str, int, float]], *, footer: str, alt: str) -> go.Figure:
    """One bar a step, with its number and its share of all.

    Args:
        steps: (what is left, images, share of the first step), in their order.
        footer, alt: as for every figure.
    """
    names = [_wrapped(text) for text, _, _ in steps]
    y = list(range(len(steps)))
    shares = [max(share, _LEAST if images else 0) for _, images, share in steps]
    texts = [
        f" {images:,} ({share:.1%})" if place else f" {images:,}" for place, (_, images, share) in enumerate(steps)
    ]
    figure = go.Figure()
    figure.add_bar(
        x=shares,
        y=y,
        orientation="h",
        marker={"color": PALETTE[0]},
        text=texts,
        textposition=["inside" if share > 0.7 else "outside" for share in shares],
        hovertext=[f"<b>{text}</b><br>{images:,} images, {share:.2%} of all" for text, images, share in steps],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_xaxes(visible=False, range=[0, 1.02])
    figure.update_yaxes(tickvals=y, ticktext=names, range=[len(steps) - 0.4, -0.6], showgrid=False)
    figure.update_layout(bargap=0.25)
    return finish(figure, height=_ROW * len(steps), footer=footer, alt=alt, legend=False, bottom=8)


def transfer(table: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """For each model two points with intervals: accuracy on random images and on the kept ones.

    Args:
        table: of `reports.filtration.transfer`.
        footer, alt: as for every figure.
    """
    models = list(dict.fromkeys(table["model"]))
    labels = distinct(models, 30)
    chose = table.drop_duplicates("model").set_index("model")["chose"]
    figure = go.Figure()
    for number, (images, title) in enumerate(_SETS.items()):
        rows = table[table["images"] == images]
        figure.add_scatter(
            x=100 * rows["accuracy"],
            y=[models.index(model) + (number - 0.5) * 0.3 for model in rows["model"]],
            mode="markers",
            name=title,
            marker={
                "color": NEUTRAL if images == "random" else PALETTE[4],
                "size": 11,
                "symbol": ("circle", "diamond")[number],
            },
            error_x={
                "type": "data",
                "array": 100 * (rows["high"] - rows["accuracy"]),
                "arrayminus": 100 * (rows["accuracy"] - rows["low"]),
                "thickness": 1.5,
                "width": 3,
            },
            hovertext=[_interval(row, title) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ticks = [f"{labels[model]}{'<br>(chose)' if chose[model] else ''}" for model in models]
    figure.update_xaxes(title="accuracy (%)", range=[-2, 102], showgrid=True)
    figure.update_yaxes(
        tickvals=list(range(len(models))), ticktext=ticks, range=[len(models) - 0.5, -0.5], showgrid=False
    )
    return finish(figure, height=52 * len(models), footer=footer, alt=alt, bottom=52)


def _interval(row: Mapping[Hashable, Any], title: str) -> str:
    accuracy, low, high = (100 * float(row[name]) for name in ("accuracy", "low", "high"))
    return f"<b>{row['model']}</b><br>{title}: {accuracy:.1f} % ({low:.1f} to {high:.1f}), {row['n']:,} images"


def _wrapped(text: str) -> str:
    """A step's name in two lines where it names a model."""
    model, colon, rest = text.rpartition(": ")
    return f"{model}<br>{rest}" if colon else text
