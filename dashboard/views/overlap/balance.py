"""Balance: what a benchmark weighs twice."""

from __future__ import annotations

import math

from dashboard.views.overlap import benchmark
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import figure, states
from robustcore import overlap
from robustcore.figures.bars import Scale, condition_bars
from robustcore.overlap.overlaps import at

_SCALE = Scale("mean overlap with the others of the benchmark")


def view(found: Found) -> None:
    """A bar for each corruption of the benchmark, by category."""
    members = benchmark.pick(found)
    if not members:
        return
    result = overlap.mean_overlaps(found.overlap, members)
    of = found.of_category()
    rows = result.means.rename_axis("name").reset_index().rename(columns={"mean": "value"})
    rows = rows.assign(
        model="mean overlap", corruption=rows["name"].map(found.labels), group=rows["name"].map(of).fillna("In none")
    )
    order = list(dict.fromkeys([title for title, _ in found.blocks if title]))
    places = {title: i for i, title in enumerate(order)}
    rows = rows.assign(place=rows["group"].map(places).fillna(len(places))).sort_values(
        ["place", "value"], ascending=[True, False]
    )
    shown = rows.assign(name=rows["corruption"]).drop(columns=["place", "corruption", "others"])
    chart = condition_bars(
        shown,
        _SCALE,
        footer=found.footer,
        alt=_says(found, result, members),
        legend={"mean overlap": "mean overlap, 95 % interval"},
    )
    figure.card(
        chart,
        key=f"{KEY}-balance",
        title="What does the benchmark weigh twice?",
        says=_says(found, result, members),
        table=rows[["corruption", "group", "value", "low", "high", "others", "reason"]].rename(
            columns={"value": "mean_overlap", "group": "category"}
        ),
        footer=found.footer,
        help="In a balanced benchmark every corruption overlaps equally with the others; a group that overlaps more counts more.",
    )


def _says(found: Found, result: overlap.Balance, members: tuple[str, ...]) -> str:
    known = result.means["mean"].dropna()
    if known.empty:
        return "No mean is defined here."
    if len(known) == 1:
        return "One corruption alone has nothing to be balanced against."
    most, least = str(known.idxmax()), str(known.idxmin())
    high, low = (at(result.means, name, end) for name, end in ((least, "high"), (most, "low")))
    apart = (
        ""
        if math.isnan(high)
        else " Their intervals do not meet: it is unbalanced."
        if low > high
        else " Their intervals meet."
    )
    return states.plain(
        f"{benchmark.title(members)[0].upper()}{benchmark.title(members)[1:]}: means from {known.min():.2f} "
        f"({found.labels[least]}) to {known.max():.2f} ({found.labels[most]}), standard deviation {result.spread:.2f}.{apart}"
    )
