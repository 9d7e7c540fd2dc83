"""Figures beside the map of overlaps: the choice of K, intervals against a margin, the clean accuracies."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from robustcore.figures._style import NEUTRAL, PALETTE, finish, name_line

_ROW = 24  # pixels of a corruption


def choice_of_k(table: pd.DataFrame, rule: float, chosen: int | None, *, footer: str, alt: str) -> go.Figure:
    """SCC and DCC against K, with the rule that takes the first K whose SCC passes it.

    Args:
        table: k, scc, dcc, stability, as `overlap.categories.sweep` gives it.
        rule: what SCC has to pass.
        chosen: the K that is looked at, with a line; None for none.
        footer, alt: as for every figure.
    """
    figure = go.Figure()
    lines = (
        ("scc", "same category (SCC)", PALETTE[0], "solid", "circle"),
        ("dcc", "different categories (DCC)", PALETTE[1], "dash", "square"),
        ("stability", "the same from other starts", NEUTRAL, "dot", "diamond"),
    )
    for column, title, colour, dash, symbol in lines:
        defined = table[table[column].notna()]
        figure.add_scatter(
            x=defined["k"],
            y=defined[column],
            mode="lines+markers",
            name=title,
            line={"color": colour, "dash": dash, "width": 2 if column != "stability" else 1.3},
            marker={"symbol": symbol, "size": 8 if column != "stability" else 5},
            hovertemplate=f"{title}<br>K = %{{x}}: %{{y:.2f}}<extra></extra>",
        )
    figure.add_hline(y=rule, line={"color": NEUTRAL, "width": 1.5, "dash": "dash"})
    name_line(figure, f"SCC has to pass {rule:g}", NEUTRAL, "dash")
    if chosen is not None:
        figure.add_vline(
            x=chosen,
            line={"color": PALETTE[3], "width": 1.5},
            annotation={"text": f" K = {chosen}", "font": {"size": 12}},
            annotation_position="bottom right",
        )
    low = min([0.0, *table["dcc"].dropna(), *table["scc"].dropna()]) - 0.08
    figure.update_xaxes(title="number of categories K", dtick=1, showgrid=False)
    figure.update_yaxes(title="mean correlation between rows", range=[low, 1.05], showgrid=True)
    return finish(figure, height=280, footer=footer, alt=alt, top=22, bottom=56)


def intervals(
    table: pd.DataFrame, labels: Mapping[str, str], margin: float, title: str, *, footer: str, alt: str
) -> go.Figure:
    """Overlaps with their intervals, one below the other, against a margin that tells some from none.

    Args:
        table: name, signed, low, high, in the order in which they are drawn; NaN with a reason where undefined.
        labels: how each name is written.
        margin: drawn as a line.
        title: of the axis.
        footer, alt: as for every figure.
    """
    names = list(table["name"])
    figure = go.Figure()
    defined = table[table["signed"].notna()]
    places = {name: i for i, name in enumerate(names)}
    above = defined["low"] > margin
    ends = defined["low"].notna()
    for mask, title_of, colour, symbol in (
        (above, "some: the interval lies above the margin", PALETTE[0], "circle"),
        (~above & (defined["high"] < margin), "none: it stays below the margin", PALETTE[1], "square"),
        (~above & ~(defined["high"] < margin), "undecided", NEUTRAL, "diamond"),
    ):
        rows = defined[mask]
        if rows.empty:
            continue
        bars = rows["low"].notna().all() and ends.any()
        figure.add_scatter(
            x=rows["signed"],
            y=[places[name] for name in rows["name"]],
            mode="markers",
            name=title_of,
            marker={"color": colour, "symbol": symbol, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": rows["high"] - rows["signed"],
                "arrayminus": rows["signed"] - rows["low"],
                "color": colour,
                "thickness": 1.6,
                "width": 4,
            }
            if bars
            else None,
            hovertext=[
                f"<b>{labels.get(r['name'], r['name'])}</b><br>{r['signed']:.2f}"
                + (f", 95 % interval {r['low']:.2f} to {r['high']:.2f}" if pd.notna(r["low"]) else "")
                for r in rows.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    missing = table[table["signed"].isna()]
    if len(missing):
        figure.add_scatter(
            x=[0.0] * len(missing),
            y=[places[name] for name in missing["name"]],
            mode="text",
            text=["undefined"] * len(missing),
            textposition="middle right",
            textfont={"size": 11, "color": NEUTRAL},
            showlegend=False,
            hovertext=[why.text_with(labels) for why in missing["reason"]],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    figure.add_vline(x=margin, line={"color": PALETTE[3], "width": 1.5, "dash": "dash"})
    name_line(figure, f"margin {margin:g}", PALETTE[3], "dash")
    figure.update_xaxes(title=title, showgrid=True)
    figure.update_yaxes(
        range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))),
        ticktext=[labels.get(n, n) for n in names],
        showgrid=False,
    )
    return finish(figure, height=max(120, _ROW * len(names)), footer=footer, alt=alt, top=22, bottom=56)


def clean_accuracies(table: pd.DataFrame, labels: Mapping[str, str], *, footer: str, alt: str) -> go.Figure:
    """The clean accuracy of every model of an atlas as a dot, the standard model's as a line.

    Args:
        table: trained_on, clean, the standard model first, as `reports.atlas.models` gives it.
        labels: how each corruption is written.
        footer, alt: as for every figure.
    """
    rows = table.iloc[1:].sort_values("clean", ascending=False)
    standard = float(table["clean"].iloc[0])
    names = list(rows["trained_on"])
    figure = go.Figure()
    figure.add_scatter(
        x=100 * rows["clean"],
        y=list(range(len(names))),
        mode="markers",
        showlegend=False,
        marker={"color": PALETTE[0], "size": 9},
        hovertext=[
            f"<b>trained on {labels.get(n, n)}</b><br>{c:.1%} on clean images"
            for n, c in zip(names, rows["clean"], strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    if standard == standard:
        figure.add_vline(
            x=100 * standard,
            line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
            annotation={"text": f"standard model {standard:.1%}", "font": {"size": 11}, "yanchor": "bottom"},
            annotation_position="top",
        )
    # Three points either way: what differs by less is no difference to speak of.
    values = [100 * v for v in table["clean"].dropna()]
    centre = sum((min(values), max(values))) / 2 if values else 50.0
    half = max(3.0, (max(values) - min(values)) / 2 + 0.5) if values else 3.0
    figure.update_xaxes(title="clean accuracy (%)", range=[centre - half, min(100.5, centre + half)], showgrid=True)
    figure.update_yaxes(
        range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))),
        ticktext=[labels.get(n, n) for n in names],
        showgrid=True,
    )
    return finish(figure, height=max(120, 19 * len(names)), footer=footer, alt=alt, legend=False, top=22, bottom=56)


def self_gains(table: pd.DataFrame, labels: Mapping[str, str], *, footer: str, alt: str) -> go.Figure:
    """What training on each corruption gains on it, beside what it has to exceed for an overlap to be defined.

    Args:
        table: trained_on, self_gain, threshold, defined, in the order in which they are drawn.
        labels: how each corruption is written.
        footer, alt: as for every figure.
    """
    defined = table[table["self_gain"].notna()]
    names = list(defined["trained_on"])
    places = {name: i for i, name in enumerate(names)}
    figure = go.Figure()
    figure.add_scatter(
        x=100 * defined["threshold"],
        y=list(range(len(names))),
        mode="markers",
        name="threshold",
        hoverinfo="skip",
        marker={"symbol": "line-ns", "size": 13, "line": {"color": NEUTRAL, "width": 2}},
    )
    for mask, title, colour, symbol in (
        (defined["defined"], "helps: overlaps are defined", PALETTE[0], "circle"),
        (~defined["defined"], "does not help: undefined", PALETTE[1], "square"),
    ):
        rows = defined[mask]
        if len(rows):
            figure.add_scatter(
                x=100 * rows["self_gain"],
                y=[places[n] for n in rows["trained_on"]],
                mode="markers",
                name=title,
                marker={"color": colour, "symbol": symbol, "size": 9},
                hovertext=[
                    f"<b>{labels.get(r['trained_on'], r['trained_on'])}</b><br>self-gain {100 * r['self_gain']:.1f} points, "
                    f"threshold {100 * r['threshold']:.1f}"
                    for r in rows.to_dict("records")
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    figure.update_xaxes(title="gain of training on a corruption on that corruption (points)", showgrid=True)
    figure.update_yaxes(
        range=[len(names) - 0.4, -0.6],
        tickvals=list(range(len(names))),
        ticktext=[labels.get(n, n) for n in names],
        showgrid=True,
    )
    return finish(figure, height=max(120, 19 * len(names)), footer=footer, alt=alt, bottom=56)
