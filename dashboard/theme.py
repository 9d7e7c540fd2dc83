"""Whether the page is light or dark; its colours stand in `.streamlit/config.toml`."""

from __future__ import annotations

import streamlit as st


def is_dark() -> bool:
    """Whether the page is shown dark."""
    return st.context.theme.type == "dark"
