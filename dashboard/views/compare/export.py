"""The files of a figure: the table as CSV and LaTeX, the figure as HTML, PNG and SVG, and the Python that makes it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.views.compare.view import Shown
from robustcore.reports.compare.measures import MEASURES


def buttons(shown: Shown, script: str) -> None:
    """One button that opens all of them; each file is written when it is asked for."""
    with st.popover("Save or reproduce", icon=":material/download:", key=f"save-{shown.key}"):
        with st.container(horizontal=True):
            _file("CSV", ":material/table:", f"{shown.key}.csv", "text/csv", lambda: shown.table.to_csv(index=False))
            _file("LaTeX", ":material/functions:", f"{shown.key}.tex", "text/plain", lambda: latex(shown))
            _file("HTML", ":material/html:", f"{shown.key}.html", "text/html", lambda: _html(shown))
            _file("Python", ":material/code:", f"{shown.key}.py", "text/x-python", lambda: script)
            if st.button("PNG, SVG", icon=":material/image:", key=f"image-{shown.key}"):
                _images(shown)
        st.caption(
            "The HTML file opens without a network and saves PNG and SVG too. The table needs booktabs in LaTeX."
        )
        st.code(script, language="python", height=260)


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
def _images(shown: Shown) -> None:
    st.caption("Your browser draws the image; nothing leaves this machine. Title and footer are in it.")
    st.iframe(_html(shown), height=640)


def _html(shown: Shown) -> str:
    from robustcore import figures

    return figures.to_html(shown.figure, theme="dark" if theme.is_dark() else "light", title=shown.title).decode()


def latex(shown: Shown) -> str:
    from robustcore.reports.compare import latex as tables

    caption = f"{shown.title}. {shown.footer}"
    if shown.result is None:
        return tables.latex(shown.table, caption=caption)
    measure = MEASURES[shown.result.measure]
    factor = 100 if measure.percent else 1
    digits = 1 if measure.percent or measure.reference else 3
    table = shown.table
    if "name" not in table:  # means: the clean accuracy stands beside them
        clean = table.assign(name="clean accuracy (%)", value=100 * table["clean"] / factor, low=float("nan"))
        table = pd.concat([clean, table.assign(name=measure.short)], ignore_index=True)
    return tables.latex(
        table,
        models_are_rows="name" not in shown.table,
        caption=f"{caption} Values in {measure.axis}.",
        number=lambda v: f"{factor * v:.{digits}f}",
    )
