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


def variables() -> str:
    """CSS that gives markup outside of components the theme's colours, by the names that they have in components."""
    names = {
        "primary-color": "primaryColor",
        "background-color": "backgroundColor",
        "secondary-background-color": "secondaryBackgroundColor",
        "text-color": "textColor",
        "border-color": "borderColor",
        "red-color": "redColor",
        "gray-color": "grayColor",
    }
    values = "".join(
        f"--st-{name}:light-dark({st.get_option(f'theme.light.{option}')},{st.get_option(f'theme.dark.{option}')});"
        for name, option in names.items()
    )
    return f"[data-testid=stHtml]{{{values}}}"


def _colours(name: str) -> list[str]:
    mode = "dark" if is_dark() else "light"
    return [str(colour) for colour in st.get_option(f"theme.{mode}.{name}") or ()]
