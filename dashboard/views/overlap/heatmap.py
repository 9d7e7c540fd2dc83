"""The map of overlaps, and the panel of the chosen pair."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.cache import overlaps
from dashboard.session import selection
from dashboard.views.overlap import pair_panel
from dashboard.views.overlap.controls import KEY
from dashboard.views.overlap.matrix import Matrix
from dashboard.widgets import figure as figures
from dashboard.widgets import markup, states
from dashboard.widgets.markup import Markup
from robustcore import spreadsheets
from robustcore.reports.overlap import atlas

FIRST, SECOND = f"{KEY}_first", f"{KEY}_second"
_CHART = f"{KEY}_chart"
_FRAME = 36  # pixels of the card's padding and border


def view(matrix: Matrix) -> None:
    """Map and panel side by side, or one below the other on a narrow screen."""
    with st.container(horizontal=True, key=f"{KEY}_split", gap="medium"):
        left = st.container(border=True, key=f"card-{KEY}-map")
        right = st.container(border=True, key=f"{KEY}_panel")
    with right:
        first, second = _picked(matrix)
    with left:
        _map(matrix, first, second)
    with right:
        pair_panel.panel(matrix, first, second)


def _picked(matrix: Matrix) -> tuple[str, str]:
    """The chosen pair: by these controls, by a click, or by the address."""
    names = [name for _, members in matrix.blocks for name in members]
    a, b = atlas.most_overlapping(matrix.overlap)
    st.caption(":material/touch_app: Click a cell, or choose two corruptions.")
    text = matrix.labels.__getitem__
    first = selection.selectbox("First", names, key=FIRST, kind="corruption", default=a, text=text)
    second = selection.selectbox("Second", names, key=SECOND, kind="corruption", default=b, text=text)
    return first, second


def clicked(event: Any) -> tuple[str, str] | None:
    """The pair whose cell was clicked; None without a click."""
    points = (event or {}).get("selection", {}).get("points", [])
    pairs = [p["customdata"] for p in points if len(p.get("customdata") or ()) == 2]
    return (str(pairs[0][0]), str(pairs[0][1])) if pairs else None


def _choose() -> None:
    """Make the clicked pair the chosen one, before the page is drawn again."""
    if pair := clicked(st.session_state.get(_CHART)):
        st.session_state[FIRST], st.session_state[SECOND] = pair


def _map(matrix: Matrix, first: str, second: str) -> None:
    from robustcore.figures.overlap import overlap_map

    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("How much training on one corruption helps against another", anchor=False)
        if matrix.choice.entry.shipped:
            states.origin_badge("published" if matrix.choice.entry.is_published else "all")
    st.caption(states.plain(_legend(matrix)))
    signed = selection.toggle(
        "Signed values",
        key=f"{KEY}_signed",
        help="Also show negative overlaps, where training on one corruption harms the other.",
    )
    pairs = overlaps.pairs(matrix.choice.which)
    figure = overlap_map(
        pairs,
        matrix.blocks,
        matrix.labels,
        footer=matrix.footer,
        alt=_alt(matrix),
        signed=signed,
        chosen=(first, second),
        colours=theme.diverging() if signed else theme.sequential(),
    )
    # Cells are squares, so the map has a fixed width; a narrow screen scrolls it sideways.
    width = int(figure.layout.width)
    markup.html(
        Markup(
            "<style>.st-key-{}_scroll > * {{ min-width: {}px; }} "
            ".st-key-{}_split > :has(> .st-key-card-{}-map) {{ flex: 0 1 {}px; }}</style>"
        ).format(KEY, width, KEY, KEY, width + _FRAME)
    )
    with st.container(key=f"{KEY}_scroll"):
        st.plotly_chart(
            figure,
            key=_CHART,
            config=figures.CONFIG,
            alt=_alt(matrix),
            width=width,
            on_select=_choose,
            selection_mode="points",
        )
    _undefined(matrix)
    st.caption(states.plain(matrix.footer))
    _files(matrix, figure, pairs)


def _legend(matrix: Matrix) -> str:
    """How to read the map."""
    scale = "1: as effective as training on the corruption itself. 0: no effect."
    if matrix.categories is None:
        return scale
    count = matrix.categories.k
    return f"{scale} Outlined: {count} categor{'y' if count == 1 else 'ies'} of corruptions that measure the same."


def _alt(matrix: Matrix) -> str:
    inside = "; ".join(
        f"{title}: {', '.join(matrix.labels[n] for n in members)}" for title, members in matrix.blocks if title
    )
    return f"Overlaps of {len(matrix.overlap.names)} corruptions, by category. {inside}"


def _undefined(matrix: Matrix) -> None:
    """The corruptions without overlaps, and why."""
    if matrix.why_none:
        states.notice(f"No categories. {matrix.why_none}")
    undefined = matrix.overlap.undefined
    if not undefined:
        return
    names = ", ".join(matrix.labels[name] for name in undefined)
    with st.expander(f"Undefined (hatched): {names}", icon=":material/grid_off:"):
        lines = [
            f"- **{states.plain(matrix.labels[name])}**: {states.plain(matrix.text(why))}"
            for name, why in undefined.items()
        ]
        st.markdown("\n".join(lines))
        st.caption(
            "An overlap is relative to what training on a corruption gains on that corruption. Where this gain is within three "
            "standard errors (over images and seeds), the ratio would be noise."
        )


def _files(matrix: Matrix, figure: Any, pairs: pd.DataFrame) -> None:
    name = f"overlap-{matrix.choice.entry.suite}-{matrix.choice.entry.architecture.replace('/', '-')}"
    with st.popover("Save", icon=":material/download:", key=f"{KEY}_save"):
        st.caption(
            "The matrix as shown, all pairs with intervals and reasons, and the accuracies they are computed from."
        )
        with st.container(horizontal=True):
            signed = bool(st.session_state.get(f"{KEY}_signed"))
            values = matrix.overlap.signed if signed else matrix.overlap.scores
            order = [n for _, members in matrix.blocks for n in members]
            _csv("Matrix", f"{name}-matrix", values.loc[order, order].rename_axis("corruption").reset_index())
            _csv("Pairs", f"{name}-pairs", pairs)
            _csv("Accuracies", f"{name}-accuracies", matrix.table)
            st.download_button(
                "Figure",
                lambda: _html(matrix, figure),
                file_name=f"{name}.html",
                mime="text/html",
                key=f"{KEY}_html",
                icon=":material/bar_chart:",
                on_click="ignore",
                help="One HTML file that opens without a network and saves PNG and SVG.",
            )


def _csv(label: str, name: str, table: pd.DataFrame) -> None:
    st.download_button(
        label,
        lambda: spreadsheets.csv(table).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/table:",
        key=f"{KEY}_csv_{label}",
        on_click="ignore",
    )


def _html(matrix: Matrix, figure: Any) -> bytes:
    from robustcore import figures

    title = f"Overlaps of {atlas.suite_title(matrix.choice.entry.suite)}, {matrix.choice.entry.architecture}"
    return figures.to_html(figure, theme="dark" if theme.is_dark() else "light", title=title)
