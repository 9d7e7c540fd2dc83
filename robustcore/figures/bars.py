"""Horizontal bars: one value for each model and each condition, the models side by side."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._emphasis import Look, looks
from robustcore.figures._style import NEUTRAL, distinct, finish
from robustcore.reports.emphasis import Emphasis

UNSELECTED = 0.45  # opacity of bars that were not clicked, which stay readable
_GAP, _HEADER = 11, 26  # pixels between two conditions, and for the heading of a family


@dataclasses.dataclass(frozen=True)
class Scale:
    """How values are written and drawn.

    Attributes:
        title: the axis title, with the unit.
        factor: table value -> drawn value, e.g. 100 for percent.
        number: format of one drawn value, e.g. ".1f".
        unit: written after a value in the hover text.
        limits: of the axis, in drawn values; None lets the data decide.
        reference: a drawn value that bars are read against, with a line, or None.
        reference_label: what that line is.
    """

    title: str
    factor: float = 1.0
    number: str = ".2f"
    unit: str = ""
    limits: tuple[float | None, float | None] = (0.0, None)
    reference: float | None = None
    reference_label: str = ""

    def text(self, value: float) -> str:
        """One value of the table as it is written."""
        return f"{value * self.factor:{self.number}}"


def condition_bars(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    legend: dict[str, str] | None = None,
    marks: dict[str, float] | None = None,
    colours: Sequence[str] = (),
    emphasis: Emphasis | None = None,
) -> go.Figure:
    """One bar for each model and condition, grouped by family where the table names families.

    Args:
        table: rows in the order in which they are drawn, with `model`, `name`, `value`, and where known `group` (the
            family), `low` and `high` (the ends of an interval), `n`, `reason` (why a value is NaN), and `faint` (whether a
            bar is drawn pale, as one that chance explains). A click on a bar reports its model and name, or what is in `mark`.
        scale: how values are written and drawn.
        footer: where the numbers come from.
        alt: what the figure shows, in words.
        legend: a model's text in the legend; by default its name.
        marks: for each model a value of the table's kind, such as its clean accuracy, drawn as a dotted line behind the
            bars.
        colours: all models of the page in their order, so that each keeps its colour; default those of the table.
        emphasis: whose pinned models are on top, and next to which the others are pale.
    """
    models = list(dict.fromkeys(table["model"]))
    if emphasis is not None:
        models = [*(m for m in emphasis.pinned if m in models), *(m for m in models if m not in emphasis.pinned)]
    labels = distinct(models) | dict(legend or {})
    drawn = looks([*dict.fromkeys([*colours, *models])], emphasis=emphasis)
    thick = 14 if len(models) <= 2 else 10 if len(models) <= 4 else 7 if len(models) <= 10 else 5
    block = thick * len(models)
    centre: dict[str, float] = {}
    ticks: list[tuple[float, str]] = []
    y, previous = 0.0, None
    groups = table["group"] if "group" in table else pd.Series([None] * len(table), index=table.index)
    for name, group in dict(zip(table["name"], groups, strict=True)).items():
        if isinstance(group, str) and group and group != previous:
            y += _HEADER
            ticks.append((y - _HEADER / 2 + 3, f"<b>{group}</b>"))
            previous = group
        centre[name] = y + block / 2
        ticks.append((centre[name], display_name(name)))
        y += block + _GAP
    figure = go.Figure()
    low, high = ends(table, scale)
    for i, model in enumerate(models):
        rows = table[table["model"] == model]
        at = [centre[name] + (i - (len(models) - 1) / 2) * thick for name in rows["name"]]
        label = labels[model]
        if marks and pd.notna(marks.get(model)):
            figure.add_scatter(
                x=[marks[model] * scale.factor] * 2,
                y=[-2, y - _GAP / 2],
                mode="lines",
                hoverinfo="skip",
                opacity=drawn[model].opacity,
                line={"color": drawn[model].stroke.colour, "width": 1.5, "dash": "dot"},
                showlegend=False,
                legendgroup=label,
            )
        _bars(figure, rows, at, thick, drawn[model], label, scale)
        _undefined(figure, rows, at, label, scale)
        if thick >= 10:
            _numbers(figure, rows, at, high, label, scale)
    figure.update_xaxes(title=scale.title, range=[low, high], showgrid=True)
    if low < 0:
        figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    figure.update_yaxes(
        range=[y - _GAP / 2, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    if scale.reference is not None:
        figure.add_scatter(
            x=[scale.reference] * 2,
            y=[-2, y - _GAP / 2],
            mode="lines",
            name=scale.reference_label or "reference",
            line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    finish(figure, height=int(y), footer=footer, alt=alt, bottom=52)
    if thick >= 10:
        figure.update_layout(margin_r=46)
    figure.update_layout(barmode="overlay")
    return figure


def ends(table: pd.DataFrame, scale: Scale) -> tuple[float, float]:
    """The two ends of the axis in drawn values."""
    columns = [c for c in ("value", "low", "high") if c in table]
    drawn = [v * scale.factor for c in columns for v in table[c].dropna()]
    drawn += [0.0] if scale.reference is None else [0.0, scale.reference]
    low, high = scale.limits
    if low is None:
        low = min(drawn) * 1.02
    if high is None:
        high = max(drawn) * 1.02 or 1.0
    return low, high


def _bars(
    figure: go.Figure, rows: pd.DataFrame, at: Sequence[float], thick: float, look: Look, label: str, scale: Scale
) -> None:
    defined = rows["value"].notna().to_numpy()
    rows, at = rows[defined], [y for y, k in zip(at, defined, strict=True) if k]
    error = None
    if "low" in rows and rows["low"].notna().any():
        error = {
            "type": "data",
            "array": (rows["high"] - rows["value"]) * scale.factor,
            "arrayminus": (rows["value"] - rows["low"]) * scale.factor,
            "color": NEUTRAL,
            "thickness": 1.2,
            "width": max(1, thick // 5),
        }
    stroke = look.stroke
    faint = [bool(each) for each in rows["faint"]] if "faint" in rows else [False] * len(rows)
    pale = {"opacity": [0.4 if each else 1.0 for each in faint]} if "faint" in rows else {}
    figure.add_bar(
        orientation="h",
        name=label,
        legendgroup=label,
        x=rows["value"] * scale.factor,
        y=at,
        width=thick - 1,
        opacity=look.opacity,
        marker={
            "color": stroke.colour,
            "pattern": {"shape": stroke.pattern, "fillmode": "replace"} if stroke.pattern else None,
            **pale,
        },
        error_x=error,
        hovertext=[hover(row, scale) for row in rows.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        customdata=rows[["model", "mark" if "mark" in rows else "name"]].to_numpy(),
        unselected={"marker": {"opacity": UNSELECTED}},
    )


def hover(row: Mapping[Hashable, Any], scale: Scale) -> str:
    """Hover text: the full name of the model, the value, its interval, or what else `whiskers` says it is, the clean accuracy, the
    number of images."""
    text = f"<b>{row['model']}</b><br>{display_name(row['name'])}: {scale.text(row['value'])}{scale.unit}"
    if pd.notna(row.get("low")):
        text += f"<br>{row.get('whiskers', '95 % interval')} {scale.text(row['low'])} to {scale.text(row['high'])}"
    if pd.notna(row.get("clean")):
        text += f"<br>clean accuracy {100 * row['clean']:.1f} %"
    if pd.notna(row.get("n")):
        text += f"<br>{int(row['n']):,} images"
    return text


def _undefined(figure: go.Figure, rows: pd.DataFrame, at: Sequence[float], label: str, scale: Scale) -> None:
    """Write "undefined" where a value is undefined, with the reason as hover text."""
    missing = rows["value"].isna().to_numpy()
    if not missing.any():
        return
    reasons = [str(r) if isinstance(r, str) and r else "no reason known" for r in rows.get("reason", [""] * len(rows))]
    figure.add_scatter(
        x=[0.0] * int(missing.sum()),
        y=[y for y, m in zip(at, missing, strict=True) if m],
        mode="text",
        text=[" undefined"] * int(missing.sum()),
        textposition="middle right",
        textfont={"size": 10, "color": NEUTRAL},
        showlegend=False,
        legendgroup=label,
        cliponaxis=False,
        hovertext=[r for r, m in zip(reasons, missing, strict=True) if m],
        hovertemplate=f"<b>{label}</b><br>undefined: %{{hovertext}}<extra></extra>",
    )


def _numbers(figure: go.Figure, rows: pd.DataFrame, at: Sequence[float], high: float, label: str, scale: Scale) -> None:
    """The values in a column at the right, readable without hovering."""
    figure.add_scatter(
        x=[high] * len(rows),
        y=list(at),
        mode="text",
        textposition="middle right",
        cliponaxis=False,
        text=[scale.text(v) if pd.notna(v) else "" for v in rows["value"]],
        textfont={"size": 10},
        showlegend=False,
        legendgroup=label,
        hoverinfo="skip",
        unselected={"textfont": {"color": NEUTRAL}},
    )
