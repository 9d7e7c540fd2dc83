"""The map of overlaps: corruptions against corruptions, category by category, every cell to be clicked."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import FONT, GRID, NEUTRAL, PALETTE, finish

SQUARE = PALETTE[1]  # outlines of categories: the scale's complement, on white and on near-black
CHOSEN = PALETTE[3]
WRITTEN = 20  # corruptions up to which the numbers stand in the cells
_LETTER = 0.49  # width of a letter as a share of its size
_SLANT = math.radians(60)


def cell_side(count: int) -> int:
    """Pixels of a cell's side: a map of 40 still stands beside its panel, names no closer than their letters are high."""
    return 30 if count <= 16 else 27 if count <= 20 else 20 if count <= 28 else 17 if count <= 34 else 14


def overlap_map(
    pairs: pd.DataFrame,
    blocks: Sequence[tuple[str, Sequence[str]]],
    labels: Mapping[str, str],
    *,
    footer: str,
    alt: str,
    signed: bool = False,
    chosen: tuple[str, str] | None = None,
    side: int | None = None,
    named: bool = True,
    colours: Sequence[str] = (),
) -> go.Figure:
    """All overlaps as coloured cells, those of a category in a square of their own.

    The figure has a width: cells are squares, so that a page scrolls it sideways where there is no room. A click on a cell
    reports (first, second) as `customdata`.

    Args:
        pairs: first, second, overlap, signed, low, high, sd, reason, as `reports.atlas.pairs` gives them.
        blocks: title and corruptions of each category in the order of the axes; one without a title has no square.
        labels: how each corruption is written.
        footer, alt: as for every figure.
        signed: draw the values before they were cut off at 0, on a diverging scale.
        chosen: a cell with an outline.
        side: pixels of a cell; default by the number of corruptions.
        named: whether the categories' titles stand at the right.
        colours: from the least value to the greatest; default the template's.
    """
    names = [name for _, members in blocks for name in members]
    size = side or cell_side(len(names))
    ordered = pairs.set_index(["first", "second"]).loc[[(a, b) for a in names for b in names]].reset_index()
    k = len(names)
    column = "signed" if signed else "overlap"
    z = ordered[column].to_numpy(dtype=float).reshape(k, k)
    figure = go.Figure()
    _undefined(figure, z, size)
    written = k <= WRITTEN and size >= 24
    figure.add_heatmap(
        z=z,
        x=list(range(k)),
        y=list(range(k)),
        coloraxis="coloraxis",
        hoverinfo="skip",
        xgap=1,
        ygap=1,
        text=_numbers(z) if written else None,
        texttemplate="%{text}" if written else None,
        textfont={"size": 10 if size >= 27 else 9},
    )
    of = {name: title for title, members in blocks for name in members}
    # A heatmap reports no click; this transparent square over each cell does.
    figure.add_scatter(
        x=np.tile(np.arange(k), k),
        y=np.repeat(np.arange(k), k),
        mode="markers",
        showlegend=False,
        marker={"symbol": "square", "size": size, "opacity": 0, "line": {"width": 0}},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=ordered[["first", "second"]].to_numpy(),
        hovertext=[_hover(row, labels, of) for row in ordered.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    titles = _squares(figure, blocks, size, k, named)
    if chosen is not None and set(chosen) <= set(names):
        i, j = names.index(chosen[0]), names.index(chosen[1])
        for row, col, width in ((i, j, 3), (j, i, 1.5)):
            figure.add_shape(
                type="rect",
                x0=col - 0.5,
                x1=col + 0.5,
                y0=row - 0.5,
                y1=row + 0.5,
                line={"color": CHOSEN, "width": width},
            )
    _axes(figure, [labels.get(name, name) for name in names], size, titles, signed, footer, alt)
    if colours:
        places = np.linspace(0, 1, len(colours))
        figure.update_layout(
            coloraxis_colorscale=[[float(x), colour] for x, colour in zip(places, colours, strict=True)]
        )
    return figure


def _undefined(figure: go.Figure, z: npt.NDArray[np.float64], size: int) -> None:
    """Grey hatching where a value is undefined."""
    rows, columns = np.nonzero(np.isnan(z))
    if not len(rows):
        return
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        hoverinfo="skip",
        showlegend=False,
        marker={"symbol": "square", "size": size - 1, "color": GRID, "line": {"width": 0}},
    )
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        hoverinfo="skip",
        showlegend=False,
        marker={"symbol": "line-ne", "size": size * 0.72, "line": {"color": NEUTRAL, "width": 1}},
    )


def _numbers(z: npt.NDArray[np.float64]) -> list[list[str]]:
    """Two digits without the nought in front: the cells are small."""
    return [["" if math.isnan(v) else _short(v) for v in row] for row in z]


def _short(value: float) -> str:
    text = f"{value:.2f}"
    if text in ("0.00", "-0.00"):
        return "0"
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text.rstrip("0").rstrip(".")


