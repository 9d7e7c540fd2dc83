"""A figure in a card: heading, figure, what it was drawn from as CSV."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

# The image button of the toolbar draws in the browser; nothing is sent anywhere.
_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def card(
    figure: Any,
    *,
    key: str,
    title: str,
    says: str = "",
    alt: str = "",
    table: pd.DataFrame | None = None,
    footer: str = "",
    height: int | Literal["content"] = "content",
    help: str | None = None,
) -> None:
    """A plotly figure with a heading, one sentence of what it says, and its table.

    Colours come from the theme: a figure leaves them to the template's colour cycle wherever it can. Light and dark
    then need nothing further.

    Args:
        figure: a plotly Figure.
        key: unique on the page; names the CSV file too.
        title, says: heading, and one sentence below it.
        alt: what a person who does not see the figure should know.
        table: what is drawn, offered as a table and a CSV file.
        footer: provenance, in small print.
    """
    with st.container(border=True, key=f"card-{key}"):
        st.subheader(title, anchor=False, help=help)
        if says:
            st.caption(says)
        config: dict[str, Any] = {**_CONFIG, "toImageButtonOptions": {"filename": key, "scale": 2}}
        st.plotly_chart(figure, width="stretch", height=height, key=f"figure-{key}", config=config, alt=alt or title)
        if table is not None:
            with st.expander("What is drawn, as a table", icon=":material/table_chart:"):
                st.dataframe(table, hide_index=True, width="stretch")
                download_csv(table, key)
        if footer:
            st.caption(footer)


def download_csv(table: pd.DataFrame, name: str) -> None:
    """A button that saves a table as CSV; written only when it is pressed."""
    st.download_button(
        "Download CSV",
        lambda: table.to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        on_click="ignore",
    )
