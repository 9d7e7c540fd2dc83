"""Who is fooled by the images that a filtration keeps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, PALETTE, distinct, finish

_ROW = 38  # pixels
_SETS = {"random": "random images of the same classes", "kept": "kept images"}


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
