"""One model class by class: what each loses under each condition, and what it is taken for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.display import display_name
from robustcore.figures import heatmap
from robustcore.figures._style import finish, short
from robustcore.figures.bars import Scale
from robustcore.reports.provenance import Footer

_DROP = Scale(title="drop (points)", factor=100, number=".1f", unit=" points", limits=(None, None), reference=0)
_WIDEST = 14  # letters of a class's name


def class_drops(table: pd.DataFrame, model: str, names: Sequence[str], *, footer: str | Footer) -> go.Figure:
    """A row for each class, the one that loses most on top, a column for each condition; a click reports model and condition.

    Args:
        table: of `reports.compare.closer.classes.drops`, not empty.
        model: whose it is.
        names: of all of the model's classes.
        footer: as for every figure.
    """
    # Two classes may have one name, as the cranes of ImageNet, and stay two rows.
    times = Counter(names)
    own = [names[c] if times[names[c]] == 1 else f"{names[c]} ({c})" for c in table["class"]]
    rows = table.assign(model=own, value=table["drop"])
    worst = table.sort_values("drop", ascending=False, na_position="last").iloc[0]
    alt = (
        f"Drop of each class of {model} under each condition; most: {names[int(worst['class'])]} under "
        f"{display_name(str(worst['name']), inside=True)} by {100 * worst['drop']:.1f} points"
    )
    figure = heatmap.heatmap(rows, _DROP, footer=str(footer), alt=alt, better="lower")
    for trace in figure.data:  # a click leads to images of the model, whatever class it was on
        if trace.customdata is not None:
            trace.customdata = [[model, name] for _, name in trace.customdata]
    return figure


def confusion_panels(
    table: pd.DataFrame, model: str, names: Sequence[str], *, footer: str | Footer, columns: int = 4
) -> go.Figure:
    """One small matrix for each condition: what is right (rows) against what is answered (columns), as shares of each row.

    The diagonal, which is right, is left blank: what remains are the mistakes, on one scale for all. A click reports model and condition.

    Args:
        table: of `reports.compare.closer.classes.confusions`, not empty.
        model: whose it is.
        names: of all of the model's classes.
        footer: as for every figure.
        columns: panels in a row.
    """
    conditions, classes = list(dict.fromkeys(table["name"])), list(dict.fromkeys(table["class"]))
    count = math.ceil(len(conditions) / columns)
    panel, between = max(120, 11 * len(classes)), 34
    height = count * panel + (count - 1) * between
    figure = make_subplots(
        rows=count,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[display_name(name) for name in conditions],
        horizontal_spacing=0.015,
        vertical_spacing=between / height if count > 1 else 0,
    )
    texts = [short(display_name(names[c]), _WIDEST) for c in classes]
    mistakes = table[table["class"] != table["answer"]]
    top = 100 * float(mistakes["share"].max()) if mistakes["share"].notna().any() else 1.0
    k = len(classes)
    for index, name in enumerate(conditions):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        rows = table[table["name"] == name]
        shares = 100 * rows["share"].to_numpy(float).reshape(k, k)
        shown = np.where(np.eye(k, dtype=bool), np.nan, shares)
        figure.add_heatmap(z=shown, hoverinfo="skip", xgap=1, ygap=1, coloraxis="coloraxis", **place)
        counts = rows["count"].to_numpy(int).reshape(k, k)
        figure.add_scatter(
            x=[j for _ in range(k) for j in range(k)],
            y=[i for i in range(k) for _ in range(k)],
            mode="markers",
            showlegend=False,
            marker={"symbol": "square", "size": 10, "opacity": 0},
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            customdata=[[model, name]] * (k * k),
            hovertext=[
                f"<b>{display_name(name)}</b><br>is {names[classes[i]]}, answered {names[classes[j]]}<br>{counts[i, j]:,} answers, "
                f"{shares[i, j]:.1f} % of the row"
                for i in range(k)
                for j in range(k)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            **place,
        )
    figure.update_xaxes(
        tickvals=list(range(k)),
        ticktext=texts,
        tickangle=-60,
        showgrid=False,
        range=[-0.5, k - 0.5],
        tickfont={"size": 10},
    )
    figure.update_yaxes(
        tickvals=list(range(k)), ticktext=texts, showgrid=False, range=[k - 0.5, -0.5], tickfont={"size": 10}
    )
    figure.update_annotations(font={"size": 12}, yshift=1)
    figure.update_layout(
        coloraxis={
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": top,
            "colorbar": {"title": {"text": "% of row"}, "thickness": 12, "outlinewidth": 0},
        }
    )
    alt = f"Confusion matrices of {model}, one for each condition"
    return finish(figure, height=height, footer=str(footer), alt=alt, legend=False, top=24, bottom=90)
