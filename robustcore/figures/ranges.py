"""Ranges: for each model, from its weakest condition over its mean to its clean accuracy, on one line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, finish, plain, short, strokes

_ROW = 58  # pixels for a model: its name, and its line under it


def accuracy_ranges(table: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """What each model keeps of its clean accuracy.

    Args:
        table: one row for each model, in the order in which they are drawn: `model`, `clean`, `mean` and `weakest`
            (accuracies in 0..1, NaN where unknown), and `weakest_name`, the condition that is hardest for the model.
        footer: where the numbers come from.
        alt: what the figure shows, in words.
    """
    models = list(table["model"])
    drawn = strokes(models)
    figure = go.Figure()
    rows = table.to_dict("records")
    marks = (
        ("clean", "clean", "circle", 13),
        ("mean", "mean", "diamond", 13),
        ("weakest", "weakest", "circle-open", 12),
    )
    for i, row in enumerate(rows):
        y, colour = _ROW * i + 38, drawn[row["model"]].colour
        figure.add_scatter(
            x=[100 * row["weakest"], 100 * row["clean"]], y=[y, y], mode="lines", line={"color": colour, "width": 4},
            opacity=0.45, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_annotation(
            x=0, y=y - 20, text=f"<b>{short(row['model'], 40)}</b>", xanchor="left", showarrow=False, font={"size": 13}
        )
        if pd.notna(row["weakest"]):
            figure.add_annotation(
                x=100 * row["weakest"], y=y, text=plain(str(row["weakest_name"])), xanchor="right", xshift=-9,
                showarrow=False, font={"size": 11, "color": NEUTRAL},
            )  # fmt: skip
    for label, column, symbol, size in marks:
        figure.add_scatter(
            x=table[column] * 100, y=[_ROW * i + 38 for i in range(len(rows))], mode="markers", name=label,
            marker={
                "symbol": symbol, "size": size, "color": [drawn[m].colour for m in models],
                "line": {"width": 2.5 if symbol.endswith("open") else 0, "color": [drawn[m].colour for m in models]},
            },
            hovertext=[_hover(row, label, column) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="accuracy (%)", range=[0, 101], dtick=20, showgrid=True)
    figure.update_yaxes(range=[_ROW * len(rows) + 4, 0], visible=False)
    return finish(figure, height=_ROW * len(rows) + 4, footer=footer, alt=alt, bottom=50)


def _hover(row: Mapping[Hashable, Any], label: str, column: str) -> str:
    what = f"{label} ({plain(row['weakest_name'])})" if column == "weakest" else label
    return f"<b>{row['model']}</b><br>{what}: {100 * row[column]:.1f} %"
