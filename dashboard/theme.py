"""Whether the page is light or dark; its colours are in `.streamlit/config.toml`."""

from __future__ import annotations

import streamlit as st


def is_dark() -> bool:
    """Whether the page is shown dark."""
    return st.context.theme.type == "dark"


def sequential() -> list[str]:
    """The page's colours from little to much."""
    return _colours("chartSequentialColors")


def diverging() -> list[str]:
    """The page's colours from one side of nothing to the other."""
    return _colours("chartDivergingColors")


def _colours(name: str) -> list[str]:
    mode = "dark" if is_dark() else "light"
    return [str(colour) for colour in st.get_option(f"theme.{mode}.{name}") or ()]
