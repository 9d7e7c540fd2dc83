"""Inside of networks: histograms of their weights, and how alike their layers are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.figures._style import distinct, finish, short, strokes
from robustcore.inside.similarity import Similarity
from robustcore.inside.weights import KINDS, PLACES


def weight_histograms(bins: pd.DataFrame, *, footer: str, alt: str) -> go.Figure:
    """A panel for each place and kind, in it a line for each model.

    Args:
        bins: model, place, kind, left, right, share, as `inside.weights.histograms` gives them.
        footer, alt: as for every figure.
    """
    models = list(dict.fromkeys(bins["model"]))
    drawn, labels = strokes(models), distinct(models)
    present = {(place, kind) for place, kind in zip(bins["place"], bins["kind"], strict=True)}
    places = [place for place in PLACES if any((place, kind) in present for kind in KINDS)]
    kinds = [kind for kind in KINDS if any((place, kind) in present for place in PLACES)]
    figure = make_subplots(
        rows=len(places),
        cols=len(kinds),
        subplot_titles=[f"{place}: {kind}" if (place, kind) in present else "" for place in places for kind in kinds],
        horizontal_spacing=0.05,
        vertical_spacing=0.3 / len(places),
    )
    named: set[str] = set()
    for keys, rows in bins.groupby(["place", "kind", "model"], sort=False):
        place, kind, model = map(str, keys)
        figure.add_scatter(
            x=(rows["left"] + rows["right"]) / 2,
            y=100 * rows["share"],
            mode="lines",
            line={"color": drawn[model].colour, "dash": drawn[model].dash, "width": 1.8, "shape": "hvh"},
            name=labels[model],
            legendgroup=model,
            showlegend=model not in named,
            hovertemplate=f"<b>{labels[model]}</b><br>about %{{x:.3g}}: %{{y:.1f}} %<extra></extra>",
            row=places.index(place) + 1,
            col=kinds.index(kind) + 1,
        )
        named.add(model)
    for row, place in enumerate(places, start=1):
        for column, kind in enumerate(kinds, start=1):
            if (place, kind) not in present:
                figure.update_xaxes(visible=False, row=row, col=column)
                figure.update_yaxes(visible=False, row=row, col=column)
    figure.update_xaxes(nticks=5, tickfont={"size": 11})
    figure.update_yaxes(rangemode="tozero", nticks=4, ticksuffix=" %", tickfont={"size": 11})
    figure.update_annotations(font_size=12)
    height = 170 * len(places)
    finish(figure, height=height, footer=footer, alt=alt, legend=len(models) > 1, top=24)
    return figure.update_layout(legend_y=1 + 26 / height)  # above the panels' titles


def similarity_map(
    similarity: Similarity,
    names: tuple[str, str],
    *,
    footer: str,
    alt: str,
    colours: list[str] | None = None,
    chosen: tuple[str, str] | None = None,
) -> go.Figure:
    """CKA of each layer of one network (rows, the image at the bottom) with each of another (columns).

    A click on a cell reports (layer of the first, layer of the second) as `customdata`.

    Args:
        similarity: at least one layer each.
        names: of the two networks.
        footer, alt: as for every figure.
        colours: from little to much; default the template's.
        chosen: a cell with an outline.
    """
    rows, columns = similarity.first, similarity.second
    figure = go.Figure(
        go.Heatmap(
            z=similarity.values,
            zmin=0,
            zmax=1,
            colorscale=colours or "Cividis",
            hoverinfo="skip",
            colorbar={"title": {"text": "CKA"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    # A heatmap reports no click; this transparent square over each cell does.
    figure.add_scatter(
        x=np.tile(np.arange(len(columns)), len(rows)),
        y=np.repeat(np.arange(len(rows)), len(columns)),
        mode="markers",
        showlegend=False,
        marker={"symbol": "square", "size": 11, "opacity": 0, "line": {"width": 0}},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[a, b] for a in rows for b in columns],
        hovertext=[
            f"{a} of {names[0]}<br>{b} of {names[1]}<br>CKA {similarity.values[i, j]:.2f}"
            for i, a in enumerate(rows)
            for j, b in enumerate(columns)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    if chosen is not None and chosen[0] in rows and chosen[1] in columns:
        i, j = rows.index(chosen[0]), columns.index(chosen[1])
        figure.add_shape(
            type="rect", x0=j - 0.5, x1=j + 0.5, y0=i - 0.5, y1=i + 0.5, line={"color": "#db7900", "width": 3}
        )
    figure.update_xaxes(
        title=f"layers of {short(names[1], 40)}",
        showgrid=False,
        range=[-0.5, len(columns) - 0.5],
        tickangle=-45,
        **_ticks(columns),
    )
    figure.update_yaxes(
        title=f"layers of {short(names[0], 40)}", showgrid=False, range=[-0.5, len(rows) - 0.5], **_ticks(rows)
    )
    return finish(figure, height=430, footer=footer, alt=alt, legend=False, bottom=96)


def _ticks(layers: tuple[str, ...]) -> dict[str, object]:
    """The names of about eight layers."""
    places = np.unique(np.linspace(0, len(layers) - 1, min(8, len(layers))).round().astype(int))
    return {"tickvals": places, "ticktext": [short(layers[i], 20) for i in places], "tickfont": {"size": 11}}
