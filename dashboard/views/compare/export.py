"""The files of a figure: the table as CSV and LaTeX, the figure as HTML, PNG and SVG, and the Python that makes it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.views.compare.view import View
from robustcore import spreadsheets


def buttons(view: View, script: str) -> None:
    """One button that opens all of them, and one for images; each file is written when it is asked for."""
    with st.popover("Save or reproduce", icon=":material/download:", key=f"save-{view.key}"):
        with st.container(horizontal=True):
            _file("CSV", ":material/table:", f"{view.key}.csv", "text/csv", lambda: spreadsheets.csv(view.table))
            _file("LaTeX", ":material/functions:", f"{view.key}.tex", "text/plain", lambda: latex(view))
            _file("HTML", ":material/html:", f"{view.key}.html", "text/html", lambda: _html(view))
            _file("Python", ":material/code:", f"{view.key}.py", "text/x-python", lambda: script)
        st.caption(
            "The HTML file opens without a network and saves PNG and SVG too. The table needs booktabs in LaTeX."
        )
        st.code(script, language="python", height=260)
    # Outside of the popover, which would lie over the dialog.
    if st.button("PNG, SVG", icon=":material/image:", key=f"image-{view.key}"):
        _images(view)


def _file(label: str, icon: str, name: str, mime: str, write: Callable[[], str]) -> None:
    st.download_button(
        label,
        write,
        file_name=name,
        mime=mime,
        icon=icon,
        on_click="ignore",
        key=f"file-{name}",
    )


@st.dialog("Save the figure as an image", width="large")
def _images(view: View) -> None:
    st.caption("Your browser draws the image; nothing leaves this machine. Title and footer are in it.")
    st.iframe(_html(view), height=640)


def _html(view: View) -> str:
    from robustcore import figures

    return figures.to_html(view.figure, theme="dark" if theme.is_dark() else "light", title=view.title).decode()


def latex(view: View) -> str:
    from robustcore.reports.compare import latex as tables

    caption = f"{view.title}. {view.footer.text}"
    if view.result is None:
        return tables.latex(view.table, caption=caption)
    metric = view.result.definition
    factor, digits = metric.written.factor, metric.written.decimals
    table = view.table
    if "name" not in table:  # means: with the clean accuracy
        clean = table.assign(name="clean accuracy (%)", value=100 * table["clean"] / factor, low=float("nan"))
        table = pd.concat([clean, table.assign(name=metric.mean)], ignore_index=True)
    return tables.latex(
        table,
        models_are_rows="name" not in view.table,
        caption=f"{caption} Values in {metric.axis}.",
        number=lambda v: f"{factor * v:.{digits}f}",
    )
