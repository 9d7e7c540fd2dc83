"""Coverage: whether robustness to a benchmark implies robustness to another corruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import selection
from dashboard.views.overlap import benchmark
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure, states
from robustcore import overlap
from robustcore.overlap.balance import MARGIN
from robustcore.overlap.overlaps import at

MARGINS = (0.05, 0.1, 0.15, 0.2, 0.3)
# The thesis' examples of what ImageNet-C does not cover.
EXAMPLES = ("laugros_border", "laugros_obstruction", "scenes_border", "scenes_cutout", "album_border", "album_cutout")


def view(matrix: Matrix) -> None:
    """The verdict on one corruption with its intervals, then the verdicts on all others."""
    members = benchmark.pick(matrix)
    if not members:
        return
    names = [name for _, inside in matrix.blocks for name in inside]
    others = [name for name in names if name not in members]
    start = next((name for name in EXAMPLES if name in (others or names)), (others or names)[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}_cover_controls"):
        picked = selection.selectbox(
            "Does it cover …",
            [*others, *(n for n in names if n in members)],
            key=f"{KEY}_covered",
            kind="corruption",
            default=start,
            text=matrix.labels.__getitem__,
            width=280,
        )
        margin = selection.segmented(
            "Margin",
            list(MARGINS),
            key=f"{KEY}_margin",
            kind="margin",
            default=MARGIN,
            text=lambda m: f"{m:g}",
            help="Smaller overlaps count as none. 0.1: a tenth of the effect of training on the corruption itself.",
        )
    rest = tuple(name for name in members if name != picked)
    if not rest:
        states.empty("Nothing to compare with", "The benchmark has no other corruption.", icon=":material/shield:")
        return
    row = overlap.coverage(matrix.overlap, rest, [picked], margin=margin).iloc[0].to_dict()
    row["reason"] = matrix.text(row["reason"])
    _card(matrix, picked, rest, row, margin, inside=picked in members)
    if others:
        _all(matrix, members, others, margin)


def _card(
    matrix: Matrix, picked: str, rest: Sequence[str], row: Mapping[Any, Any], margin: float, *, inside: bool
) -> None:
    from robustcore.figures.overlap_curves import intervals

    tables = {"signed": matrix.overlap.signed, "low": matrix.overlap.low, "high": matrix.overlap.high}
    rows = pd.DataFrame(
        [
            {
                "name": name,
                **{key: at(table, picked, name) for key, table in tables.items()},
                "reason": matrix.overlap.reason(picked, name),
            }
            for name in rest
        ]
    ).sort_values("signed", ascending=False, ignore_index=True)
    sentence = verdict(matrix.labels, picked, row, margin, _called(rest, inside))
    label = matrix.labels[picked]
    figure.card(
        intervals(
            rows,
            matrix.labels,
            margin,
            f"signed overlap with {label}",
            footer=matrix.footer,
            alt=sentence,
        ),
        key=f"{KEY}-coverage",
        title=f"{label}: {row['verdict']}",
        says=states.plain(sentence),
        table=rows.assign(
            corruption=rows["name"].map(matrix.labels), reason=[matrix.text(why) for why in rows["reason"]]
        ).drop(columns="name"),
        footer=matrix.footer,
        help="Noise alone makes half of all zero overlaps positive, so the 95 % interval decides. Covered: one interval is above the "
        "margin. Not covered: all intervals are below it.",
    )


def _called(rest: Sequence[str], inside: bool) -> str:
    return f"the other {len(rest)} of the benchmark" if inside else benchmark.title(rest)


def verdict(labels: Mapping[str, str], name: str, row: Mapping[Any, Any], margin: float, by: str) -> str:
    """A row of `overlap.coverage` in words."""
    label = labels[name]
    if row["verdict"] == "undefined":
        return f"{label} has no verdict: {row['reason']}."
    best = f"Greatest overlap: {row['best']:.2f} with {labels[row['by']]}"
    if pd.notna(row["low"]):
        best += f" (95 % interval {row['low']:.2f} to {row['high']:.2f})"
    if row["verdict"] == "covered":
        return f"Robustness to {by} implies some robustness to {label}. {best}, above the margin of {margin:g}."
    if row["verdict"] == "not covered":
        return (
            f"Robustness to {by} says nothing about {label}: every interval ends below {margin:g}, the highest at "
            f"{row['reach']:.2f}. {best}."
        )
    why = row["reason"] or f"no interval is entirely above {margin:g}, and not all are below it"
    return f"Whether {by} covers {label} is undecided: {why}. {best}."


def _all(matrix: Matrix, members: Sequence[str], others: Sequence[str], margin: float) -> None:
    """All corruptions outside the benchmark, by verdict."""
    table = overlap.coverage(matrix.overlap, members, others, margin=margin)
    with st.container(border=True, key=f"{KEY}_all_covered"):
        st.subheader(f"All corruptions outside {states.plain(benchmark.title(members))}", anchor=False)
        for word in ("not covered", "undecided", "covered", "undefined"):
            names = [matrix.labels[str(n)] for n in table.index[table["verdict"] == word]]
            if names:
                st.markdown(f"**{word.capitalize()}** ({len(names)}): {states.plain(', '.join(names))}")
        listed = table.assign(
            corruption=[matrix.labels[str(n)] for n in table.index],
            by=table["by"].map(matrix.labels),
            reason=[matrix.text(why) for why in table["reason"]],
        )
        columns = ["corruption", "verdict", "best", "low", "high", "by", "reach", "all_zero", "reason"]
        with st.expander("Data table", icon=":material/table_chart:"):
            st.dataframe(listed[columns], hide_index=True, width="stretch")
            figure.download_csv(listed[columns], f"{KEY}-all-covered")
