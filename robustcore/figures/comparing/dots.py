"""Many models under every condition: one row a condition, one dot a model, where bars would be too thin to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._emphasis import Look, looks, name_pinned
from robustcore.figures._style import NEUTRAL, finish, name_groups, of_groups
from robustcore.figures.bars import Scale, hover
from robustcore.reports import emphasis as emphases
from robustcore.reports.emphasis import Emphasis

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
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """One dot for each model and condition, the median as a line; a pointer names the model.

    Where only some models are shown first, the others are small and grey, and the medians are those of the groups.

    Args:
        table, scale, footer, alt, colours: as for `bars.condition_bars`; a dot is pale where the table says `faint`.
        groups: model -> what it belongs to, which then tells the colour instead of the model.
        emphasis: which models are shown first.
    """
    models = list(dict.fromkeys(table["model"]))
    among = [*dict.fromkeys([*colours, *models])]
    drawn = looks(among, groups, emphasis)
    partial = emphasis is not None and emphasis.is_partial
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
    defined = table[table["value"].notna()]
    low, high = _fitted(defined, scale)
    if partial:
        _family_medians(figure, defined, groups or {}, centre, scale)
    else:
        _medians(figure, defined, centre, scale)
    # The dots of one condition stand a little above and below each other, so that few hide another; what is seen first is drawn last.
    for i, model in sorted(enumerate(models), key=lambda pair: drawn[pair[1]].rank):
        rows = defined[defined["model"] == model]
        shift = ((i * 7) % 11 - 5) / 11 * _ROW * 0.5
        pale = [bool(faint) for faint in rows["faint"]] if "faint" in rows else [False] * len(rows)
        look = drawn[model]
        figure.add_scatter(
            x=rows["value"] * scale.factor,
            y=[centre[n] + shift for n in rows["name"]],
            mode="markers",
            name=model,
            legendgroup=look.stroke.group,
            marker={
                "color": look.stroke.colour,
                "symbol": look.stroke.symbol,
                "size": _size(look, partial),
                "opacity": [_PALE if faint or look.is_faded else _OPACITY for faint in pale],
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
    pad = (high - low) * 0.03 or 1.0
    figure.update_xaxes(title=scale.title, range=[low - pad, high + pad], showgrid=True)
    figure.update_yaxes(
        range=[y + 2, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    name_groups(figure, groups, models)
    if groups:
        name_pinned(figure, drawn)
    return finish(figure, height=int(y), footer=footer, alt=alt, legend=bool(groups), bottom=52)


def _fitted(defined: pd.DataFrame, scale: Scale) -> tuple[float, float]:
    """The ends of the axis: what is drawn, and no more; intervals are not."""
    values = [scale.factor * value for value in defined["value"]] or [0.0, 1.0]
    if scale.reference is not None:
        values.append(scale.reference)
    return min(values), max(values)


def _size(look: Look, partial: bool) -> int:
    if look.is_pinned:
        return 13
    if not partial:
        return 8
    return 10 if look.is_first else 5


def _medians(figure: go.Figure, defined: pd.DataFrame, centre: Mapping[str, float], scale: Scale) -> None:
    """The median over all models of each condition as a line."""
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


def _family_medians(
    figure: go.Figure, defined: pd.DataFrame, groups: Mapping[str, str], centre: Mapping[str, float], scale: Scale
) -> None:
    """The medians of the groups of each condition as upright lines in the groups' colours."""
    rows = emphases.medians(defined, groups, ["name"])
    strokes = of_groups(groups)
    for group, own in rows.groupby("training", sort=False):
        stroke = strokes[str(group)]
        figure.add_scatter(
            x=own["value"] * scale.factor,
            y=[centre[str(name)] for name in own["name"]],
            mode="markers",
            legendgroup=str(group),
            showlegend=False,
            marker={"symbol": "line-ns", "size": 17, "line": {"color": stroke.colour, "width": 3}},
            hovertext=[
                f"<b>{group}</b><br>{display_name(str(row['name']))}: median of {row['models']} models "
                f"{scale.text(row['value'])}{scale.unit}"
                for row in own.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
