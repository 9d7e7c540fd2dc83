"""Benchmarks of corruptions: what they predict, what they weigh and forget, and how that goes with n, k and balance."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, PALETTE, finish, name_line, strokes

_ROW, _HEADER, _LINE = 26, 26, 15  # pixels of a row, of a group's heading, and of one benchmark within a row


def predicted(table: pd.DataFrame, *, footer: str, alt: str, names: Mapping[str, str] | None = None) -> go.Figure:
    """Correlations with natural sets: a row for each set, in it a mark with its interval for each benchmark.

    Args:
        table: benchmark, natural, r (-1..1, NaN where undefined), low, high, models, reason; in the order drawn. The first
            benchmark is the one that is looked at.
        footer, alt: as for every figure.
        names: what a natural set is called; default its name.
    """
    benchmarks, sets = list(dict.fromkeys(table["benchmark"])), list(dict.fromkeys(table["natural"]))
    drawn = strokes(benchmarks)
    block = _LINE * len(benchmarks) + 18
    figure = go.Figure()
    for i, benchmark in enumerate(benchmarks):
        rows = table[(table["benchmark"] == benchmark) & table["r"].notna()]
        y = [sets.index(name) * block + 9 + _LINE * (i + 0.5) for name in rows["natural"]]
        figure.add_scatter(
            x=rows["r"],
            y=y,
            mode="markers",
            name=benchmark,
            error_x=_error(rows),
            marker={"color": drawn[benchmark].colour, "symbol": drawn[benchmark].symbol, "size": 11 if i == 0 else 8},
            hovertext=[_predicts(row, names) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    for index in range(1, len(sets)):
        figure.add_hline(y=index * block, line={"color": NEUTRAL, "width": 0.5}, opacity=0.5)
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.5})
    figure.update_xaxes(title="correlation over the models", range=[-1.04, 1.04], dtick=0.5, showgrid=True)
    figure.update_yaxes(
        tickvals=[(i + 0.5) * block for i in range(len(sets))],
        ticktext=[(names or {}).get(s, s) for s in sets],
        range=[len(sets) * block, 0],
        showgrid=False,
    )
    return finish(
        figure, height=block * len(sets), footer=footer, alt=alt, bottom=52, top=24 if len(benchmarks) > 3 else 0
    )


def rows(
    table: pd.DataFrame,
    x_title: str,
    *,
    footer: str,
    alt: str,
    reference: float | None = None,
    reference_label: str = "",
) -> go.Figure:
    """One row for each corruption: a value with its interval, in groups of one colour each.

    Args:
        table: name (as it is written), value, low, high (NaN where unknown), group, hover (for whoever points at it); in the order
            drawn, rows of a group together.
        x_title: of the axis.
        footer, alt: as for every figure.
        reference: a value that is marked with a line, and what it is.
    """
    groups = list(dict.fromkeys(table["group"]))
    colours = strokes(groups)
    figure = go.Figure()
    y, ticks = 0.0, []
    for group in groups:
        part = table[table["group"] == group]
        if group:
            ticks.append((y + _HEADER / 2 + 3, f"<b>{group}</b>"))
            y += _HEADER
        places = [y + _ROW * (i + 0.5) for i in range(len(part))]
        ticks += list(zip(places, part["name"], strict=True))
        figure.add_scatter(
            x=part["value"],
            y=places,
            mode="markers",
            name=group,
            error_x=_error(part.rename(columns={"value": "r"})),
            marker={"color": colours[group].colour, "symbol": colours[group].symbol, "size": 9},
            showlegend=False,
            hovertext=list(part["hover"]),
            hovertemplate="%{hovertext}<extra></extra>",
        )
        y += _ROW * len(part)
    if reference is not None:
        figure.add_vline(
            x=reference,
            line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
            annotation_text=reference_label,
            annotation_position="top right",
            annotation_font_size=11,
        )
    figure.update_xaxes(title=x_title, showgrid=True)
    figure.update_yaxes(
        range=[y + 4, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    return finish(
        figure, height=int(y), footer=footer, alt=alt, legend=False, bottom=52, top=18 if reference_label else 0
    )


def lines(
    table: pd.DataFrame,
    x: str,
    x_title: str,
    *,
    footer: str,
    alt: str,
    names: Mapping[str, str] | None = None,
    mean: str = "mean",
    beside: Mapping[Any, float] | None = None,
    beside_label: str = "",
    marks: Mapping[str, float] | None = None,
    height: int = 380,
) -> go.Figure:
    """Mean correlations of groups of benchmarks, a line for each natural set, that of their mean thick.

    Args:
        table: rows with `x` (numbers, or texts in the order drawn), natural, r and where known sd, models, benchmarks.
        x, x_title: the column on the axis, and its title.
        footer, alt: as for every figure.
        names: what a natural set is called.
        mean: the name of the mean among the natural sets.
        beside: figures of a document at the same places, drawn as a dotted line, and what they are.
        marks: single benchmarks, name -> mean correlation, drawn as level lines.
        height: of the plotting area in pixels.
    """
    sets = [name for name in dict.fromkeys(table["natural"]) if name != mean]
    drawn = strokes(sets)
    places = list(dict.fromkeys(table[x]))
    figure = go.Figure()
    for name in [*sets, mean]:
        part = table[(table["natural"] == name) & table["r"].notna()]
        thick = name == mean
        label = "mean of the sets" if thick else (names or {}).get(name, name)
        stroke = {"color": NEUTRAL if thick else drawn[name].colour, "width": 4 if thick else 1.6}
        figure.add_scatter(
            x=part[x],
            y=part["r"],
            mode="lines+markers",
            name=label,
            line=stroke,
            marker={"size": 10 if thick else 7, "symbol": "circle" if thick else drawn[name].symbol},
            hovertext=[_group(row, label) for row in part.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    if beside:
        points = [(place, beside[place]) for place in places if place in beside]
        figure.add_scatter(
            x=[place for place, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            name=beside_label,
            line={"color": NEUTRAL, "width": 1.4, "dash": "dot"},
            marker={"size": 6, "symbol": "x-thin-open", "color": NEUTRAL},
            hovertemplate=f"{beside_label}: %{{y:.3f}}<extra></extra>",
        )
    for i, (label, value) in enumerate((marks or {}).items()):
        colour = PALETTE[-1 - i % len(PALETTE)]
        figure.add_hline(y=value, line={"color": colour, "width": 1.2, "dash": "dash"})
        name_line(figure, label, colour, "dash")
    text = any(isinstance(place, str) for place in places)
    figure.update_xaxes(
        title=x_title,
        showgrid=False,
        **({"type": "category", "categoryorder": "array", "categoryarray": places} if text else {"tickvals": places}),
    )
    figure.update_yaxes(title="mean correlation", showgrid=True)
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56, top=40)


def _error(rows: pd.DataFrame) -> dict[str, object] | None:
    if not rows["low"].notna().any():
        return None
    return {
        "type": "data",
        "array": rows["high"] - rows["r"],
        "arrayminus": rows["r"] - rows["low"],
        "thickness": 1.4,
        "width": 0,
    }


def _predicts(row: Mapping[Hashable, Any], names: Mapping[str, str] | None) -> str:
    text = f"<b>{row['benchmark']}</b><br>{(names or {}).get(row['natural'], row['natural'])}: {row['r']:+.2f}"
    if pd.notna(row["low"]):
        text += f"<br>95 % interval {row['low']:+.2f} to {row['high']:+.2f}"
    return f"{text}<br>{row['models']} models"


def _group(row: Mapping[Hashable, Any], label: str) -> str:
    text = f"<b>{label}</b><br>{row['r']:+.3f}"
    if pd.notna(row.get("sd")):
        text += f", from benchmark to benchmark ± {row['sd']:.3f}"
    return f"{text}<br>{row['benchmarks']:.0f} benchmarks, {row['models']:.0f} models"
