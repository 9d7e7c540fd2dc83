"""Balance: what a benchmark counts twice."""

from __future__ import annotations

import math

from dashboard.views.overlap import benchmark
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure, states
from robustcore import overlap
from robustcore.figures.bars import Scale, condition_bars
from robustcore.overlap.overlaps import at

_SCALE = Scale("mean overlap with the others of the benchmark")


def view(matrix: Matrix) -> None:
    """A bar for each corruption of the benchmark, by category."""
    members = benchmark.pick(matrix)
    if not members:
        return
    result = overlap.mean_overlaps(matrix.overlap, members)
    titles = matrix.category_titles()
    rows = result.means.rename_axis("name").reset_index().rename(columns={"mean": "value"})
    rows = rows.assign(
        model="mean overlap",
        corruption=rows["name"].map(matrix.labels),
        group=rows["name"].map(titles).fillna("No category"),
    )
    order = list(dict.fromkeys([title for title, _ in matrix.blocks if title]))
    places = {title: i for i, title in enumerate(order)}
    rows["reason"] = [matrix.text(why) for why in rows["reason"]]
    rows = rows.assign(place=rows["group"].map(places).fillna(len(places))).sort_values(
        ["place", "value"], ascending=[True, False]
    )
    drawn = rows.assign(name=rows["corruption"]).drop(columns=["place", "corruption", "others"])
    chart = condition_bars(
        drawn,
        _SCALE,
        footer=matrix.footer,
        alt=_summary(matrix, result, members),
        legend={"mean overlap": "mean overlap, 95 % interval"},
    )
    figure.card(
        chart,
        key=f"{KEY}-balance",
        title="What does the benchmark count twice?",
        says=_summary(matrix, result, members),
        table=rows[["corruption", "group", "value", "low", "high", "others", "reason"]].rename(
            columns={"value": "mean_overlap", "group": "category"}
        ),
        footer=matrix.footer,
        help="In a balanced benchmark every corruption overlaps equally with the others. Corruptions that overlap more count more.",
    )


def _summary(matrix: Matrix, result: overlap.Balance, members: tuple[str, ...]) -> str:
    means = result.means["mean"].dropna()
    if means.empty:
        return "No mean overlap is defined."
    if len(means) == 1:
        return "Balance needs two corruptions or more."
    most, least = str(means.idxmax()), str(means.idxmin())
    high, low = (at(result.means, name, end) for name, end in ((least, "high"), (most, "low")))
    apart = (
        ""
        if math.isnan(high)
        else " Unbalanced: the intervals of the two do not overlap."
        if low > high
        else " The intervals of the two overlap."
    )
    return states.plain(
        f"Mean overlaps from {means.min():.2f} ({matrix.labels[least]}) to {means.max():.2f} ({matrix.labels[most]}), standard "
        f"deviation {result.spread:.2f}.{apart}"
    )
