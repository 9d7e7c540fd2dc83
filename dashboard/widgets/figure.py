"""A figure in a card: heading, figure, what it was drawn from as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.widgets import states
from robustcore import spreadsheets

if TYPE_CHECKING:
    from robustcore.reports.provenance import Footer, Provenance

# No button for an image: without its footer it says nothing about where it comes from. The downloaded file has both.
CONFIG = {"displaylogo": False, "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d"]]}
# Two buttons of the toolbar choose between lasso and box.
LASSO_CONFIG = {"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["lasso2d", "select2d"]]}


def card(
    figure: Any,
    *,
    key: str,
    title: str,
    says: str = "",
    alt: str = "",
    table: pd.DataFrame | None = None,
    footer: str | Footer = "",
    origin: Provenance | None = None,
    badge: bool = False,
    height: int | Literal["content"] = "content",
    help: str | None = None,
    clickable: bool = False,
    lasso: bool = False,
    wide: bool = False,
    above: Callable[[], None] | None = None,
    below: Callable[[], None] | None = None,
    files: Callable[[], None] | None = None,
) -> Any:
    """A plotly figure with a heading, one sentence of what it says, and its table.

    Colours come from the theme: a figure leaves them to the template's colour cycle wherever it can. Light and dark
    then need nothing further.

    Args:
        figure: a plotly Figure.
        key: unique on the page; names the CSV file too.
        title, says: heading, and one sentence below it; both are Markdown.
        alt: what a person who does not see the figure should know; by default what the figure says of itself.
        table: what is drawn, offered as a table and a CSV file.
        footer: provenance, in small print.
        origin: whose fingerprints and runs can be opened below the footer.
        badge: whether the heading says that the results ship with robustcore, by `origin`.
        clickable: whether a click on a point draws the page again.
        lasso: whether points can be selected by a lasso or a box, which draws the page again.
        wide: whether narrow screens scroll the figure sideways.
        above, below: draw further text between the sentence and the figure, and between the figure and the footer.
        files: draws other buttons than those for CSV and HTML.

    Returns:
        What was clicked, as `st.plotly_chart` gives it.
    """
    from robustcore import figures

    if table is not None:
        table = table.copy(deep=False)
        table.attrs = {}  # a browser is sent the numbers alone
    with st.container(border=True, key=f"card-{key}"):
        if badge and origin is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.subheader(title, anchor=False, help=help)
                states.origin_badge(origin.shipped)
        else:
            st.subheader(title, anchor=False, help=help)
        if says:
            st.caption(says)
        if above is not None:
            above()
        with st.container(key=f"wide-{key}" if wide else None):
            event = st.plotly_chart(
                figure,
                width="stretch",
                height=height,
                key=f"figure-{key}",
                config=LASSO_CONFIG if lasso else CONFIG,
                alt=alt or figures.alt(figure) or title,
                on_select="rerun" if clickable or lasso else "ignore",
                selection_mode=("lasso", "box") if lasso else "points",
            )
        if below is not None:
            below()
        if text := str(footer):
            st.caption(states.plain(text))
        if origin is not None and origin.shipped != "published":
            evidence(origin, key)
        if table is not None:
            with st.expander("Data table", icon=":material/table_chart:"):
                st.dataframe(table, hide_index=True, width="stretch")
        with st.container(horizontal=True, key=f"files-{key}"):
            if files is not None:
                files()
            else:
                if table is not None:
                    download_csv(table, key)
                _download_html(figure, key, title)
    return event


def evidence(origin: Provenance, key: str) -> None:
    """Where the numbers come from, to the last digit: fingerprints, runs, devices, durations; read when it is opened."""
    provenance(lambda: origin.evidence() or ["Nothing is stored yet."], key)


def provenance(lines: Callable[[], Sequence[str]], key: str) -> None:
    """The same of numbers that are not of stored results alone; `lines` is called when it is opened."""
    opened = st.expander("Provenance", icon=":material/fingerprint:", key=f"evidence-{key}", on_change="rerun")
    if opened.open:
        with opened:
            st.code("\n".join(lines()), language=None, wrap_lines=True)


def _download_html(figure: Any, name: str, title: str) -> None:
    """A button that saves the figure as one file that opens without a network; its camera saves a PNG."""
    from robustcore import figures

    theme_name = "dark" if theme.is_dark() else "light"
    st.download_button(
        "Download figure",
        lambda: figures.to_html(figure, theme=theme_name, title=title),
        file_name=f"{name}.html",
        mime="text/html",
        key=f"html-{name}",
        icon=":material/bar_chart:",
        on_click="ignore",
        help="One HTML file with the footer in it; it opens without a network, and its camera button saves a PNG.",
    )


def download_csv(table: pd.DataFrame, name: str) -> None:
    """A button that saves a table as CSV; written only when it is pressed."""
    st.download_button(
        "Download CSV",
        lambda: spreadsheets.csv(table).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        on_click="ignore",
    )
