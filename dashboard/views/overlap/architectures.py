"""Architectures: two matrices of the same corruptions side by side, and how far they agree."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import streamlit as st

from dashboard import theme
from dashboard.cache import overlaps
from dashboard.cache.overlaps import MatrixKey
from dashboard.session import selection
from dashboard.views.overlap.controls import KEY, training
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure, states
from robustcore.atlas import published
from robustcore.overlap import categories, correlation
from robustcore.reports.overlap import atlas, origin
from robustcore.reports.overlap.atlas import MEAN, Entry

LEAST = 3  # corruptions that two atlases share before they are compared


def view(matrix: Matrix) -> None:
    """The chosen matrix, and another one."""
    offered = others(matrix)
    if not offered:
        entry = matrix.choice.entry
        command = f"robustcore overlap --suite {entry.suite.replace('+', ' ')} --model scenes/vgg"
        states.empty(
            "Nothing to compare with",
            "This table has one architecture and one training seed. "
            + (
                "The project published no other."
                if entry.suite == published.NAME
                else f"This command adds another: {command}"
            ),
            icon=":material/compare:",
        )
        return
    name = selection.selectbox(
        "Compare with",
        list(offered),
        key=f"{KEY}_beside",
        kind="matrix",
        width=320,
        help="Another architecture, another training seed, or another table with corruptions in common.",
    )
    mine, other = _title(matrix.choice.which, matrix.choice.entry, matrix.choice.entry), name
    second = overlaps.measured(offered[name])
    table = atlas.shared_pairs(matrix.overlap.scores, second.scores)
    agreed = correlation.agreement(matrix.overlap.scores, second.scores)
    matrix = dataclasses.replace(matrix, origin=_origin(matrix, offered[name]))
    _scatter(matrix, table, agreed, mine, other, offered[name])
    _side_by_side(matrix, offered[name], mine, other)


def _origin(matrix: Matrix, second: MatrixKey) -> origin.OverlapFooter:
    """Where both come from."""
    source = origin.source(overlaps.accuracies(second), overlaps.measured(second), second.seed)
    return dataclasses.replace(matrix.origin, compared_with=source)


def others(matrix: Matrix) -> dict[str, MatrixKey]:
    """What the chosen matrix can be compared with: other architectures, other seeds, tables with corruptions in common."""
    here, chosen = matrix.choice.which, matrix.choice.entry
    near = [e for e in matrix.choice.entries if e != chosen and shared(matrix, e) >= LEAST]
    # Another architecture on the same corruptions first, then on some of them.
    near.sort(key=lambda e: (e.architecture == chosen.architecture, e.suite != chosen.suite))
    offered = {}
    for entry in near:
        for seed in (MEAN, *(entry.seeds if len(entry.seeds) > 1 else ())):
            which = overlaps.key(entry, here.metric, seed)
            offered[_title(which, entry, chosen)] = which
    if len(chosen.seeds) > 1:
        for seed in chosen.seeds:
            if seed != here.seed:
                which = dataclasses.replace(here, seed=seed)
                offered[_title(which, chosen, chosen)] = which
    return offered


def shared(matrix: Matrix, entry: Entry) -> int:
    """How many corruptions an atlas has in common with the chosen one."""
    return len(set(matrix.overlap.names) & set(entry.corruptions))


def _title(which: MatrixKey, entry: Entry, chosen: Entry) -> str:
    parts = [which.architecture]
    if entry.suite != chosen.suite:
        parts.append(atlas.suite_title(entry.suite))
    if len(entry.seeds) > 1:
        parts.append(training(which.seed, len(entry.seeds)).lower())
    return ", ".join(parts)


def _scatter(
    matrix: Matrix, table: Any, agreed: correlation.Agreement, mine: str, other: str, second: MatrixKey
) -> None:
    from robustcore.figures.overlap import agreement

    if math.isnan(agreed.r):
        states.empty("Nothing to compare", "Fewer than three overlaps are defined in both.", icon=":material/compare:")
        return
    figure.card(
        agreement(
            table, matrix.labels, mine, other, footer=matrix.footer, alt=f"Overlaps of {mine} against those of {other}"
        ),
        key=f"{KEY}-agreement",
        title=f"Do they agree? Correlation {agreed.r:.2f}",
        says=states.plain(
            f"Over {agreed.pairs} pairs defined in both, the overlaps of {mine} and {other} correlate by {agreed.r:.2f} and differ by "
            f"{agreed.difference:.2f} on average.{_categories(matrix, second)} Each dot is a pair; on the line both agree. Pairs share "
            "corruptions and are not independent, so there is no p-value."
        ),
        table=table,
        footer=matrix.footer,
    )


def _categories(matrix: Matrix, second: MatrixKey) -> str:
    """How far the same number of categories are the same categories."""
    if matrix.categories is None or matrix.categories.method == "hdbscan":
        return ""
    from robustcore.errors import InvalidArgumentError

    try:
        other = overlaps.categories(second, matrix.categories.method, matrix.categories.k, matrix.choice.start)
    except InvalidArgumentError:
        return ""
    alike = categories.agreement(matrix.categories, other)
    return (
        ""
        if math.isnan(alike)
        else f" Their {matrix.categories.k} categories agree by {alike:.2f} (adjusted Rand index)."
    )


def _side_by_side(matrix: Matrix, second: MatrixKey, mine: str, other: str) -> None:
    """Both maps in the order of the first one's categories."""
    from robustcore.figures.overlap import overlap_map

    shared = set(matrix.overlap.names) & set(overlaps.measured(second).names)
    blocks = [(title, [n for n in members if n in shared]) for title, members in matrix.blocks]
    blocks = [(title, members) for title, members in blocks if members]
    count = len(shared)
    side = 22 if count <= 16 else 18 if count <= 20 else 12 if count <= 28 else 10
    with st.container(border=True, key=f"card-{KEY}-side-by-side"):
        st.subheader("Side by side", anchor=False)
        st.caption("Both in the order of the first matrix's categories, which are outlined in both.")
        with st.container(horizontal=True, key=f"{KEY}_maps", gap="medium"):
            for title, which in ((mine, matrix.choice.which), (other, second)):
                chart = overlap_map(
                    overlaps.pairs(which),
                    blocks,
                    matrix.labels,
                    footer=matrix.footer,
                    alt=f"Overlaps of {title}",
                    side=side,
                    named=False,
                    colours=theme.sequential(),
                )
                with st.container(
                    key=f"{KEY}_map_{'first' if which == matrix.choice.which else 'second'}",
                    width=chart.layout.width + 8,
                ):
                    st.markdown(f"**{states.plain(title)}**")
                    st.plotly_chart(
                        chart,
                        width="content",
                        config=figure.CONFIG,
                        alt=f"Overlaps of {title}",
                        key=f"{KEY}_map_{title}",
                    )
        st.caption(states.plain(matrix.footer))
