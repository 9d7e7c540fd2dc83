"""Likeness of two trainings against the gain of combining them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, distinct, finish, strokes


def combination_gain(table: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """One point for each combined training.

    Args:
        table: combined, first, second, cka (0 .. 1), gain (in shares).
        footer, alt: as for every figure.
    """
    drawn = table.dropna(subset=["cka", "gain"])
    labels, styles = distinct(drawn["combined"].tolist()), strokes(drawn["combined"].tolist())
    figure = go.Figure()
    for row in drawn.to_dict("records"):
        name = str(row["combined"])
        figure.add_scatter(
            x=[row["cka"]],
            y=[100 * row["gain"]],
            mode="markers+text",
            text=[labels[name]],
            textposition="top center",
            cliponaxis=False,
            name=name,
            marker={"size": 11, "color": styles[name].colour, "symbol": styles[name].symbol},
            hovertext=[
                f"<b>{name}</b><br>{row['first']}<br>{row['second']}<br>CKA {row['cka']:.2f}, gain {100 * row['gain']:+.1f} points"
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    least, most = float(drawn["cka"].min()), float(drawn["cka"].max())
    room = max(0.02, 0.25 * (most - least))
    figure.update_xaxes(title="mean CKA of the two trainings, layer by layer", range=[least - room, most + room])
    figure.update_yaxes(title="gain over the better one, points", rangemode="tozero")
    return finish(figure, height=320, footer=footer, alt=alt, legend=False)