def _squares(figure: go.Figure, blocks: Sequence[tuple[str, Sequence[str]]], size: int, count: int, named: bool) -> int:
    """Outlines of the categories, their titles at the right; gives the titles' room in pixels."""
    start, room = 0, 0
    for title, members in blocks:
        end = start + len(members)
        if title:
            figure.add_shape(
                type="rect",
                x0=start - 0.5,
                x1=end - 0.5,
                y0=start - 0.5,
                y1=end - 0.5,
                line={"color": SQUARE, "width": 2.5},
            )
            if named:
                width = max(8, int(118 / (11 * _LETTER)))
                text = title if len(title) <= width else title[: width - 1] + "…"
                figure.add_annotation(
                    x=count - 0.5,
                    y=(start + end - 1) / 2,
                    xref="x",
                    yref="y",
                    text=text,
                    showarrow=False,
                    xanchor="left",
                    xshift=9,
                    font={"size": 11},
                )
                figure.add_shape(
                    type="line",
                    x0=count - 0.5,
                    x1=count - 0.5,
                    y0=start - 0.3,
                    y1=end - 0.7,
                    xref="x",
                    yref="y",
                    line={"color": SQUARE, "width": 3},
                    xsizemode="scaled",
                )
                room = max(room, int(len(text) * 11 * _LETTER) + 14)
        start = end
    return room


def _axes(figure: go.Figure, texts: Sequence[str], size: int, titles: int, signed: bool, footer: str, alt: str) -> None:
    k = len(texts)
    letters = 12 if size >= 20 else 10.5
    longest = max((len(text) for text in texts), default=0) * letters * _LETTER
    left, top = int(longest) + 12, int(longest * math.sin(_SLANT)) + 16
    over = int(longest * math.cos(_SLANT))  # the last slanted name reaches beyond the map
    right = max(titles, over, 10)
    common = {"showgrid": False, "tickvals": list(range(k)), "ticktext": list(texts), "ticks": ""}
    figure.update_xaxes(
        side="top", tickangle=-60, range=[-0.5, k - 0.5], tickfont={"size": letters, "family": FONT}, **common
    )
    figure.update_yaxes(range=[k - 0.5, -0.5], tickfont={"size": letters, "family": FONT}, **common)
    finish(figure, height=size * k, footer=footer, alt=alt, legend=False, top=top, bottom=66)
    figure.update_xaxes(automargin=False)
    figure.update_yaxes(automargin=False)
    limits = (-1, 1) if signed else (0, 1)
    figure.update_layout(
        width=left + size * k + right,
        margin={"l": left, "r": right, "pad": 2},
        hoverdistance=size,
        coloraxis={
            "cmin": limits[0],
            "cmax": limits[1],
            "colorbar": {
                "title": {
                    "text": "before it is cut off at 0" if signed else "overlap",
                    "side": "top",
                    "font": {"size": 12},
                },
                "orientation": "h",
                "thickness": 10,
                "len": 0.5,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "ypad": 10,
                "outlinewidth": 0,
                "tickangle": 0,
                "tickvals": [limits[0], sum(limits) / 2, limits[1]],
            },
        },
    )


def _hover(row: Mapping[Hashable, Any], labels: Mapping[str, str], of: Mapping[str, str]) -> str:
    first, second = str(row["first"]), str(row["second"])
    text = f"<b>{labels.get(first, first)}</b> and <b>{labels.get(second, second)}</b>"
    if pd.isna(row["overlap"]):
        return f"{text}<br>undefined: {_wrapped(row['reason'].text_with(labels))}"
    text += f"<br>overlap {row['overlap']:.2f}"
    if pd.notna(row["low"]) and first != second:
        text += f", 95 % interval {row['low']:.2f} to {row['high']:.2f}"
    if row["signed"] < 0:
        text += f"<br>signed value {row['signed']:.2f}"
    if pd.notna(row["sd"]) and first != second:
        text += f"<br>between seeds ± {row['sd']:.2f}"
    if of.get(first) and of.get(first) == of.get(second):
        text += f"<br>both in “{of[first]}”"
    return text


def _wrapped(text: str, width: int = 56) -> str:
    import textwrap

    return "<br>".join(textwrap.wrap(text, width))


def agreement(
    table: pd.DataFrame,
    labels: Mapping[str, str],
    x_title: str,
    y_title: str,
    *,
    footer: str,
    alt: str,
    height: int = 420,
) -> go.Figure:
    """Two matrices of overlaps against each other: one dot for each pair of corruptions, on the line where they agree.

    Args:
        table: first, second, x, y, as `reports.atlas.compared` gives it.
        labels: how each corruption is written.
        x_title, y_title: of the axes.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    values = [float(v) for axis in ("x", "y") for v in table[axis]]
    low, high = min([0.0, *values]) - 0.04, max([1.0, *values]) + 0.04
    figure = go.Figure()
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": NEUTRAL, "width": 1.2, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=table["x"],
        y=table["y"],
        mode="markers",
        showlegend=False,
        marker={"color": PALETTE[0], "size": 7 if len(table) < 300 else 5, "opacity": 0.6},
        hovertext=[
            f"<b>{labels.get(a, a)}</b> and <b>{labels.get(b, b)}</b><br>{x_title}: {x:.2f}<br>{y_title}: {y:.2f}"
            for a, b, x, y in table[["first", "second", "x", "y"]].itertuples(index=False)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_xaxes(title=f"overlap, {x_title}", range=[low, high], showgrid=True)
    figure.update_yaxes(title=f"overlap, {y_title}", range=[low, high], showgrid=True)
    return finish(figure, height=height, footer=footer, alt=alt, legend=False, top=10, bottom=56)
