"""Links from one page to another, with what was chosen in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import pages

Address = Mapping[str, str | Sequence[str]]


def to(view: str, label: str, address: Address | None = None, *, help: str | None = None) -> None:
    """A link to a page.

    Args:
        view: the page's file name, such as "compare"; without such a page nothing is drawn.
        label: what it says.
        address: values for the page's controls, by their keys.
        help: a tooltip.
    """
    named = [v for v in pages.views() if v.name == view]
    if named:
        st.page_link(_page(named[0]), label=label, icon=named[0].page.icon, help=help, query_params=dict(address or {}))


def exists(view: str) -> bool:
    """Whether there is such a page."""
    return any(v.name == view for v in pages.views())


def paths() -> dict[str, str]:
    """Each page's path in the browser's address."""
    return {view.name: view.address for view in pages.views()}


def go(view: str, address: Address | None = None) -> None:
    """Leave for a page; the run ends here."""
    (page,) = [v for v in pages.views() if v.name == view]
    st.switch_page(_page(page), query_params=dict(address or {}))


def _page(view: pages.View) -> st.Page:
    """The page as the navigation knows it: Streamlit compares the address."""
    from dashboard.widgets import frame

    return st.Page(partial(frame.show, view), title=view.page.title, url_path=view.address)
