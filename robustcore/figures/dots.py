"""Many models under every condition: one row a condition, one dot a model, where bars would be too thin to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, finish, name_groups, strokes
from robustcore.figures.bars import Scale, ends, hover

_ROW, _HEADER = 30, 26  # pixels of a condition, and of a group's heading
_OPACITY, _PALE = 0.85, 0.28  # of a dot, and of one that chance explains


def condition_dots(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    colours: Sequence[str] = (),
    groups: Mapping[str, str] | None = None,
) -> go.Figure:
    """One dot for each model and condition, the median as a line; a pointer names the model.

    Args:
        table, scale, footer, alt, colours: as for `bars.condition_bars`; a dot is pale where the table says `faint`.
        groups: model -> what it belongs to, which then tells the colour instead of the model.
    """
    models = list(dict.fromkeys(table["model"]))
    among = [*dict.fromkeys([*colours, *models])]
    drawn = strokes(among, groups)
    centre: dict[str, float] = {}
    ticks: list[tuple[float, str]] = []
    y, previous = 0.0, None
    headings = table["group"] if "group" in table else pd.Series([None] * len(table), index=table.index)
    for name, group in dict(zip(table["name"], headings, strict=True)).items():
        if isinstance(group, str) and group and group != previous:
            y += _HEADER
            ticks.append((y - _HEADER / 2 + 3, f"<b>{group}</b>"))
            previous = group
        centre[name] = y + _ROW / 2
        ticks.append((centre[name], display_name(name)))
        y += _ROW
    figure = go.Figure()
    low, high = ends(table.drop(columns=["low", "high"], errors="ignore"), scale)  # intervals are not drawn
    defined = table[table["value"].notna()]
    for name, value in defined.groupby("name", sort=False)["value"].median().items():
        at = centre[str(name)]
        figure.add_scatter(
            x=[value * scale.factor] * 2,
            y=[at - _ROW * 0.36, at + _ROW * 0.36],
            mode="lines",
            showlegend=False,
            line={"color": NEUTRAL, "width": 2},
            hoverinfo="skip",
        )
    # The dots of one condition stand a little above and below each other, so that few hide another.
    for i, model in enumerate(models):
        rows = defined[defined["model"] == model]
        shift = ((i * 7) % 11 - 5) / 11 * _ROW * 0.5
        pale = [bool(faint) for faint in rows["faint"]] if "faint" in rows else [False] * len(rows)
        figure.add_scatter(
            x=rows["value"] * scale.factor,
            y=[centre[n] + shift for n in rows["name"]],
            mode="markers",
            name=model,
            legendgroup=drawn[model].group,
            marker={
                "color": drawn[model].colour,
                "symbol": drawn[model].symbol,
                "size": 8,
                "opacity": [_PALE if faint else _OPACITY for faint in pale],
            },
            hovertext=[hover(row, scale) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
            customdata=rows[["model", "name"]].to_numpy(),
            showlegend=False,
            unselected={"marker": {"opacity": 0.3}},
            selected={"marker": {"opacity": 1, "size": 14}},
        )
    if scale.reference is not None:
        figure.add_vline(x=scale.reference, line={"color": NEUTRAL, "width": 1.5, "dash": "dash"})
    pad = (high - low) * 0.02
    figure.update_xaxes(title=scale.title, range=[low - pad, high + pad], showgrid=True)
    figure.update_yaxes(
        range=[y + 2, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    name_groups(figure, groups, models)
    return finish(figure, height=int(y), footer=footer, alt=alt, legend=bool(groups), bottom=52)
