"""The colours of the page, read from the same file that Streamlit reads them from."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

import streamlit as st

_CONFIG = Path(__file__).resolve().parent / ".streamlit" / "config.toml"


@functools.cache
def _themes() -> dict[str, Any]:
    themes: dict[str, Any] = tomllib.loads(_CONFIG.read_text())["theme"]
    return themes


def is_dark() -> bool:
    """Whether the page is shown dark."""
    return st.context.theme.type == "dark"


def colour(name: str) -> str:
    """A colour of the current theme by its key in the configuration, such as "textColor"."""
    value: str = _themes()["dark" if is_dark() else "light"][name]
    return value


def categorical() -> list[str]:
    """The eight colours for models and families: told apart with every kind of colour vision."""
    colours: list[str] = _themes()["dark" if is_dark() else "light"]["chartCategoricalColors"]
    return colours
