"""Anomaly scores: their distributions, what each threshold gives, and the way of one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from robustcore.figures._plain_names import plain
from robustcore.figures._style import NEUTRAL, PALETTE, finish

KNOWN, UNKNOWN = PALETTE[0], PALETTE[1]
_BINS = 40
_POINTS = 400  # of a curve
_MIDDLE = (0.005, 0.995)  # what the axis of a histogram shows at least

Scores = npt.NDArray[np.floating]


def histograms(
    known: Scores, unknown: Scores, *, threshold: float, known_title: str, title: str, score: str, footer: str, alt: str
) -> go.Figure:
    """The scores of known and of unknown images, as shares of each.

    Args:
        known, unknown: (n,) and (m,) anomaly scores.
        threshold: from which on an image is flagged; drawn as a line where it is a number.
        known_title, title: of the two sets.
        score: the score's title.
        footer, alt: as for every figure.
    """
    joined = np.concatenate([known, unknown])
    low, high = (float(edge) for edge in np.quantile(joined, _MIDDLE))
    if np.isfinite(threshold):
        low, high = min(low, threshold), max(high, threshold)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    figure = go.Figure()
    for name, values, colour, pattern in ((known_title, known, KNOWN, ""), (title, unknown, UNKNOWN, "/")):
        counts, _ = np.histogram(np.clip(values, low, high), edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=100 * counts / max(1, len(values)),
            width=np.diff(edges),
            name=f"{name} ({len(values):,})",
            marker={
                "color": colour,
                "opacity": 0.62,
                "line": {"width": 0},
                "pattern": {"shape": pattern, "solidity": 0.25},
            },
            hovertemplate=f"{plain(name)}<br>score %{{x:.3g}}: %{{y:.1f}} % of the images<extra></extra>",
        )
    if np.isfinite(threshold):
        figure.add_vline(x=threshold, line={"color": NEUTRAL, "width": 2, "dash": "dash"})
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            name="flagged from here",
            hoverinfo="skip",
        )
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(title=f"{score} (further right: stranger)", showgrid=False)
    figure.update_yaxes(title="share of the images (%)", rangemode="tozero")
    return finish(figure, height=240, footer=footer, alt=alt, bottom=56)


def operating_curves(
    points: pd.DataFrame, *, chance: float, auroc: float, aupr: float, chosen: float, footer: str, alt: str
) -> go.Figure:
    """ROC and precision against recall, side by side, each with what guessing gives.

    Args:
        points: threshold, recall, false_positive_rate, precision, each 0 .. 1, from the highest threshold down.
        chance: the share of unknown images, which is the precision of guessing.
        auroc, aupr: 0 .. 1.
        chosen: the recall that is marked.
        footer, alt: as for every figure.
    """
    places = np.unique(np.linspace(0, len(points) - 1, min(_POINTS, len(points))).astype(int))
    rows = points.iloc[places]
    marked = points[points["recall"] >= chosen - 1e-9].iloc[:1]
    figure = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.18,
        subplot_titles=[f"AUROC {100 * auroc:.1f} %", f"AUPR {100 * aupr:.1f} %"],
    )
    panels = (
        (1, "false_positive_rate", "recall", [0, 100], [0, 100]),
        (2, "recall", "precision", [0, 100], [100 * chance, 100 * chance]),
    )
    for column, x, y, guess_x, guess_y in panels:
        drawn = rows if column == 2 else pd.concat([pd.DataFrame([{x: 0.0, y: 0.0}]), rows])
        figure.add_scatter(
            x=100 * drawn[x],
            y=100 * drawn[y],
            mode="lines",
            line={"color": KNOWN, "width": 2.5},
            name="score",
            showlegend=False,
            hovertemplate=f"{_AXES[x]} %{{x:.1f}} %<br>{_AXES[y]} %{{y:.1f}} %<extra></extra>",
            row=1,
            col=column,
        )
        figure.add_scatter(
            x=guess_x,
            y=guess_y,
            mode="lines",
            line={"color": NEUTRAL, "width": 1.5, "dash": "dot"},
            name="guessing",
            showlegend=column == 1,
            hovertemplate="guessing: %{y:.1f} %<extra></extra>",
            row=1,
            col=column,
        )
        figure.add_scatter(
            x=100 * marked[x],
            y=100 * marked[y],
            mode="markers",
            marker={"color": UNKNOWN, "size": 11, "symbol": "diamond"},
            name="95 % of the unknown flagged",
            showlegend=column == 1,
            hovertemplate=f"{_AXES[x]} %{{x:.1f}} %<br>{_AXES[y]} %{{y:.1f}} %<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_xaxes(title=f"{_AXES[x]} (%)", range=[-1, 101], dtick=25, row=1, col=column)
        figure.update_yaxes(title=f"{_AXES[y]} (%)", range=[-1, 103], dtick=25, row=1, col=column)
    figure.update_annotations(font={"size": 12}, yshift=2)
    finish(figure, height=260, footer=footer, alt=alt, top=28, bottom=56)
    figure.update_layout(legend={"y": 1 + 24 / 260})
    return figure


_AXES = {
    "recall": "unknown flagged",
    "false_positive_rate": "known flagged",
    "precision": "precision",
}


def course(
    table: pd.DataFrame,
    *,
    axis: str,
    score: str,
    threshold: float,
    known: tuple[float, float],
    footer: str,
    alt: str,
    ticks: Sequence[float] | None = None,
) -> go.Figure:
    """The anomaly score of one image step by step, each with its answer, and the threshold from which on it is flagged.

    Args:
        table: step, score, answer (a name), confidence (0 .. 1), wrong (whether the answer has turned).
        axis: what a step is.
        score: the score's title.
        threshold: of the detector; NaN where there is none.
        known: the middle half of the known images' scores, drawn as a band.
        footer, alt: as for every figure.
        ticks: the steps that the axis names; default as Plotly chooses.
    """
    few = len(table) <= 8
    figure = go.Figure()
    figure.add_hrect(y0=known[0], y1=known[1], fillcolor=NEUTRAL, opacity=0.14, line_width=0, layer="below")
    figure.add_scatter(
        x=table["step"],
        y=table["score"],
        mode="lines",
        line={"color": NEUTRAL, "width": 2},
        showlegend=False,
        hoverinfo="skip",
    )
    for wrong, name, colour, symbol in (
        (False, "answer stands", KNOWN, "circle"),
        (True, "answer has turned", PALETTE[4], "x"),
    ):
        rows = table[table["wrong"] == wrong]
        figure.add_scatter(
            x=rows["step"],
            y=rows["score"],
            mode="markers+text" if few else "markers",
            name=name,
            text=plain([str(each) for each in rows["answer"]]) if few else None,
            textposition="top center",
            textfont={"size": 11},
            marker={"color": colour, "symbol": symbol, "size": 11 if few else 7},
            customdata=list(zip(plain(rows["answer"].tolist()), 100 * rows["confidence"], strict=True)),
            hovertemplate=f"{axis} %{{x}}<br>%{{customdata[0]}} (%{{customdata[1]:.0f}} %)<br>score %{{y:.3g}}<extra></extra>",
            cliponaxis=False,
        )
    if np.isfinite(threshold):
        figure.add_hline(y=threshold, line={"color": UNKNOWN, "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=1,
            xref="paper",
            y=threshold,
            text="flagged from here ↑",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"size": 11},
        )
    low, high = (
        float(np.nanmin([*table["score"], known[0], threshold])),
        float(np.nanmax([*table["score"], known[1], threshold])),
    )
    room = 0.18 * (high - low or 1.0)
    figure.update_xaxes(title=axis, showgrid=False, tickvals=ticks)
    if few:
        figure.update_xaxes(range=[table["step"].min() - 0.45, table["step"].max() + 0.45])
    figure.update_yaxes(title=f"{score} (higher: stranger)", range=[low - room / 2, high + room])
    return finish(figure, height=270, footer=footer, alt=alt, bottom=56)
