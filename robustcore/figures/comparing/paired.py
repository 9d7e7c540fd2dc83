"""Two models against each other: the paired difference under each condition, with how many answers only one of them has right."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from robustcore.corruptions.families import title as family_title
from robustcore.display import display_name
from robustcore.figures._style import NEUTRAL, PALETTE, distinct, finish
from robustcore.reports.compare.closer.two_models import MEAN
from robustcore.reports.compare.grouping import by_family
from robustcore.reports.provenance import Footer

_ROW, _HEADING = 24, 26  # pixels


def paired_differences(table: pd.DataFrame, first: str, second: str, *, footer: str | Footer) -> go.Figure:
    """A dot for each condition with its interval; to the right of 0 the first model is better.

    A click on a dot reports the first model and the condition.

    Args:
        table: of `reports.compare.closer.two_models.differences`.
        first, second: the two models.
        footer: as for every figure.
    """
    names = distinct([first, second])
    mean, rest = table[table["name"] == MEAN], table[table["name"] != MEAN]
    rest = by_family(rest).arranged(rest)
    figure = go.Figure()
    ticks: list[tuple[float, str]] = []
    y, previous = 0.0, None
    for row in [*mean.to_dict("records"), *rest.to_dict("records")]:
        group = row.get("group")
        if isinstance(group, str) and group != previous:
            y += _HEADING
            ticks.append((y - _HEADING / 2 + 3, f"<b>{family_title(group)}</b>"))
            previous = group
        at = y + _ROW / 2
        is_mean = row["name"] == MEAN
        ticks.append((at, f"<b>Mean of {len(rest)}</b>" if is_mean else display_name(str(row["name"]))))
        y += _ROW
        if pd.isna(row["difference"]):
            continue
        settled = pd.notna(row["low"]) and (row["low"] > 0 or row["high"] < 0)
        colour = NEUTRAL if not settled else PALETTE[0] if row["difference"] > 0 else PALETTE[1]
        figure.add_scatter(
            x=[100 * row["difference"]],
            y=[at],
            mode="markers",
            showlegend=False,
            marker={"color": colour, "size": 13 if is_mean else 10, "symbol": "diamond" if is_mean else "circle"},
            error_x=None
            if pd.isna(row["low"])
            else {
                "type": "data",
                "array": [100 * (row["high"] - row["difference"])],
                "arrayminus": [100 * (row["difference"] - row["low"])],
                "color": colour,
                "thickness": 2 if is_mean else 1.5,
                "width": 0,
            },
            customdata=[[first, row["name"]]],
            hovertext=[_hover(row, first, second, conditions=len(rest) if is_mean else 1)],
            hovertemplate="%{hovertext}<extra></extra>",
            unselected={"marker": {"opacity": 0.45}},
        )
    lacking = table["low"].isna() & table["difference"].notna()
    undecided = (
        "no interval" if lacking.all() else "the interval has 0 in it" + (" or is unknown" if lacking.any() else "")
    )
    for text, colour in (
        (f"{names[first]} better", PALETTE[0]),
        (f"{names[second]} better", PALETTE[1]),
        (undecided, NEUTRAL),
    ):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=text, hoverinfo="skip", marker={"color": colour, "size": 10}
        )
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title="difference of accuracy (points)", showgrid=True)
    figure.update_yaxes(
        range=[y + 4, -2], tickvals=[t for t, _ in ticks], ticktext=[t for _, t in ticks], showgrid=False
    )
    alt = f"Accuracy of {first} less that of {second} under each condition"
    if len(mean) and pd.notna(mean.iloc[0]["difference"]):
        alt += f". Mean: {100 * mean.iloc[0]['difference']:+.1f} points"
    return finish(figure, height=int(y), footer=str(footer), alt=alt, bottom=52)


def _hover(row: Mapping[Hashable, Any], first: str, second: str, conditions: int) -> str:
    text = f"<b>{display_name(str(row['name']))}</b><br>{100 * row['difference']:+.1f} points"
    if pd.notna(row["low"]):
        text += f" ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
    if pd.notna(row["only_first"]):
        counts = {name: int(row[name]) for name in ("answers", "only_first", "only_second", "both", "neither")}
        text += (
            f"<br>of {counts['answers']:,} answers: right by {first} alone {counts['only_first']:,}, by {second} alone "
            f"{counts['only_second']:,}, by both {counts['both']:,}, by neither {counts['neither']:,}"
        )
    if row["counted"] < conditions:
        text += (
            f"<br>counted under {row['counted']} of {conditions} conditions: of the others no answers to single images are stored"
            if row["counted"]
            else "<br>no answers to single images are stored"
        )
    return text
