"""Severity curves: accuracy against severity, the clean images at 0."""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.display import display_name
from robustcore.figures._emphasis import Look, looks, name_pinned
from robustcore.figures._style import NEUTRAL, distinct, finish, name_groups, of_groups
from robustcore.reports import emphasis as emphases
from robustcore.reports.emphasis import Emphasis

_WIDEST = 18  # letters in a line of a panel's title
CROWD = 12  # models beyond which a legend says less than a pointer does
_TICKS = {"tickvals": [0, 1, 2, 3, 4, 5], "range": [-0.15, 5.15]}


def severity_curve(
    table: pd.DataFrame,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
    height: int = 300,
) -> go.Figure:
    """One line for each model, with a band for its interval.

    Args:
        table: rows with `model`, `severity` (0 is clean), `accuracy` in 0..1, and where known `low`, `high`, `n`.
        footer: where the numbers come from.
        alt: what the figure shows, in words.
        legend: what the legend says of a model; default its name.
        groups: model -> what it belongs to, which tells the colour where there are many models.
        emphasis: which models are shown first.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    labels = distinct(models) | dict(legend or {})
    crowd = len(models) > CROWD
    grouped = groups if crowd else None
    drawn = looks(models, grouped, emphasis)
    figure = go.Figure()
    for model in sorted(models, key=lambda each: drawn[each].rank):
        rows = table[table["model"] == model].sort_values("severity")
        label = labels[model]
        if not crowd and not drawn[model].is_faded:
            _band(figure, rows, drawn[model], label)
        figure.add_scatter(
            **_line(rows, drawn[model], label, size=4 if crowd else 8, named=not crowd, grouped=not crowd)
        )
    name_groups(figure, grouped, models)
    if grouped:
        name_pinned(figure, drawn)
    figure.update_xaxes(title="severity (0: clean images)", showgrid=False, **_TICKS)
    figure.update_yaxes(title="accuracy (%)", range=[0, 100.5], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, legend=bool(grouped) or not crowd, bottom=56)


def severity_panels(
    table: pd.DataFrame,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    emphasis: Emphasis | None = None,
    columns: int = 3,
) -> go.Figure:
    """One small panel for each condition, in the order of the table, all on the same axes.

    Args:
        table: rows with `model`, `name`, `severity` (0 is clean) and `accuracy` in 0..1.
        footer, alt, legend, groups, emphasis: as for `severity_curve`; of many models the medians of the groups and the pinned
            models are drawn.
        columns: panels in a row; three still read on a telephone.
    """
    models, names = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["name"]))
    labels = distinct(models) | dict(legend or {})
    crowd = len(models) > CROWD
    grouped = groups if crowd else None
    drawn = looks(models, grouped, emphasis)
    partial = emphasis is not None and emphasis.is_partial and bool(grouped)
    figure, height = _panels([display_name(n) for n in names], columns, 118)
    medians = emphases.medians(table, grouped or {}, ["name", "severity"], "accuracy") if partial else None
    shown = [m for m in models if drawn[m].is_pinned] if partial else sorted(models, key=lambda m: drawn[m].rank)
    for index, name in enumerate(names):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        if medians is not None:
            _median_lines(figure, medians[medians["name"] == name], grouped or {}, place)
        for model in shown:
            rows = table[(table["model"] == model) & (table["name"] == name)].sort_values("severity")
            label = labels[model]
            named = not crowd and index == 0
            figure.add_scatter(**_line(rows, drawn[model], label, size=4, named=named, grouped=not crowd), **place)
    name_groups(figure, grouped, models)
    if grouped:
        name_pinned(figure, drawn)
    figure.update_xaxes(showgrid=False, **_TICKS)
    figure.update_yaxes(range=[0, 101], tickvals=[0, 50, 100])
    figure.update_annotations(font={"size": 11}, yshift=-1)
    finish(figure, height=height, footer=footer, alt=alt, legend=bool(grouped) or not crowd, top=20, bottom=30)
    figure.update_layout(legend={"y": 1 + 22 / height})
    return figure


def family_panels(
    table: pd.DataFrame, *, footer: str, alt: str, groups: Mapping[str, str], emphasis: Emphasis, columns: int = 3
) -> go.Figure:
    """One small panel for each group of models, on the same axes: its models' lines over those of all others in grey.

    The median is thick; the line of the first model of a group, and those of pinned ones, are named by a pointer.

    Args:
        table, footer, alt, groups, emphasis: as for `severity_curve`; a model without a group is grey everywhere.
        columns: panels in a row.
    """
    models = list(dict.fromkeys(table["model"]))
    drawn = looks(models, groups, emphasis)
    here = [family for family in of_groups(groups) if any(groups.get(model) == family for model in models)]
    counts = [sum(groups.get(model) == family for model in models) for family in here]
    titles = [
        "<br>".join(textwrap.wrap(f"{family} ({count})", _WIDEST)) for family, count in zip(here, counts, strict=True)
    ]
    figure, height = _panels(titles, columns, 190)
    medians = emphases.medians(table, groups, ["severity"], "accuracy")
    lines = {m: table[table["model"] == m].sort_values("severity") for m in models}
    low = 100 * float(table["accuracy"].min())
    for index, family in enumerate(here):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        own = [m for m in models if groups.get(m) == family]
        _backdrop(figure, [rows for m, rows in lines.items() if m not in own], place)
        for model in sorted(own, key=lambda each: drawn[each].rank):
            stroke = of_groups(groups)[family]
            thin = dataclasses.replace(drawn[model], stroke=stroke) if not drawn[model].is_pinned else drawn[model]
            figure.add_scatter(**_line(lines[model], thin, model, size=5, named=False, grouped=False), **place)
        _median_lines(figure, medians[medians["training"] == family], groups, place)
        for model in (m for m in models if drawn[m].is_pinned and m not in own):
            figure.add_scatter(**_line(lines[model], drawn[model], model, size=5, named=False, grouped=False), **place)
    name_pinned(figure, drawn)
    figure.update_xaxes(showgrid=False, **_TICKS)
    figure.update_yaxes(range=[max(0.0, 10 * math.floor(low / 10 - 0.2)), 100.5])
    figure.update_annotations(font={"size": 12}, yshift=1)
    legend = bool(emphasis.pinned)
    finish(figure, height=height, footer=footer, alt=alt, legend=legend, top=46, bottom=36)
    return figure.update_layout(legend={"y": 1 + 50 / height})


def _panels(titles: Sequence[str], columns: int, panel: int) -> tuple[go.Figure, int]:
    """Small panels on the same axes, and their height in pixels."""
    count, between = max(1, math.ceil(len(titles) / columns)), 34 if panel < 150 else 72
    height = count * panel + (count - 1) * between
    figure = make_subplots(
        rows=count,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=list(titles),
        horizontal_spacing=0.025,
        vertical_spacing=between / height if count > 1 else 0,
    )
    return figure, height


def _backdrop(figure: go.Figure, lines: Sequence[pd.DataFrame], place: Mapping[str, int]) -> None:
    """Lines that are there to compare with, as one grey trace with gaps."""
    x = [value for rows in lines for value in (*rows["severity"], None)]
    y = [value for rows in lines for value in (*(100 * rows["accuracy"]), None)]
    line = {"color": NEUTRAL, "width": 0.7}
    figure.add_scatter(x=x, y=y, mode="lines", hoverinfo="skip", showlegend=False, opacity=0.3, line=line, **place)


def _median_lines(
    figure: go.Figure, medians: pd.DataFrame, groups: Mapping[str, str], place: Mapping[str, int]
) -> None:
    """The median of each group as a thick line."""
    strokes = of_groups(groups)
    for family, rows in medians.groupby("training", sort=False):
        stroke, own = strokes[str(family)], rows.sort_values("severity")
        figure.add_scatter(
            x=own["severity"],
            y=100 * own["accuracy"],
            mode="lines+markers",
            showlegend=False,
            legendgroup=str(family),
            line={"color": stroke.colour, "width": 3},
            marker={"symbol": stroke.symbol, "size": 6, "color": stroke.colour},
            hovertext=[
                f"<b>{family}</b><br>{_where(row['severity'])}: median of {row['models']} models {100 * row['accuracy']:.1f} %"
                for row in own.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            **place,
        )


def _where(severity: float) -> str:
    return "clean" if severity == 0 else f"severity {int(severity)}"


def _line(rows: pd.DataFrame, look: Look, label: str, *, size: int, named: bool, grouped: bool) -> dict[str, object]:
    """A model's line, a click on which reports model, condition and severity. Lines that no legend names belong to no group of it,
    or it would stand in one column."""
    stroke = look.stroke
    texts = []
    for row in rows.to_dict("records"):
        text = f"<b>{row['model']}</b><br>{_where(row['severity'])}: {100 * row['accuracy']:.1f} %"
        if pd.notna(row.get("low")):
            text += f"<br>95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f} %"
        if pd.notna(row.get("n")):
            text += f"<br>{int(row['n']):,} images"
        texts.append(text)
    return {
        "x": rows["severity"],
        "y": rows["accuracy"] * 100,
        "mode": "lines+markers",
        "name": label,
        "legendgroup": stroke.group or (label if grouped else None),
        "showlegend": named,
        "opacity": look.opacity,
        "line": {"color": stroke.colour, "width": 3 if look.is_pinned else 2 if size > 5 else 1.3, "dash": stroke.dash},
        "marker": {"symbol": stroke.symbol, "size": size, "color": stroke.colour},
        "customdata": [[row["model"], row.get("name", ""), int(row["severity"])] for row in rows.to_dict("records")],
        "unselected": {"marker": {"opacity": 0.4}},
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _band(figure: go.Figure, rows: pd.DataFrame, look: Look, label: str) -> None:
    """The interval as a band behind the line."""
    if "low" not in rows or rows["low"].isna().any():
        return
    figure.add_scatter(
        x=[*rows["severity"], *rows["severity"][::-1]],
        y=[*(100 * rows["high"]), *(100 * rows["low"])[::-1]],
        fill="toself",
        fillcolor=look.stroke.fill(0.15),
        mode="none",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=label,
    )
