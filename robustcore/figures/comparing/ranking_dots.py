"""Many models in order of one value, as dots on a fitted axis: the first by name, then every family of trainings with its median."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._emphasis import Look, looks
from robustcore.figures._style import NEUTRAL, Stroke, finish, of_groups, shortest
from robustcore.figures.bars import UNSELECTED, Scale, hover
from robustcore.reports.compare.closer.rank_test import RankTest
from robustcore.reports.emphasis import Emphasis, choose

_ROW, _HEADING = 23, 30  # pixels of a row, and of the heading above the families
_ALONE = Stroke(NEUTRAL, "solid", "circle", "")


def ranked_dots(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    models: list[str],
    emphasis: Emphasis,
    best: str = "higher",
    groups: Mapping[str, str] | None = None,
) -> go.Figure:
    """One row for each model that is shown first, with its rank among all; below them one row for each family, a dot a model.

    Args:
        table, scale, footer, alt, models, best, groups: as for `ranking.ranking`.
        emphasis: which models have a row of their own; where these are all, families have none.
    """
    rows = table.sort_values("value", ascending=best == "lower", na_position="last", kind="stable")
    ranks = {str(model): place for place, model in enumerate(rows.loc[rows["value"].notna(), "model"], 1)}
    drawn = looks(models, groups, emphasis)
    own = emphasis.rows(rows)
    names = shortest(list(own["model"]), 26)
    figure = go.Figure()
    ticks: list[tuple[float, str]] = []
    y = 0.0
    places: dict[str, float] = {}
    for model in own["model"]:
        places[model] = y + _ROW / 2
        rank = f"{ranks[model]}. " if model in ranks else ""
        label = f"{rank}{names[model]}"
        ticks.append((places[model], f"<b>{label}</b>" if drawn[model].is_pinned else label))
        y += _ROW
    if emphasis.is_partial:
        y += _HEADING
        ticks.append((y - _HEADING / 2 + 3, f"<b>All {len(ranks)}</b>"))
        y = _families(figure, rows, scale, groups or {}, y, ticks)
    for row in own[own["value"].notna()].to_dict("records"):
        _dot(figure, pd.DataFrame([row]), places[str(row["model"])], drawn[str(row["model"])], scale)
    low, high = _fitted(rows, own, scale)
    _numbers(figure, own, places, high, scale)
    if scale.reference is not None and low < scale.reference < high:
        figure.add_vline(x=scale.reference, line={"color": NEUTRAL, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title=scale.title, range=[low, high], showgrid=True)
    figure.update_yaxes(
        range=[y + 4, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    finish(figure, height=int(y), footer=footer, alt=alt, legend=False, bottom=52)
    return figure.update_layout(margin_r=48)


def mean_ranks(
    test: RankTest, *, families: Mapping[str, str] | None = None, emphasis: Emphasis | None = None
) -> go.Figure:
    """The mean rank of each model, the best on top; the lines are the critical difference, half of it to each side.

    The band goes from the best rank as far as the critical difference: whose dot is in it does not differ from the best.

    Args:
        test: of `reports.compare.closer.rank_test.mean_ranks`, with ranks.
        families: model -> how it was trained, for more models than there are colours.
        emphasis: which models are shown first; default all.
    """
    count = int(test.table["conditions"].iloc[0])
    table = test.table.assign(
        value=test.table["rank"],
        name="mean rank",
        whiskers="plus and minus half of the critical difference:",
        reason="",
    ).drop(columns="conditions")
    best, last = test.table.iloc[0], test.table.iloc[-1]
    figure = ranked_dots(
        table,
        Scale(title=f"mean rank over {count} conditions (1: best)", number=".2f", limits=(None, None)),
        footer=test.footer.text,
        alt=f"Mean ranks of {len(table)} models. Best: {best['model']} with {best['rank']:.2f}; last: {last['model']} with "
        f"{last['rank']:.2f}. Critical difference: {test.critical_difference:.2f}",
        models=list(test.among),
        emphasis=emphasis or choose(table, {}, better="lower", everything=True),
        best="lower",
        groups=families,
    )
    return figure.add_vrect(
        x0=best["rank"],
        x1=best["rank"] + test.critical_difference,
        fillcolor=NEUTRAL,
        opacity=0.15,
        line_width=0,
        layer="below",
    )


def _dot(figure: go.Figure, row: pd.DataFrame, at: float, look: Look, scale: Scale) -> None:
    error = None
    if row["low"].notna().all():
        error = {
            "type": "data",
            "array": (row["high"] - row["value"]) * scale.factor,
            "arrayminus": (row["value"] - row["low"]) * scale.factor,
            "color": look.stroke.colour,
            "thickness": 2.4 if look.is_pinned else 1.6,
            "width": 0,
        }
    figure.add_scatter(
        x=row["value"] * scale.factor,
        y=[at],
        mode="markers",
        error_x=error,
        showlegend=False,
        opacity=0.6 if look.is_faded else 1,
        marker={"color": look.stroke.colour, "symbol": look.stroke.symbol, "size": 13 if look.is_pinned else 11},
        customdata=row[["model", "mark" if "mark" in row else "name"]].to_numpy(),
        hovertext=[hover(each, scale) for each in row.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": UNSELECTED}},
    )


def _families(
    figure: go.Figure,
    rows: pd.DataFrame,
    scale: Scale,
    groups: Mapping[str, str],
    y: float,
    ticks: list[tuple[float, str]],
) -> float:
    """A row for each family: its models as small dots, its median as an upright line; where the rows end."""
    strokes = of_groups(groups)
    defined = rows[rows["value"].notna()]
    of_model = defined["model"].map(lambda model: groups.get(model, "others"))
    for family in dict.fromkeys([*strokes, *of_model]):
        own = defined[of_model == family]
        if own.empty:
            continue
        stroke = strokes.get(family, _ALONE)
        at = y + _ROW / 2
        figure.add_scatter(
            x=own["value"] * scale.factor,
            y=[at] * len(own),
            mode="markers",
            showlegend=False,
            marker={"color": stroke.colour, "symbol": stroke.symbol, "size": 8, "opacity": 0.5},
            customdata=own[["model", "mark" if "mark" in own else "name"]].to_numpy(),
            hovertext=[hover(each, scale) for each in own.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 0.25}},
            selected={"marker": {"opacity": 1, "size": 13}},
        )
        median = float(own["value"].median())
        figure.add_scatter(
            x=[median * scale.factor],
            y=[at],
            mode="markers",
            showlegend=False,
            marker={"symbol": "line-ns", "size": 17, "line": {"color": stroke.colour, "width": 3}},
            hovertext=[f"<b>{family}</b><br>median of {len(own)} models {scale.text(median)}{scale.unit}"],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        ticks.append((at, f"{family} ({len(own)})"))
        y += _ROW
    return y


def _numbers(figure: go.Figure, own: pd.DataFrame, places: Mapping[str, float], high: float, scale: Scale) -> None:
    """The values in a column at the right, readable without a pointer; a dash with its reason where there is none."""
    figure.add_scatter(
        x=[high] * len(own),
        y=[places[str(model)] for model in own["model"]],
        mode="text",
        textposition="middle right",
        cliponaxis=False,
        showlegend=False,
        text=[scale.text(v) if pd.notna(v) else "–" for v in own["value"]],
        textfont={"size": 12},
        hovertext=[str(row["reason"]) if pd.isna(row["value"]) else "" for row in own.to_dict("records")],
        hoverinfo="text",
        unselected={"textfont": {"color": NEUTRAL}},
    )


def _fitted(rows: pd.DataFrame, own: pd.DataFrame, scale: Scale) -> tuple[float, float]:
    """The ends of the axis: what is drawn, and no more."""
    values = [*rows["value"].dropna(), *own["low"].dropna(), *own["high"].dropna()]
    low, high = (scale.factor * float(end(values)) for end in (min, max)) if values else (0.0, 1.0)
    pad = 0.04 * (high - low) or 1.0
    return low - pad, high + pad
