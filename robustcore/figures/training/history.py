"""Training: the accuracy of each epoch on the training batches, and on validation images."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import PALETTE, finish


def training_history(table: pd.DataFrame, *, footer: str, alt: str, height: int = 220) -> go.Figure:
    """A line over the epochs, and a second one where validation accuracies were measured.

    Args:
        table: epoch (1 ..), loss, accuracy in 0..1, and validation in 0..1 or NaN.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    figure = go.Figure()
    validated = bool(table["validation"].notna().any())
    for place, (column, title) in enumerate((("accuracy", "training batches"), ("validation", "validation images"))):
        if column == "validation" and not validated:
            continue
        figure.add_scatter(
            x=table["epoch"],
            y=100 * table[column],
            name=title,
            mode="lines+markers",
            line={"color": PALETTE[place], "width": 2},
            customdata=table["loss"],
            hovertemplate=f"epoch %{{x}}<br>{title} %{{y:.1f}} %<br>loss %{{customdata:.3f}}<extra></extra>",
            showlegend=validated,
        )
    figure.update_xaxes(title="epoch", dtick=1 if len(table) <= 16 else None)
    figure.update_yaxes(title="accuracy (%)" if validated else "accuracy on training batches (%)")
    return finish(figure, footer=footer, alt=alt, height=height, legend=validated)
