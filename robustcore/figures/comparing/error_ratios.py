"""The ratio of a model's errors to a baseline's, a panel for each family, over the severities."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore import corruptions
from robustcore.figures._emphasis import looks, name_pinned
from robustcore.figures._style import NEUTRAL, distinct, finish, name_groups, of_groups
from robustcore.reports import emphasis as emphases
from robustcore.reports.compare.grouping import by_family
from robustcore.reports.emphasis import Emphasis

LEGEND = 12  # models up to this number stand in a legend


def ratio_panels(
    table: pd.DataFrame,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
    columns: int = 2,
) -> go.Figure:
    """One panel for each family; below the dashed line a model errs less than the baseline.

    Args:
        table: rows with model, family, severity (0 is clean), value (1: as the baseline; NaN where undefined), low, high.
        footer, alt: as for every figure.
        legend: what the legend says of a model; default its name.
        groups: model -> what it belongs to, which tells the colour where there are many models.
        emphasis: which models are shown first; where these are not all, the medians of the groups are drawn with them.
        columns: panels in a row; two still read on a telephone.
    """
    models, families = list(dict.fromkeys(table["model"])), by_family(table.assign(name=table["family"])).order
    labels = distinct(models) | dict(legend or {})
    thin = len(models) > LEGEND
    grouped = groups if thin else None
    drawn = looks(models, grouped, emphasis)
    partial = emphasis is not None and emphasis.is_partial and bool(grouped)
    shown = [m for m in models if drawn[m].is_first] if partial else models
    medians = emphases.medians(table, grouped or {}, ["family", "severity"]) if partial else None
    columns = min(columns, max(1, len(families)))
    count = max(1, math.ceil(len(families) / columns))
    panel, between = 190, 44
    height = count * panel + (count - 1) * between
    figure = make_subplots(
        rows=count,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[corruptions.families.title(f) for f in families],
        horizontal_spacing=0.04,
        vertical_spacing=between / height if count > 1 else 0,
    )
    for index, family in enumerate(families):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        figure.add_scatter(
            x=[0, 5],
            y=[1, 1],
            mode="lines",
            hoverinfo="skip",
            name="1: as the baseline",
            showlegend=index == 0,
            line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
            legendgroup="baseline",
            **place,
        )
        if medians is not None:
            _median_lines(figure, medians[medians["family"] == family], grouped or {}, place)
        for model in sorted(shown, key=lambda each: drawn[each].rank):
            rows = table[(table["model"] == model) & (table["family"] == family)].sort_values("severity")
            label = labels[model]
            look = drawn[model]
            stroke = look.stroke
            if not thin and not look.is_faded and rows["low"].notna().all() and len(rows):
                figure.add_scatter(
                    x=[*rows["severity"], *rows["severity"][::-1]],
                    y=[*rows["high"], *rows["low"][::-1]],
                    fill="toself",
                    fillcolor=stroke.fill(0.15),
                    mode="none",
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=label,
                    **place,
                )
            figure.add_scatter(
                x=rows["severity"],
                y=rows["value"],
                mode="lines+markers",
                name=label,
                legendgroup=stroke.group or label,
                opacity=look.opacity,
                line={
                    "color": stroke.colour,
                    "width": 3 if look.is_pinned else 1.2 if thin else 2,
                    "dash": stroke.dash,
                },
                marker={"symbol": stroke.symbol, "size": 3 if thin else 6, "color": stroke.colour},
                customdata=[[row["model"], row["family"], int(row["severity"])] for row in rows.to_dict("records")],
                unselected={"marker": {"opacity": 0.4}},
                showlegend=index == 0 and not thin,
                hovertext=[_hover(row) for row in rows.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
                **place,
            )
    name_groups(figure, grouped, models)
    if grouped:
        name_pinned(figure, drawn)
    figure.update_xaxes(showgrid=False, tickvals=[0, 1, 2, 3, 4, 5], range=[-0.2, 5.2])
    values = [v for c in ("value", *(() if thin else ("high",))) for v in table[c].dropna()]
    figure.update_yaxes(showgrid=True, range=[0, 1.05 * max([1.0, *values])])
    figure.update_annotations(font={"size": 12}, yshift=1)
    finish(figure, height=height, footer=footer, alt=alt, top=22, bottom=36)
    figure.update_layout(legend={"y": 1 + 26 / height})
    return figure


def _median_lines(
    figure: go.Figure, medians: pd.DataFrame, groups: Mapping[str, str], place: Mapping[str, int]
) -> None:
    """The median of each group of models as a thick line."""
    strokes = of_groups(groups)
    for training, rows in medians.groupby("training", sort=False):
        stroke, own = strokes[str(training)], rows.sort_values("severity")
        figure.add_scatter(
            x=own["severity"],
            y=own["value"],
            mode="lines",
            showlegend=False,
            legendgroup=str(training),
            line={"color": stroke.colour, "width": 3.4},
            hovertext=[
                f"<b>{training}</b><br>severity {row['severity']}: median of {row['models']} models {row['value']:.2f}"
                for row in own.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            **place,
        )


def _hover(row: Mapping[Hashable, Any]) -> str:
    where = "clean images" if row["severity"] == 0 else f"{row['family']}, severity {row['severity']}"
    text = f"<b>{row['model']}</b><br>{where}: {row['value']:.2f} times the baseline's errors"
    if not pd.isna(row["low"]):
        text += f"<br>95 % interval {row['low']:.2f} to {row['high']:.2f}"
    return text + f"<br>error {100 * row['error']:.1f} %, baseline {100 * row['baseline_error']:.1f} %"
