"""Models in order of one value, the name above each bar: readable for forty models on a telephone."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, PALETTE, finish, hatch, name_groups, shortest, strokes
from robustcore.figures.bars import UNSELECTED, Scale, ends, hover
from robustcore.reports.emphasis import Emphasis

_ROW, _BAR = 38, 13  # pixels of a model, and of its bar


def ranking(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    models: list[str],
    best: str = "higher",
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """One bar for each model, the best first, undefined ones last.

    Args:
        table: one row for each model: model, name (what the value is of), value, low, high, clean (its clean accuracy), and
            where known n and reason.
        scale: how values are written and drawn.
        footer, alt: as for every figure.
        models: all models of the page in their order, so that each keeps its colour.
        best: "higher" or "lower".
        groups: model -> what it belongs to, which then tells the colour instead of the model.
        emphasis: whose pinned models are on top, and next to which the others are pale.
    """
    rows = table.sort_values("value", ascending=best == "lower", na_position="last", kind="stable")
    pinned = emphasis.pinned if emphasis is not None else ()
    if emphasis is not None:
        rows = emphasis.rows(rows)
    # Each bar bears its model's name. Where colours would come round, one says as much and looks calmer.
    many = len(models) > len(PALETTE)
    drawn = strokes(models, groups)
    plain = many and not groups
    colours = [PALETTE[0] if plain else drawn[m].colour for m in rows.loc[rows["value"].notna(), "model"]]
    patterns = ["" if plain else drawn[m].pattern for m in rows.loc[rows["value"].notna(), "model"]]
    names = shortest(list(rows["model"]), 36)
    low, high = ends(rows, scale)
    places = [i * _ROW + _ROW * 0.68 for i in range(len(rows))]
    figure = go.Figure()
    defined = rows["value"].notna().to_numpy()
    bars, at = rows[defined], [y for y, k in zip(places, defined, strict=True) if k]
    error = None
    if bars["low"].notna().any():
        error = {
            "type": "data",
            "array": (bars["high"] - bars["value"]) * scale.factor,
            "arrayminus": (bars["value"] - bars["low"]) * scale.factor,
            "color": NEUTRAL,
            "thickness": 1.4,
            "width": 3,
        }
    figure.add_bar(
        orientation="h",
        x=bars["value"] * scale.factor,
        y=at,
        width=_BAR,
        error_x=error,
        showlegend=False,
        marker={
            "color": colours,
            "pattern": hatch(patterns),
            "opacity": [1 if not pinned or model in pinned else 0.45 for model in bars["model"]],
        },
        customdata=bars[["model", "mark" if "mark" in bars else "name"]].to_numpy(),
        hovertext=[hover(row, scale) for row in bars.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": UNSELECTED}},
    )
    label_x = max(low, 0.0) if low >= 0 else low
    figure.add_scatter(
        x=[label_x] * len(rows),
        unselected={"textfont": {"color": NEUTRAL}},
        y=[y - _ROW * 0.42 for y in places],
        mode="text",
        textposition="middle right",
        text=[_name(row, names[row["model"]]) for row in rows.to_dict("records")],
        textfont={"size": 12},
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[high] * len(rows),
        y=places,
        unselected={"textfont": {"color": NEUTRAL}},
        mode="text",
        textposition="middle right",
        cliponaxis=False,
        showlegend=False,
        text=[scale.text(v) if pd.notna(v) else "–" for v in rows["value"]],
        textfont={"size": 12},
        hovertext=[row["reason"] if pd.isna(row["value"]) else "" for row in rows.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>" if not defined.all() else None,
        hoverinfo="skip" if defined.all() else None,
    )
    bottom = len(rows) * _ROW + 6
    if scale.reference is not None:
        figure.add_scatter(
            x=[scale.reference] * 2,
            y=[-2, bottom],
            mode="lines",
            hoverinfo="skip",
            name=scale.reference_label,
            line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
        )
    name_groups(figure, groups, list(bars["model"]), bars=True)
    figure.update_xaxes(title=scale.title, range=[low, high], showgrid=True)
    figure.update_yaxes(range=[bottom, -2], showticklabels=False, showgrid=False)
    finish(figure, height=bottom, footer=footer, alt=alt, legend=bool(groups) or scale.reference is not None, bottom=52)
    figure.update_layout(margin_r=52, barmode="overlay")
    return figure


def _name(row: Mapping[Hashable, Any], name: str) -> str:
    clean = row.get("clean")
    clean_text = "" if pd.isna(clean) else f"  <span style='opacity:0.75'>clean {100 * clean:.1f} %</span>"
    undefined = "  undefined" if pd.isna(row["value"]) else ""
    return f"{name}{undefined}{clean_text}"
