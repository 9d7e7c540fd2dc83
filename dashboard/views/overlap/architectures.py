"""Architectures: two matrices of the same corruptions side by side, and how far they say the same."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import streamlit as st

from dashboard import theme
from dashboard.cache import overlaps
from dashboard.cache.overlaps import Which
from dashboard.session import selection
from dashboard.views.overlap.controls import KEY, suite, training
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import figure, states
from robustcore.overlap import categories, correlation
from robustcore.reports.overlap import atlas
from robustcore.reports.overlap.atlas import MEAN, Entry

LEAST = 3  # corruptions that two atlases share before they are compared
_CONFIG = {"displaylogo": False, "displayModeBar": False}


def view(found: Found) -> None:
    """The matrix that was chosen, and another one."""
    offered = others(found)
    if not offered:
        states.empty(
            "Nothing to set beside it",
            "This table has one architecture and one training seed. Another one comes with: "
            f"robustcore overlap --suite {found.choice.entry.suite.replace('+', ' ')} --model scenes/vgg",
            icon=":material/compare:",
        )
        return
    name = selection.selectbox(
        "Beside",
        list(offered),
        key=f"{KEY}_beside",
        kind="matrix",
        width=320,
        help="Another architecture, another training seed of the same, or another table with corruptions in common.",
    )
    mine, other = _title(found.choice.which, found.choice.entry, found.choice.entry), name
    second = overlaps.measured(offered[name])
    table = atlas.compared(found.overlap.scores, second.scores)
    agreed = correlation.agreement(found.overlap.scores, second.scores)
    found = dataclasses.replace(found, footer=_footer(found, offered[name]))
    _scatter(found, table, agreed, mine, other, offered[name])
    _side_by_side(found, offered[name], mine, other)


def _footer(found: Found, second: Which) -> str:
    """Where both come from."""
    entry = next(e for e in found.choice.entries if (str(e.path), e.architecture) == (second.path, second.architecture))
    made = atlas.made_on(entry, overlaps.accuracies(second), overlaps.measured(second), second.seed)
    return f"{found.footer} Beside it: {made}"


def others(found: Found) -> dict[str, Which]:
    """What can stand beside the chosen matrix: other architectures, other seeds, other tables with corruptions in common."""
    here, chosen = found.choice.which, found.choice.entry
    near = [e for e in found.choice.entries if e != chosen and shared(found, e) >= LEAST]
    # Another architecture on the same corruptions first, then on some of them.
    near.sort(key=lambda e: (e.architecture == chosen.architecture, e.suite != chosen.suite))
    offered = {}
    for entry in near:
        for seed in (MEAN, *(entry.seeds if len(entry.seeds) > 1 else ())):
            which = overlaps.which(entry, here.metric, seed)
            offered[_title(which, entry, chosen)] = which
    if len(chosen.seeds) > 1:
        for seed in chosen.seeds:
            if seed != here.seed:
                which = dataclasses.replace(here, seed=seed)
                offered[_title(which, chosen, chosen)] = which
    return offered


def shared(found: Found, entry: Entry) -> int:
    """How many corruptions an atlas has in common with the chosen one."""
    return len(set(found.overlap.names) & set(entry.corruptions))


def _title(which: Which, entry: Entry, beside: Entry) -> str:
    parts = [which.architecture]
    if entry.suite != beside.suite:
        parts.append(suite(entry.suite))
    if len(entry.seeds) > 1:
        parts.append(training(which.seed, len(entry.seeds)).lower())
    return ", ".join(parts)


def _scatter(found: Found, table: Any, agreed: correlation.Agreement, mine: str, other: str, second: Which) -> None:
    from robustcore.figures.overlap import agreement

    if math.isnan(agreed.r):
        states.empty("Nothing to compare", "Fewer than three overlaps are defined in both.", icon=":material/compare:")
        return
    figure.card(
        agreement(
            table, found.labels, mine, other, footer=found.footer, alt=f"Overlaps of {mine} against those of {other}"
        ),
        key=f"{KEY}-agreement",
        title=f"Do they say the same? Correlation {agreed.r:.2f}",
        says=states.plain(
            f"Over {agreed.pairs} pairs that both define the overlaps of {mine} and {other} correlate by {agreed.r:.2f} and differ by "
            f"{agreed.difference:.2f} on average.{_categories(found, second)} A dot is a pair; on the line both say the same. The "
            "pairs share corruptions and so are not independent: the correlation has no p-value."
        ),
        table=table,
        footer=found.footer,
    )


def _categories(found: Found, second: Which) -> str:
    """Whether the same number of K-means categories is the same categories."""
    if found.categories is None or found.categories.method == "hdbscan":
        return ""
    from robustcore.errors import InvalidArgumentError

    try:
        other = overlaps.categories(second, found.categories.method, found.categories.k, found.choice.start)
    except InvalidArgumentError:
        return ""
    alike = categories.agreement(found.categories, other)
    return (
        ""
        if math.isnan(alike)
        else f" Their {found.categories.k} categories agree by {alike:.2f} (adjusted Rand index)."
    )


def _side_by_side(found: Found, second: Which, mine: str, other: str) -> None:
    """Both maps in the order of the first one's categories."""
    from robustcore.figures.overlap import overlap_map

    shared = set(found.overlap.names) & set(overlaps.measured(second).names)
    blocks = [(title, [n for n in members if n in shared]) for title, members in found.blocks]
    blocks = [(title, members) for title, members in blocks if members]
    count = len(shared)
    side = 22 if count <= 16 else 18 if count <= 20 else 12 if count <= 28 else 10
    with st.container(border=True, key=f"card-{KEY}-beside"):
        st.subheader("Side by side", anchor=False)
        st.caption("Both in the order of the first one's categories, whose squares are drawn in both.")
        with st.container(horizontal=True, key=f"{KEY}_maps", gap="medium"):
            for title, which in ((mine, found.choice.which), (other, second)):
                chart = overlap_map(
                    overlaps.pairs(which),
                    blocks,
                    found.labels,
                    footer=found.footer,
                    alt=f"Overlaps of {title}",
                    side=side,
                    named=False,
                    colours=theme.sequential(),
                )
                with st.container(
                    key=f"{KEY}_map_{'first' if which == found.choice.which else 'second'}",
                    width=chart.layout.width + 8,
                ):
                    st.markdown(f"**{states.plain(title)}**")
                    st.plotly_chart(
                        chart, width="content", config=_CONFIG, alt=f"Overlaps of {title}", key=f"{KEY}_map_{title}"
                    )
        st.caption(states.plain(found.footer))
