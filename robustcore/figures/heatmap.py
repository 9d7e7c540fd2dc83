"""Models against conditions as a table of colours, the values written into it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, finish, shortest
from robustcore.figures.bars import Scale

_LETTERS = 6.6  # pixels of one at 12 px, for the room that slanted names need


def heatmap(
    table: pd.DataFrame,
    scale: Scale,
    *,
    footer: str,
    alt: str,
    better: str = "higher",
    clean: Mapping[str, float] | None = None,
    titles: Mapping[str, str] | None = None,
) -> go.Figure:
    """One row for each model and one column for each condition, both in the table's order.

    Args:
        table: rows with model, name, value (NaN where undefined), and where known low, high, reason. A click on a cell reports its
            model and name, or what is in `mark`.
        scale: how values are written and drawn.
        footer, alt: as for every figure.
        better: "higher" or "lower": bright is better; of values on both sides of the scale's reference, blue.
        clean: the models' clean accuracies, written beside their names.
        titles: name -> what is written above its column, where that is not its usual form.
    """
    models, names = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["name"]))
    values = table.pivot(index="model", columns="name", values="value").reindex(index=models, columns=names)
    z = scale.factor * values.to_numpy(dtype=float)
    with_text = table.assign(text=[_hover(row, scale) for row in table.to_dict("records")])
    hover = with_text.pivot(index="model", columns="name", values="text").reindex(index=models, columns=names)
    number = scale.number if scale.factor == 1 and "." in scale.number and scale.number != ".1f" else ".0f"
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=list(range(len(names))),
            y=list(range(len(models))),
            **_colours(z, scale, better),
            hoverongaps=False,
            xgap=1,
            ygap=1,
            texttemplate=f"%{{z:{number}}}" if len(names) <= 20 else None,
            textfont={"size": 10},
            hovertext=hover.to_numpy(),
            hovertemplate="%{hovertext}<extra></extra>",
            colorbar={
                "title": {"text": scale.title, "side": "bottom"},
                "orientation": "h",
                "thickness": 10,
                "len": 0.5,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "ypad": 8,
                "outlinewidth": 0,
            },
        )
    )
    missing = [(j, i) for i in range(len(models)) for j in range(len(names)) if z[i, j] != z[i, j]]
    if missing:
        figure.add_scatter(
            x=[j for j, _ in missing],
            y=[i for _, i in missing],
            mode="text",
            text=["–"] * len(missing),
            showlegend=False,
            hovertext=[hover.iloc[i, j] for j, i in missing],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    marks = table.pivot(index="model", columns="name", values="mark") if "mark" in table else None
    _make_clickable(figure, hover.where(values.notna()), marks)
    said_clean = {m: f" ({100 * c:.0f} %)" for m, c in (clean or {}).items() if pd.notna(c)}
    names_of_models = [f"{label}{said_clean.get(m, '')}" for m, label in shortest(models, 24).items()]
    above = [(titles or {}).get(n, display_name(n)) for n in names]
    longest = max(map(len, above), default=0)
    figure.update_xaxes(
        tickvals=list(range(len(names))),
        ticktext=above,
        side="top",
        tickangle=-60,
        showgrid=False,
        range=[-0.5, len(names) - 0.5],
        tickfont={"size": 11},
    )
    figure.update_yaxes(
        tickvals=list(range(len(models))),
        ticktext=names_of_models,
        showgrid=False,
        range=[len(models) - 0.5, -0.5],
        tickfont={"size": 11},
    )
    row = 34 if len(models) <= 12 else 24
    top = int(longest * _LETTERS * 0.87) + 16
    finish(figure, height=row * len(models), footer=footer, alt=alt, legend=False, top=top, bottom=66)
    # The slanted name of the last column reaches past the plotting area; without room Plotly leaves it out.
    last = above[-1] if above else ""
    return figure.update_layout(margin_r=8 + int(len(last) * _LETTERS * 0.5))


def _make_clickable(figure: go.Figure, texts: pd.DataFrame, marks: pd.DataFrame | None) -> None:
    """Unseen squares over the cells that have a text: a click on one reports its model and name, or its mark; one on a cell does not."""
    cells = [
        (i, j, model, name, texts.loc[model, name])
        for i, model in enumerate(texts.index)
        for j, name in enumerate(texts.columns)
        if isinstance(texts.loc[model, name], str)
    ]
    figure.add_scatter(
        x=[j for _, j, *_ in cells],
        y=[i for i, *_ in cells],
        mode="markers",
        marker={"symbol": "square", "size": 22, "opacity": 0},
        customdata=[[model, name if marks is None else marks.loc[model, name]] for _, _, model, name, _ in cells],
        hovertext=[text for *_, text in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
        selected={"marker": {"opacity": 0.35, "color": NEUTRAL}},
        unselected={"marker": {"opacity": 0}},
    )


def is_signed(values: npt.NDArray[np.float64], scale: Scale) -> bool:
    """Whether drawn values lie on both sides of the scale's reference, which then has a colour of its own."""
    if scale.reference is None:
        return False
    return bool((values < scale.reference).any() and (values > scale.reference).any())


def _colours(values: npt.NDArray[np.float64], scale: Scale, better: str) -> dict[str, Any]:
    """From dark to bright; from red over white to blue where values lie on both sides of the reference."""
    if not is_signed(values, scale):
        return {"colorscale": "Cividis", "reversescale": better == "lower"}
    return {"colorscale": "RdBu", "zmid": scale.reference, "reversescale": better == "lower"}


def _hover(row: Mapping[Hashable, Any], scale: Scale) -> str:
    text = f"<b>{row['model']}</b><br>{display_name(str(row['name']))}: "
    if pd.isna(row["value"]):
        return f"{text}undefined<br>{row.get('reason') or 'not evaluated'}"
    text += f"{scale.text(row['value'])}{scale.unit}"
    if pd.notna(row.get("low")):
        text += f"<br>95 % interval {scale.text(row['low'])} to {scale.text(row['high'])}"
    return text
