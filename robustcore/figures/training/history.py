"""Training: the accuracy of each epoch on the training batches."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import PALETTE, finish


def training_history(table: pd.DataFrame, *, footer: str, alt: str, height: int = 220) -> go.Figure:
    """A line over the epochs.

    Args:
        table: epoch (1 ..), loss, and accuracy in 0..1.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=table["epoch"],
        y=100 * table["accuracy"],
        mode="lines+markers",
        line={"color": PALETTE[0], "width": 2},
        customdata=table["loss"],
        hovertemplate="epoch %{x}<br>accuracy %{y:.1f} %<br>loss %{customdata:.3f}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="epoch", dtick=1 if len(table) <= 16 else None)
    figure.update_yaxes(title="accuracy on training batches (%)")
    return finish(figure, footer=footer, alt=alt, height=height, legend=False)
