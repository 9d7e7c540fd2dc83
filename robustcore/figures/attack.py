"""The anatomy of an attack on one image: loss and classes over the queries, and the sweep over eps."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._plain_names import plain
from robustcore.figures._style import NEUTRAL, PALETTE, finish, strokes

_MOST_CLASSES = 6


def trajectory(
    table: pd.DataFrame,
    *,
    right: str,
    wanted: str | None,
    chosen: int,
    footer: str,
    alt: str,
    height: int = 260,
    known: bool = True,
) -> go.Figure:
    """Probabilities of the classes that matter, query by query, and the loss on an axis of its own.

    Args:
        table: rows with query, loss, class, probability; a class without a row at a query was not among its best.
        right: the class that the attack leads away from, drawn first.
        known: whether it is the true class, or else the model's answer to the clean image.
        wanted: the target class, if there is one.
        chosen: the query that is shown beside the figure; marked by a line.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    wide = table.pivot_table(index="query", columns="class", values="probability", aggfunc="first").fillna(0.0)
    order = wide.max().sort_values(ascending=False).index.tolist()
    first = [name for name in (right, wanted) if name in order]
    names = [*first, *(name for name in order if name not in first)][:_MOST_CLASSES]
    drawn = strokes(names)
    figure = go.Figure()
    for name in names:
        label = (
            f"{name} ({'true' if known else 'clean answer'})"
            if name == right
            else f"{name} (target)"
            if name == wanted
            else name
        )
        figure.add_scatter(
            x=wide.index,
            y=100 * wide[name],
            name=label,
            mode="lines+markers",
            line={"color": drawn[name].colour, "dash": "solid", "width": 3 if name in first else 1.8},
            marker={"symbol": drawn[name].symbol, "size": 6},
            hovertemplate=f"query %{{x}}<br>{label}: %{{y:.1f}} %<extra></extra>",
        )
    loss = table.drop_duplicates("query").sort_values("query")
    figure.add_scatter(
        x=loss["query"],
        y=loss["loss"],
        name="loss (right axis)",
        mode="lines",
        yaxis="y2",
        line={"color": NEUTRAL, "dash": "dot", "width": 2},
        hovertemplate="query %{x}<br>loss %{y:.3g}<extra></extra>",
    )
    figure.add_vline(x=chosen, line={"color": NEUTRAL, "width": 1})
    figure.update_xaxes(title="query of the model", showgrid=False)
    figure.update_yaxes(title="probability (%)", range=[-2, 102], dtick=25)
    figure.update_layout(
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "title": "cross-entropy",
            "showgrid": False,
            "rangemode": "tozero",
            "tickmode": "auto",
            "nticks": 5,
            "fixedrange": True,
        }
    )
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)


def eps_sweep(table: pd.DataFrame, *, right: str, chosen: float | None, unit: str, footer: str, alt: str) -> go.Figure:
    """The probability of the right class against eps; filled points reached the goal.

    Args:
        table: rows with `shown` (eps in the unit of the axis), probability, success, answer.
        right: the class whose probability it is.
        chosen: the eps of the page, in the unit of the axis; None for none.
        unit: of the axis.
        footer, alt: as for every figure.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=table["shown"],
        y=100 * table["probability"],
        mode="lines",
        line={"color": PALETTE[0], "width": 2.5},
        showlegend=False,
        hoverinfo="skip",
    )
    for reached, name, symbol in ((False, "goal not reached", "circle-open"), (True, "goal reached", "x")):
        rows = table[table["success"] == reached]
        figure.add_scatter(
            x=rows["shown"],
            y=100 * rows["probability"],
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 10, "color": PALETTE[4] if reached else PALETTE[0], "line": {"width": 2}},
            customdata=plain(rows["answer"].tolist()),
            hovertemplate="eps %{x:.3g}<br>answer %{customdata}<br>" + right + " %{y:.1f} %<extra></extra>",
        )
    if chosen is not None:
        figure.add_vline(x=chosen, line={"color": NEUTRAL, "width": 1})
    figure.update_xaxes(title=f"eps ({unit})", rangemode="tozero", showgrid=False)
    figure.update_yaxes(title=f"probability of {right} (%)", range=[-2, 102], dtick=25)
    return finish(figure, height=240, footer=footer, alt=alt, bottom=56)
