"""The map of overlaps, and the panel of the cell that is looked at."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.cache import overlaps
from dashboard.session import selection
from dashboard.views.overlap import cell_panel
from dashboard.views.overlap.controls import KEY, suite
from dashboard.views.overlap.matrix import Found
from dashboard.widgets import states
from robustcore.reports.overlap import atlas

FIRST, SECOND = f"{KEY}_first", f"{KEY}_second"
_CHART = f"{KEY}_chart"
_FRAME = 36  # pixels of the card's padding and border
_CONFIG = {"displaylogo": False, "displayModeBar": False}


def view(found: Found) -> None:
    """Map and panel side by side, one below the other where there is no room."""
    with st.container(horizontal=True, key=f"{KEY}_split", gap="medium"):
        left = st.container(border=True, key=f"card-{KEY}-map")
        right = st.container(border=True, key=f"{KEY}_panel")
    with right:
        first, second = _picked(found)
    with left:
        _map(found, first, second)
    with right:
        cell_panel.panel(found, first, second)


def _picked(found: Found) -> tuple[str, str]:
    """The pair that is looked at: chosen here, by a click, or by the address."""
    names = [name for _, members in found.blocks for name in members]
    a, b = atlas.telling(found.overlap)
    st.caption(":material/touch_app: Click a cell, or choose two corruptions.")
    text = found.labels.__getitem__
    first = selection.selectbox("First", names, key=FIRST, kind="corruption", default=a, text=text)
    second = selection.selectbox("Second", names, key=SECOND, kind="corruption", default=b, text=text)
    return first, second


def clicked(event: Any) -> tuple[str, str] | None:
    """The pair of the cell that was clicked; None where none was."""
    points = (event or {}).get("selection", {}).get("points", [])
    pairs = [p["customdata"] for p in points if len(p.get("customdata") or ()) == 2]
    return (str(pairs[0][0]), str(pairs[0][1])) if pairs else None


def _choose() -> None:
    """A cell was clicked: what is chosen follows, before the page is drawn again."""
    if pair := clicked(st.session_state.get(_CHART)):
        st.session_state[FIRST], st.session_state[SECOND] = pair


def _map(found: Found, first: str, second: str) -> None:
    from robustcore.figures.overlap import overlap_map

    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("What training on one gives against the other", anchor=False)
        if found.choice.entry.shipped:
            states.demo_badge()
    st.caption(states.plain(_says(found)))
    signed = selection.toggle(
        "Signed values",
        key=f"{KEY}_signed",
        help="The overlaps before they are cut off at 0: training on one may harm the other.",
    )
    pairs = overlaps.pairs(found.choice.which)
    said = pairs.assign(reason=pairs["reason"].map(found.words))
    figure = overlap_map(
        said,
        found.blocks,
        found.labels,
        footer=found.footer,
        alt=_alt(found),
        signed=signed,
        chosen=(first, second),
        colours=theme.diverging() if signed else theme.sequential(),
    )
    # The cells are squares: the map has its width, and where there is no room it is scrolled sideways.
    width = int(figure.layout.width)
    st.html(
        f"<style>.st-key-{KEY}_scroll > * {{ min-width: {width}px; }} "
        f".st-key-{KEY}_split > :has(> .st-key-card-{KEY}-map) {{ flex: 0 1 {width + _FRAME}px; }}</style>"
    )
    with st.container(key=f"{KEY}_scroll"):
        st.plotly_chart(
            figure,
            key=_CHART,
            config=_CONFIG,
            alt=_alt(found),
            width=width,
            on_select=_choose,
            selection_mode="points",
        )
    _undefined(found)
    st.caption(states.plain(found.footer))
    _files(found, figure, pairs)


def _says(found: Found) -> str:
    """What one sees, in a sentence."""
    read = "A strong colour (1) is as much as training on the corruption itself, a faint one (0) nothing."
    if found.categories is None:
        return read
    count = found.categories.k
    return f"{read} {count} categor{'y' if count == 1 else 'ies'} of corruptions that measure alike {'is a square' if count == 1 else 'are squares'}."


def _alt(found: Found) -> str:
    inside = "; ".join(
        f"{title}: {', '.join(found.labels[n] for n in members)}" for title, members in found.blocks if title
    )
    return f"Overlaps of {len(found.overlap.names)} corruptions, by category. {inside}"


def _undefined(found: Found) -> None:
    """What has no overlap, and why."""
    if found.why_none:
        states.notice(f"No categories: {found.why_none}")
    undefined = found.overlap.undefined
    if not undefined:
        return
    names = ", ".join(found.labels[name] for name in undefined)
    with st.expander(f"Undefined, hatched: {names}", icon=":material/grid_off:"):
        lines = [
            f"- **{states.plain(found.labels[name])}**: {states.plain(found.words(why))}"
            for name, why in undefined.items()
        ]
        st.markdown("\n".join(lines))
        st.caption(
            "The overlap divides by what training on a corruption gains on it. Where that is not more than three standard errors, "
            "over images and seeds, the quotient would be noise."
        )


def _files(found: Found, figure: Any, pairs: pd.DataFrame) -> None:
    name = f"overlap-{found.choice.entry.suite}-{found.choice.entry.architecture.replace('/', '-')}"
    with st.popover("Save", icon=":material/download:", key=f"{KEY}_save"):
        st.caption(
            "The matrix as it is drawn, all pairs with intervals and reasons, and the accuracies that they come from."
        )
        with st.container(horizontal=True):
            signed = bool(st.session_state.get(f"{KEY}_signed"))
            matrix = found.overlap.signed if signed else found.overlap.scores
            order = [n for _, members in found.blocks for n in members]
            _csv("Matrix", f"{name}-matrix", matrix.loc[order, order].rename_axis("corruption").reset_index())
            _csv("Pairs", f"{name}-pairs", pairs)
            _csv("Accuracies", f"{name}-accuracies", found.table)
            st.download_button(
                "Figure",
                lambda: _html(found, figure),
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
        lambda: table.to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/table:",
        key=f"{KEY}_csv_{label}",
        on_click="ignore",
    )


def _html(found: Found, figure: Any) -> bytes:
    from robustcore import figures

    title = f"Overlaps of {suite(found.choice.entry.suite)}, {found.choice.entry.architecture}"
    return figures.to_html(figure, theme="dark" if theme.is_dark() else "light", title=title)
