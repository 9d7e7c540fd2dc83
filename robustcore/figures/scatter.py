"""Two accuracies of every model against each other: the trade-off, the trend line over a population, released against made."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._emphasis import looks, name_pinned
from robustcore.figures._style import NEUTRAL, PALETTE, distinct, finish, name_groups, strokes
from robustcore.metrics.effective import Trend, logit
from robustcore.reports.emphasis import Emphasis

LINE = PALETTE[0]  # of a fitted line
NAMED = 10  # models up to this number are all named, beside them or in the legend; of more, those that none outdoes
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_WAYS = {"memory": "as computed", "jpeg85": "second JPEG"}
_SYMBOLS = {"memory": "circle", "jpeg85": "diamond-open"}


def trade_off(
    table: pd.DataFrame,
    x_title: str,
    y_title: str,
    *,
    footer: str,
    alt: str,
    height: int = 420,
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """One point for each model; up and to the right is better in both.

    Args:
        table: model, x and y in 0..1, and where known x_low, x_high, y_low, y_high.
        x_title, y_title: of the axes, with the unit: percent.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
        groups: model -> what it belongs to, which then tells the colour instead of the model.
        emphasis: which models are shown first.
    """
    models = list(table["model"])
    labels = distinct(models, 24)
    drawn = looks(models, groups, emphasis)
    points = table.dropna(subset=["x", "y"])
    front = set(undominated(points))
    figure = go.Figure()
    edge = points[points["model"].isin(front)].sort_values("x")
    if len(edge) > 1:
        figure.add_scatter(
            x=100 * edge["x"],
            y=100 * edge["y"],
            mode="lines",
            line={"color": NEUTRAL, "width": 1, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
    middle = 100 * (points["x"].min() + points["x"].max()) / 2 if len(points) else 0.0
    few = len(points) <= NAMED
    pinned = set(emphasis.pinned) if emphasis is not None else set()
    names = pinned | set(_readable_names(points if few else points[points["model"].isin(front)], points))
    for row in sorted(points.to_dict("records"), key=lambda each: drawn[each["model"]].rank):
        model = row["model"]
        look = drawn[model]
        named = model in names
        figure.add_scatter(
            x=[100 * row["x"]],
            y=[100 * row["y"]],
            mode="markers+text" if named else "markers",
            name=labels[model] if few else model,
            legendgroup=look.stroke.group,
            opacity=1 if look.is_pinned or model in names else 0.5 if look.is_faded or not look.is_first else 1,
            text=[f" {labels[model]} "],
            textposition="top left" if 100 * row["x"] > middle else "top right",
            textfont={"size": 11},
            cliponaxis=False,
            marker={
                "color": look.stroke.colour,
                "symbol": look.stroke.symbol,
                "size": 15 if look.is_pinned else 11 if look.is_first else 7,
            },
            customdata=[[model, ""]],
            unselected={"marker": {"opacity": 0.45}, "textfont": {"color": NEUTRAL}},
            error_x=_error(row, "x") if look.is_first else None,
            error_y=_error(row, "y") if look.is_first else None,
            showlegend=few and not named,  # whose name would lie over another one is named there
            hovertext=[_hover(row, x_title, y_title)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    name_groups(figure, groups, models)
    if groups:
        name_pinned(figure, drawn)
    figure.update_xaxes(title=x_title, range=_range(points, "x"), showgrid=True)
    figure.update_yaxes(title=y_title, range=_range(points, "y"), showgrid=True)
    in_legend = bool(groups) or (few and len(names) < len(points))
    return finish(figure, height=height, footer=footer, alt=alt, legend=in_legend, top=16, bottom=56)


def _readable_names(edge: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    """Of the models on the edge those whose names do not lie over each other, the best upwards first."""
    x_range, y_range = (max(float(points[axis].max() - points[axis].min()), 1e-9) for axis in ("x", "y"))
    kept: list[dict[Hashable, Any]] = []
    for row in edge.sort_values("y", ascending=False, kind="stable").to_dict("records"):
        if all(abs(row["x"] - k["x"]) > 0.2 * x_range or abs(row["y"] - k["y"]) > 0.05 * y_range for k in kept):
            kept.append(row)
    return [str(row["model"]) for row in kept]


def undominated(table: pd.DataFrame) -> list[str]:
    """The models that no other one outdoes in x and y."""
    models = []
    for row in table.to_dict("records"):
        better = (
            (table["x"] >= row["x"]) & (table["y"] >= row["y"]) & ((table["x"] > row["x"]) | (table["y"] > row["y"]))
        )
        if not better.any():
            models.append(str(row["model"]))
    return models


def trend(
    population: pd.DataFrame,
    line: Trend,
    x_title: str,
    y_title: str,
    *,
    footer: str,
    alt: str,
    chosen: Sequence[str] = (),
    beside: pd.DataFrame | None = None,
    height: int = 460,
) -> go.Figure:
    """A population on logit axes, its line, and models that are looked at.

    Args:
        population: model, clean and shifted in 0..1, expected, effective.
        line: the fitted line.
        x_title, y_title: of the axes, with the unit: percent.
        footer, alt: as for every figure.
        chosen: models of the population that are drawn in colour, with their names as far as there is room.
        beside: further models with the same columns, drawn like chosen ones; the line knows nothing of them.
        height: of the plotting area in pixels.
    """
    further = population[population["model"].isin(list(chosen))]
    marked = further if beside is None else pd.concat([further, beside], ignore_index=True)
    inside = population[np.isfinite(logit(population["clean"])) & np.isfinite(logit(population["shifted"]))]
    rest = inside[~inside["model"].isin(list(chosen))]
    drawn = strokes(list(marked["model"]))
    figure = go.Figure()
    many = len(rest) > 200
    figure.add_scatter(
        x=logit(rest["clean"]),
        y=logit(rest["shifted"]),
        mode="markers",
        name=f"{len(inside):,} models",
        marker={"color": NEUTRAL, "size": 5 if many else 8, "opacity": 0.45 if many else 0.7},
        customdata=[[model, ""] for model in rest["model"]],
        hovertext=[_beyond(row) for row in rest.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    all_points = pd.concat([inside, marked], ignore_index=True)
    ends = _logit_range(all_points["clean"])
    line_x = np.linspace(*ends, 60)
    figure.add_scatter(
        x=line_x,
        y=line.intercept + line.slope * line_x,
        mode="lines",
        name="trend line",
        hoverinfo="skip",
        line={"color": LINE, "width": 2},
    )
    figure.add_scatter(
        x=line_x,
        y=line_x,
        mode="lines",
        name="as on clean images",
        hoverinfo="skip",
        line={"color": NEUTRAL, "width": 1.2, "dash": "dot"},
    )
    middle = sum(ends) / 2
    labels = distinct(list(marked["model"]), 26)
    places = {"clean": "x", "shifted": "y"}
    named = (
        _readable_names(marked.rename(columns=places), all_points.rename(columns=places))
        if len(marked) <= NAMED
        else []
    )
    for row in marked.to_dict("records"):
        right = float(logit(row["clean"])) > middle
        stroke = drawn[row["model"]]
        figure.add_scatter(
            x=logit([row["clean"]]),
            y=logit([row["shifted"]]),
            mode="markers+text" if row["model"] in named else "markers",
            name=labels[str(row["model"])],
            text=[f" {labels[str(row['model'])]} "],
            textposition="top left" if right else "bottom right",
            textfont={"size": 11},
            marker={"color": stroke.colour, "symbol": stroke.symbol, "size": 12},
            showlegend=len(marked) <= NAMED and row["model"] not in named,  # no marker without a name
            cliponaxis=False,
            customdata=[[row["model"], ""]],
            unselected={"marker": {"opacity": 0.6}, "textfont": {"color": NEUTRAL}},
            hovertext=[_beyond(row)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.update_xaxes(title=x_title, range=list(ends), **_ticks(ends))
    low, high = _logit_range(all_points["shifted"])
    figure.update_yaxes(title=y_title, range=[low, high], **_ticks((low, high)))
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)


def _ticks(ends: tuple[float, float]) -> dict[str, object]:
    ticks = [p for p in _TICKS if ends[0] <= float(logit(p)) <= ends[1]]
    for step in (5, 2, 1, 0.5, 0.2, 0.1):  # a narrow range asks for finer ones
        if len(ticks) >= 4:
            break
        ticks = [p for p in np.arange(step, 100, step) / 100 if ends[0] <= float(logit(p)) <= ends[1]]
    return {"tickvals": [float(logit(p)) for p in ticks], "ticktext": [f"{100 * p:g}" for p in ticks], "showgrid": True}


def _logit_range(values: npt.ArrayLike) -> tuple[float, float]:
    x = logit(np.clip(np.asarray(values, float), 0.002, 0.998))
    x = x[np.isfinite(x)]
    low, high = (float(x.min()), float(x.max())) if len(x) else (-1.0, 1.0)
    pad = max(0.15, (high - low) * 0.05)
    return low - pad, high + pad


def _range(table: pd.DataFrame, axis: str) -> list[float]:
    columns = [c for c in (axis, f"{axis}_low", f"{axis}_high") if c in table]
    values = [100 * v for c in columns for v in table[c].dropna()]
    if not values:
        return [0.0, 100.0]
    pad = max(2.0, (max(values) - min(values)) * 0.12)
    return [max(-1.0, min(values) - pad), min(101.0, max(values) + pad)]


def _error(row: Mapping[Hashable, Any], axis: str) -> dict[str, object] | None:
    if pd.isna(row.get(f"{axis}_low", math.nan)):
        return None
    low, high, value = (float(row[f"{axis}{end}"]) for end in ("_low", "_high", ""))
    return {
        "type": "data",
        "array": [100 * (high - value)],
        "arrayminus": [100 * (value - low)],
        "color": NEUTRAL,
        "thickness": 1,
        "width": 0,
    }


def _hover(row: Mapping[Hashable, Any], x_title: str, y_title: str) -> str:
    lines = [f"<b>{row['model']}</b>"]
    for axis, title in (("x", x_title), ("y", y_title)):
        text = f"{title}: {100 * row[axis]:.1f}"
        if (low := row.get(f"{axis}_low")) is not None and not pd.isna(low):
            text += f" ({100 * low:.1f} to {100 * row[f'{axis}_high']:.1f})"
        lines.append(text)
    return "<br>".join(lines)


def _beyond(row: Mapping[Hashable, Any]) -> str:
    return (
        f"<b>{row['model']}</b><br>clean {100 * row['clean']:.1f} %, shifted {100 * row['shifted']:.1f} %<br>"
        f"expected {100 * row['expected']:.1f} %, effective robustness {100 * row['effective']:+.1f} points"
    )


def released_and_made(table: pd.DataFrame, *, footer: str, height: int = 420) -> go.Figure:
    """Accuracy on released corruptions across, on the same made here up: a mark for each model, corruption and way of making it;
    on the diagonal both are one.

    Args:
        table: of `reports.compare.storages.beside`.
        footer: as for every figure.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    labels, drawn = distinct(models, 24), strokes(models)
    several = table["storage"].nunique() > 1
    ends = [
        100 * min(table["released"].min(), table["made"].min()),
        100 * max(table["released"].max(), table["made"].max()),
    ]
    room = max(2.0, 0.05 * (ends[1] - ends[0]))
    axis = [max(-1.0, ends[0] - room), min(101.0, ends[1] + room)]
    figure = go.Figure()
    figure.add_scatter(
        x=axis,
        y=axis,
        mode="lines",
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    for (model, storage), rows in table.groupby(["model", "storage"], sort=False):
        figure.add_scatter(
            x=(100 * rows["released"].astype(float)).tolist(),
            y=(100 * rows["made"].astype(float)).tolist(),
            mode="markers",
            name=labels[str(model)] + (f", {_WAYS[str(storage)]}" if several else ""),
            marker={"color": drawn[str(model)].colour, "symbol": _SYMBOLS[str(storage)], "size": 9},
            hovertext=[_released_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.update_xaxes(title="accuracy on the released files (%)", range=axis, showgrid=True)
    figure.update_yaxes(title="accuracy on images made here (%)", range=axis, showgrid=True)
    alt = f"Accuracy of {', '.join(models)} on corruptions made here against the released ones"
    return finish(figure, height=height, footer=footer, alt=alt, legend=len(models) > 1 or several, top=16, bottom=56)


def _released_hover(row: Mapping[Hashable, Any]) -> str:
    return (
        f"<b>{display_name(str(row['label']))}</b><br>{row['model']}<br>released {100 * row['released']:.1f} %, made here "
        f"{100 * row['made']:.1f} % ({_WAYS[str(row['storage'])]}): {100 * row['difference']:+.1f} points<br>"
        f"{int(row['n']):,} images, {int(row['severities'])} severities"
    )
