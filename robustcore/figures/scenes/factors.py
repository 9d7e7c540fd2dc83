"""Controlled shifts: accuracy along a factor, over two factors, and OOD against IID accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, distinct, finish, shortest, strokes


def curve(
    table: pd.DataFrame, *, at: float, ends: tuple[str, str], footer: str, alt: str, height: int = 300
) -> go.Figure:
    """Accuracy along one factor, a line for each model with a band for its interval.

    Args:
        table: model, strength, accuracy and its low and high (NaN for none), all 0..1 but the strength; strength 0 is the test image.
        at: the strength that is looked at, drawn as a vertical line.
        ends: what the scene is at the least and at the largest strength.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    models = list(dict.fromkeys(table["model"]))
    labels, drawn = distinct(models), strokes(models)
    figure = go.Figure()
    figure.add_vline(x=at, line={"color": NEUTRAL, "width": 2, "dash": "dash"})
    for model in models:
        rows = table[table["model"] == model].sort_values("strength")
        banded = rows.dropna(subset=["low", "high"])
        figure.add_scatter(
            x=[*banded["strength"], *banded["strength"][::-1]],
            y=[*(100 * banded["high"]), *(100 * banded["low"][::-1])],
            fill="toself",
            fillcolor=drawn[model].fill(0.15),
            mode="none",
            hoverinfo="skip",
            showlegend=False,
            legendgroup=model,
        )
        figure.add_scatter(
            x=rows["strength"],
            y=100 * rows["accuracy"],
            mode="lines+markers",
            name=labels[model],
            legendgroup=model,
            line={"color": drawn[model].colour, "dash": drawn[model].dash, "width": 2},
            marker={"color": drawn[model].colour, "symbol": drawn[model].symbol, "size": 8},
            hovertemplate="strength %{x:g}: %{y:.1f} %",
        )
    low = float(min(table["strength"].min(), 0.0))
    ticks = sorted({*table["strength"], 0.0})
    texts = {ticks[0]: f"{ticks[0]:g}<br>{ends[0]}", ticks[-1]: f"{ticks[-1]:g}<br>{ends[1]}"}
    if low < 0:
        texts[0.0] = "0<br>as trained"
    figure.update_xaxes(
        title="strength",
        tickvals=ticks,
        ticktext=[texts.get(tick, f"{tick:g}") for tick in ticks],
        range=[low - 0.06, 1.06],
        showgrid=False,
    )
    figure.update_yaxes(title="accuracy (%)", range=[0, 100.5], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, bottom=70)


def plane(
    shares: npt.NDArray[np.floating],
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    *,
    images: int,
    footer: str,
    alt: str,
) -> go.Figure:
    """Accuracy over two factors.

    Args:
        shares: (steps of the first, steps of the second) accuracies 0..1, NaN where they are not known yet.
        first, second: title and strengths of the factor down and across.
        images: behind every cell.
        footer, alt: as for every figure.
    """
    text = [["" if np.isnan(value) else f"{100 * value:.0f}" for value in row] for row in shares]
    figure = go.Figure(
        go.Heatmap(
            z=100 * shares,
            x=list(range(len(second[1]))),
            y=list(range(len(first[1]))),
            zmin=0,
            zmax=100,
            colorscale="Cividis",
            xgap=1,
            ygap=1,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 12},
            hovertemplate="%{z:.1f} % of " + f"{images} images<extra></extra>",
            colorbar={"title": {"text": "accuracy (%)", "side": "right"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    figure.update_xaxes(
        title=f"strength of {second[0].lower()}",
        tickvals=list(range(len(second[1]))),
        ticktext=[f"{strength:g}" for strength in second[1]],
        showgrid=False,
    )
    figure.update_yaxes(
        title=f"strength of {first[0].lower()}",
        tickvals=list(range(len(first[1]))),
        ticktext=[f"{strength:g}" for strength in first[1]],
        showgrid=False,
        autorange="reversed",
    )
    return finish(figure, height=max(200, 38 * len(first[1])), footer=footer, alt=alt, legend=False, bottom=56)


def tracking(models: pd.DataFrame, *, slope: float, footer: str, alt: str, height: int = 340) -> go.Figure:
    """IID against mean OOD accuracy, one point for each model, and the line through them.

    Args:
        models: model, iid, ood, 0..1.
        slope: of the line through the means; NaN for no line.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    names = list(models["model"])
    labels = shortest(names)
    figure = go.Figure()
    x, y = 100 * models["iid"].to_numpy(float), 100 * models["ood"].to_numpy(float)
    if np.isfinite(slope):
        ends = np.array([x.min(), x.max()])
        figure.add_scatter(
            x=ends,
            y=y.mean() + slope * (ends - x.mean()),
            mode="lines",
            line={"color": NEUTRAL, "dash": "dot", "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    extreme = {int(np.argmax(y)), int(np.argmin(y)), int(np.argmin(x))}
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        text=[f" {labels[name]} " if place in extreme else "" for place, name in enumerate(names)],
        textposition=["middle right" if value < x.mean() else "middle left" for value in x],
        marker={"size": 10, "color": strokes(["one"])["one"].colour},
        customdata=names,
        hovertemplate="<b>%{customdata}</b><br>IID %{x:.1f} %, OOD %{y:.1f} %<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="accuracy on the test images, IID (%)")
    figure.update_yaxes(title="mean accuracy over all changed sets, OOD (%)")
    return finish(figure, height=height, footer=footer, alt=alt, legend=False, bottom=56)
