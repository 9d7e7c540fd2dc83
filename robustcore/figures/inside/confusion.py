"""A confusion matrix whose cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import finish, short
from robustcore.reports.images.confusion import Confusion

_ROW = 27  # pixels
_WIDEST = 18  # letters of a class's name


def confusion_matrix(
    confusion: Confusion, names: Sequence[str], *, footer: str, alt: str, colours: list[str] | None = None
) -> go.Figure:
    """What is right (rows) against what is answered (columns), as shares of each row; the number of answers is in the cell.

    A click on a cell reports (class that is right, class that is answered), numbers both, as `customdata`.

    Args:
        confusion: at least one class.
        names: of all of the model's classes.
        footer, alt: as for every figure.
        colours: from little to much; default the template's.
    """
    k = len(confusion.classes)
    shown = [short(display_name(names[c]), _WIDEST) for c in confusion.classes]
    totals = confusion.counts.sum(1) + confusion.outside
    shares = 100 * confusion.counts / np.maximum(totals, 1)[:, None]
    figure = go.Figure(
        go.Heatmap(
            z=np.where(totals[:, None] > 0, shares, np.nan),
            zmin=0,
            zmax=100,
            colorscale=colours or "Cividis",
            hoverinfo="skip",
            xgap=1,
            ygap=1,
            text=np.where(confusion.counts > 0, confusion.counts.astype(str), ""),
            texttemplate="%{text}" if k <= 12 else None,
            textfont={"size": 10},
            colorbar={"title": {"text": "% of row"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    # A heatmap reports no click; this transparent square over each cell does.
    cells = [(i, j) for i in range(k) for j in range(k)]
    figure.add_scatter(
        x=[j for _, j in cells],
        y=[i for i, _ in cells],
        mode="markers",
        showlegend=False,
        marker={"symbol": "square", "size": 22, "opacity": 0, "line": {"width": 0}},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[int(confusion.classes[i]), int(confusion.classes[j])] for i, j in cells],
        hovertext=[
            f"is {display_name(names[confusion.classes[i]])}<br>answered {display_name(names[confusion.classes[j]])}<br>"
            f"{confusion.counts[i, j]:,} of {totals[i]:,}"
            for i, j in cells
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_xaxes(
        title="answered", tickvals=list(range(k)), ticktext=shown, showgrid=False, range=[-0.5, k - 0.5], tickangle=-45
    )
    figure.update_yaxes(
        title="is",
        tickvals=list(range(k)),
        ticktext=shown,
        showgrid=False,
        range=[k - 0.5, -0.5],
        tickfont={"size": 11},
    )
    figure.update_xaxes(tickfont={"size": 11})
    return finish(figure, height=max(180, _ROW * k), footer=footer, alt=alt, legend=False, bottom=110)
