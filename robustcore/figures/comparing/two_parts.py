"""Many models on two parts of a benchmark: the gain on one across, on the other up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._emphasis import looks, name_pinned
from robustcore.figures._style import NEUTRAL, distinct, finish, name_groups
from robustcore.figures.bars import Scale
from robustcore.reports.emphasis import Emphasis

_NAMED = 6  # models whose names are written: of those that are shown first the farthest from the diagonal


def scattered(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    height: int = 420,
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """One dot for each model, with its intervals; on the diagonal it gains as much on both parts.

    Args:
        table: two rows for each model: model, name (the part, in the same order for all), value, low, high. The first part goes up.
        scale: how values are written.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
        groups: model -> what it belongs to, which then tells the colour instead of the model.
        emphasis: which models are shown first.
    """
    up, across = list(dict.fromkeys(table["name"]))
    wide = table.pivot(index="model", columns="name", values=["value", "low", "high"]) * scale.factor
    wide = wide.dropna(subset=[("value", up), ("value", across)])
    models = [str(model) for model in wide.index]
    drawn, labels = looks(models, groups, emphasis), distinct(models, 24)
    apart = (wide["value"][up] - wide["value"][across]).abs().sort_values(ascending=False)
    offered = [m for m in map(str, apart.index) if drawn[m].is_first]  # a grey dot has no name
    named = _apart_enough(
        pd.DataFrame({part: wide["value"][part] for part in (up, across)}),
        up,
        across,
        offered,
    )
    values = wide["value"].to_numpy(float)
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    pad = max(1e-9, 0.08 * (high - low))
    ends = [min(low, 0.0) - pad, max(high, 0.0) + pad]
    figure = go.Figure()
    figure.add_scatter(
        x=ends,
        y=ends,
        mode="lines",
        name="as much on both",
        hoverinfo="skip",
        line={"color": NEUTRAL, "dash": "dot", "width": 1},
    )
    if emphasis is not None:
        named |= {model for model in emphasis.pinned if model in models}
    for model in sorted(models, key=lambda each: drawn[each].rank):
        look = drawn[model]
        row = {
            (measure, part): float(wide[measure][part].to_dict()[model])
            for measure in ("value", "low", "high")
            for part in (up, across)
        }
        texts = [f"{part}: {row['value', part]:{scale.number}}" for part in (up, across)]
        figure.add_scatter(
            x=[row["value", across]],
            y=[row["value", up]],
            error_x=_error(row, across) if look.is_first else None,
            error_y=_error(row, up) if look.is_first else None,
            mode="markers+text" if model in named else "markers",
            name=model,
            legendgroup=look.stroke.group,
            opacity=1 if look.is_first and not look.is_faded else 0.5,
            text=[f" {labels[model]} "],
            textposition="top right" if row["value", across] < (low + high) / 2 else "top left",
            textfont={"size": 11},
            marker={"color": look.stroke.colour, "symbol": look.stroke.symbol, "size": 10 if look.is_first else 7},
            customdata=[[model, ""]],
            unselected={"marker": {"opacity": 0.45}, "textfont": {"color": NEUTRAL}},
            showlegend=False,
            hovertext=["<br>".join([f"<b>{model}</b>", *texts])],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    name_groups(figure, groups, models)
    if groups:
        name_pinned(figure, drawn)
    figure.update_xaxes(title=f"{scale.title}, {across}", showgrid=True, range=ends)
    figure.update_yaxes(title=f"{scale.title},<br>{up}", showgrid=True)
    return finish(figure, height=height, footer=footer, alt=alt, legend=bool(groups), top=16, bottom=56)


def _apart_enough(values: pd.DataFrame, up: str, across: str, order: Sequence[str]) -> set[str]:
    """Of the models, in that order, the first few whose names do not lie over each other."""
    ranges = {part: max(float(values[part].max() - values[part].min()), 1e-9) for part in (up, across)}
    kept: list[str] = []
    at = {part: values[part].to_dict() for part in (up, across)}
    for model in order:
        near = (
            abs(at[across][model] - at[across][k]) < 0.4 * ranges[across]
            and abs(at[up][model] - at[up][k]) < 0.08 * ranges[up]
            for k in kept
        )
        if len(kept) < _NAMED and not any(near):
            kept.append(model)
    return set(kept)


def _error(row: Mapping[tuple[str, str], float], part: str) -> dict[str, object]:
    value, low, high = (row[measure, part] for measure in ("value", "low", "high"))
    return {
        "type": "data",
        "array": [high - value],
        "arrayminus": [value - low],
        "color": NEUTRAL,
        "thickness": 1,
        "width": 0,
    }
