"""Boxes for errors, notices and empty pages, and the badge of results that ship with the package."""

from __future__ import annotations

import streamlit as st

from dashboard.plain_text import plain

__all__ = ["demo_badge", "empty", "error", "notice", "origin_badge", "plain"]


def error(message: str, *, title: str = "That did not work") -> None:
    """One sentence about what was wrong and what to do; the page goes on."""
    st.error(plain(message), title=title, icon=":material/error:")


def notice(message: str) -> None:
    """One sentence about something that was corrected automatically."""
    st.warning(plain(message), icon=":material/info:")


def empty(title: str, message: str, *, icon: str = ":material/inbox:") -> st.delta_generator.DeltaGenerator:
    """Shown before there is content: what will be here, and how to get it. Returns a place for a button."""
    with st.container(border=True, key=None, horizontal_alignment="center"):
        st.markdown(f"### {icon} {plain(title)}", text_alignment="center", anchors=False)
        st.markdown(plain(message), text_alignment="center")
        return st.container(horizontal=True, horizontal_alignment="center")


def demo_badge(what: str = "demo results, shipped with robustcore") -> None:
    """Marks what was not computed on this machine."""
    st.badge(what, icon=":material/inventory_2:", color="gray")


def origin_badge(shipped: str) -> None:
    """The same for a report of which "all", "some" or "none" ships, or that is of "published" figures."""
    if shipped == "published":
        demo_badge("published figures, not computed here")
    elif shipped != "none":
        demo_badge(f"{'in part ' if shipped == 'some' else ''}demo results, shipped with robustcore")
