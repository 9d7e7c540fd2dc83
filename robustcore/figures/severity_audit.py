"""The severity audit: accuracy against the distance to the clean image, severity by severity."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import plotly.graph_objects as go

from robustcore.display import display_name
from robustcore.figures._style import GRID, NEUTRAL, PALETTE, finish

_ODD = PALETTE[4]


def distance_curves(
    table: pd.DataFrame,
    *,
    distance: str,
    title: str,
    chosen: str,
    flagged: Collection[tuple[str, int]],
    footer: str,
    alt: str,
    height: int = 420,
) -> go.Figure:
    """One line for each corruption from severity 1 to its last; a good suite goes right and down at every step.

    Args:
        table: one row for each corruption and severity: `name`, `severity`, the column `distance`, and `accuracy` in
            0..1 with `low` and `high` where known.
        distance: the column on the horizontal axis; larger must mean farther from the clean image.
        title: of that axis, with the unit.
        chosen: the corruption that is drawn in colour, its severities numbered; the others stand behind it in grey.
        flagged: (name, severity) of the steps that are not harder than the one before; they get a cross.
        footer, alt: as for every figure.
        height: of the plotting area in pixels.
    """
    figure = go.Figure()
    names = [n for n in dict.fromkeys(table["name"]) if n != chosen]
    for name in [*names, chosen]:
        rows = table[table["name"] == name].sort_values("severity")
        if rows.empty:
            continue
        front = name == chosen
        hover = [
            f"{display_name(name)}, severity {s}<br>accuracy {100 * a:.1f} %<br>{title} {d:.3g}"
            for s, a, d in zip(rows["severity"], rows["accuracy"], rows[distance], strict=True)
        ]
        figure.add_scatter(
            x=rows[distance],
            y=100 * rows["accuracy"],
            name=display_name(name),
            mode="lines+markers+text" if front else "lines+markers",
            line={"color": PALETTE[0] if front else NEUTRAL, "width": 3 if front else 1.2},
            marker={"size": 9 if front else 4},
            opacity=1.0 if front else 0.55,
            text=[str(s) for s in rows["severity"]] if front else None,
            textposition="top right",
            hovertext=hover,
            hoverinfo="text",
            showlegend=front,
        )
    marked = table[[(n, int(s)) in set(flagged) for n, s in zip(table["name"], table["severity"], strict=True)]]
    if len(marked):
        figure.add_scatter(
            x=marked[distance],
            y=100 * marked["accuracy"],
            mode="markers",
            name="not harder than the step before",
            marker={"symbol": "x-thin", "size": 12, "line": {"width": 3, "color": _ODD}},
            hovertext=[
                f"{display_name(n)}, severity {s}: not harder than the one before"
                for n, s in zip(marked["name"], marked["severity"], strict=True)
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(title=title, gridcolor=GRID, rangemode="tozero")
    figure.update_yaxes(title="accuracy (%)", range=[0, 101], dtick=20)
    return finish(figure, height=height, footer=footer, alt=alt, bottom=56)
