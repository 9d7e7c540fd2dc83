"""Coverage: whether robustness to a benchmark promises robustness to a corruption that one picks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.views.overlap import benchmark
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import figure, states
from robustcore import overlap
from robustcore.overlap.balance import MARGIN
from robustcore.overlap.overlaps import at

MARGINS = (0.05, 0.1, 0.15, 0.2, 0.3)
# The thesis' examples of what ImageNet-C does not cover.
EXAMPLES = ("laugros_border", "laugros_obstruction", "scenes_border", "scenes_cutout", "album_border", "album_cutout")


def view(found: Found) -> None:
    """The verdict in words, the intervals behind it, then the verdicts on all others."""
    members = benchmark.pick(found)
    if not members:
        return
    names = [name for _, inside in found.blocks for name in inside]
    others = [name for name in names if name not in members]
    start = next((name for name in EXAMPLES if name in (others or names)), (others or names)[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_cover_controls"):
        picked = selection.selectbox(
            "Does it cover",
            [*others, *(n for n in names if n in members)],
            key=f"{KEY}_covered",
            kind="corruption",
            default=start,
            text=found.labels.__getitem__,
            width=280,
        )
        margin = selection.segmented(
            "Margin",
            list(MARGINS),
            key=f"{KEY}_margin",
            kind="margin",
            default=MARGIN,
            text=lambda m: f"{m:g}",
            help="An overlap below this counts as none. 0.1 is a tenth of what training on the corruption itself gives.",
        )
    rest = tuple(name for name in members if name != picked)
    if not rest:
        states.empty("Nothing to cover it", "The benchmark has no other corruption.", icon=":material/shield:")
        return
    row = overlap.coverage(found.overlap, rest, [picked], margin=margin).iloc[0].to_dict()
    row["reason"] = found.words(str(row["reason"]))
    _card(found, picked, rest, row, margin, inside=picked in members)
    if others:
        _all(found, members, others, margin)


def _card(
    found: Found, picked: str, rest: Sequence[str], row: Mapping[Any, Any], margin: float, *, inside: bool
) -> None:
    from robustcore.figures.overlap_curves import intervals

    tables = {"signed": found.overlap.signed, "low": found.overlap.low, "high": found.overlap.high}
    rows = pd.DataFrame(
        [
            {
                "name": name,
                **{key: at(table, picked, name) for key, table in tables.items()},
                "reason": found.overlap.reasons.loc[picked, name],
            }
            for name in rest
        ]
    ).sort_values("signed", ascending=False, ignore_index=True)
    said = verdict(found.labels, picked, row, margin, _called(rest, inside))
    label = found.labels[picked]
    figure.card(
        intervals(
            rows, found.labels, margin, f"overlap with {label} before it is cut off at 0", footer=found.footer, alt=said
        ),
        key=f"{KEY}-coverage",
        title=f"{label}: {row['verdict']}",
        says=states.plain(said),
        table=rows.assign(corruption=rows["name"].map(found.labels)).drop(columns="name"),
        footer=found.footer,
        help="Noise alone makes half of all overlaps with nothing in common positive. So the interval decides: covered where one lies "
        "above the margin, not covered where all stay below it.",
    )


def _called(rest: Sequence[str], inside: bool) -> str:
    return f"the other {len(rest)} of the benchmark" if inside else benchmark.title(rest)


def verdict(labels: Mapping[str, str], name: str, row: Mapping[Any, Any], margin: float, by: str) -> str:
    """A row of `overlap.coverage` in words."""
    label = labels[name]
    if row["verdict"] == "undefined":
        return f"Nothing can be said of {label}: {row['reason']}."
    best = f"{labels[row['by']]} overlaps most with it, {row['best']:.2f}"
    if pd.notna(row["low"]):
        best += f" (95 % interval {row['low']:.2f} to {row['high']:.2f})"
    if row["verdict"] == "covered":
        return f"{label} is covered by {by}: {best}, above the margin of {margin:g}."
    if row["verdict"] == "not covered":
        return (
            f"{label} is not covered by {by}: no overlap can be as great as {margin:g}. {best}; the greatest upper end is "
            f"{row['reach']:.2f}."
        )
    why = (
        f": {row['reason']}"
        if row["reason"]
        else f", since the intervals neither lie above {margin:g} nor all stay below it"
    )
    return f"Whether {by} covers {label} is undecided{why}. {best}."


def _all(found: Found, members: Sequence[str], others: Sequence[str], margin: float) -> None:
    """Everything that is not in the benchmark, verdict by verdict."""
    table = overlap.coverage(found.overlap, members, others, margin=margin)
    with st.container(border=True, key=f"{KEY}_all_covered"):
        st.subheader(f"All that {benchmark.title(members)} does not hold", anchor=False)
        for word in ("not covered", "undecided", "covered", "undefined"):
            names = [found.labels[str(n)] for n in table.index[table["verdict"] == word]]
            if names:
                st.markdown(f"**{word.capitalize()}** ({len(names)}): {states.plain(', '.join(names))}")
        shown = table.assign(corruption=[found.labels[str(n)] for n in table.index], by=table["by"].map(found.labels))
        columns = ["corruption", "verdict", "best", "low", "high", "by", "reach", "all_zero", "reason"]
        with st.expander("As a table", icon=":material/table_chart:"):
            st.dataframe(shown[columns], hide_index=True, width="stretch")
            figure.download_csv(shown[columns], f"{KEY}-all-covered")
