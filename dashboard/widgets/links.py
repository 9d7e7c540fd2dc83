"""Links from one page to another, with what was chosen in the address.

Those in our own markup stay in the app too: a plain one would load the page anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import parse_qs, urlencode

import streamlit as st

from dashboard import pages
from dashboard.widgets import markup
from dashboard.widgets.markup import Markup

Address = Mapping[str, str | Sequence[str]]
Paths = Mapping[str, str]  # page -> its path in the address


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


def show_linked(content: Markup, *, key: str) -> None:
    """Show markup with links of `anchor` in it; `key` is unique on the page."""
    if wanted := st.session_state.pop(f"{key}_go", None):
        view, _, query = wanted.partition("?")
        if exists(view):
            go(view, parse_qs(query))
    markup.show(content, key=key, on_pick=lambda pick: st.session_state.update({f"{key}_go": pick}))


def anchor(paths_: Paths, text: str, view: str, address: Address) -> Markup:
    """A link to a page; the text alone where there is no such page.

    Args:
        paths_: of `paths`, asked for once for many links.
        text: what it says.
        view: the page's name.
        address: values for its controls.
    """
    if view not in paths_:
        return Markup("{}").format(text)
    query = urlencode(dict(address), doseq=True)
    return Markup('<a href="{}" target="_self" data-pick="{}">{}</a>').format(
        f"{paths_[view]}?{query}", f"{view}?{query}", text
    )


def anew(text: str, view: str, address: Address) -> Markup:
    """A link that loads a page anew, without what was chosen on it before; arguments as for `anchor`."""
    query = urlencode(dict(address), doseq=True)
    return Markup('<a class="rc-copy" href="{}" target="_self">{}</a>').format(f"{paths()[view]}?{query}", text)


def _page(view: pages.View) -> st.Page:
    """The page as the navigation knows it: Streamlit compares the address."""
    from dashboard.widgets import frame

    return st.Page(partial(frame.show, view), title=view.page.title, url_path=view.address)
