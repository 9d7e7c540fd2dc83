"""What every page has in common: the heading, its help, and one sentence instead of a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from dashboard.pages import View
from dashboard.session import runs, selection
from dashboard.widgets import markup, states
from dashboard.widgets.markup import Markup
from robustcore import glossary
from robustcore.errors import RobustcoreError

_COPY = Markup(
    '<button class="rc-copy" data-copy="Copied" title="The address of this page, with all that is chosen">Copy link</button>'
)
log = logging.getLogger(__name__)


def show(view: View, header: Callable[[str], None] | None = None) -> None:
    """Draw a page: heading, purpose, notices about its address, content; `header` draws more next to the purpose, by the page's name."""
    runs.begin()
    st.set_page_config(page_title=f"{view.page.title} · robustcore")
    st.title(view.page.question, help=view.page.help, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="page_head"):
        st.caption(view.page.purpose, width="stretch")
        _show_terms(view)
        if header is not None:
            header(view.name)
        markup.show(_COPY, key="copy_link")
    notices = st.container()
    selection.begin()
    try:
        view.render()
    except RobustcoreError as error:
        states.error(str(error))
    except Exception as error:  # a mistake of ours: the log gets the traceback, the person a sentence
        log.exception("The page %r failed", view.name)
        states.error(
            f"This page failed with an internal error ({type(error).__name__}). The other pages still work; "
            "the server's log has the details.",
            title="Internal error",
        )
    with notices:
        for sentence in selection.notices():
            states.notice(sentence)


def _show_terms(view: View) -> None:
    """What the page's terms mean, behind a button."""
    explained = glossary.terms()
    if named := [term for term in view.page.terms if term in explained]:
        with st.popover("Terms", icon=":material/menu_book:", type="tertiary"):
            st.markdown("\n\n".join(f"**{states.plain(term)}**: {explained[term]}" for term in named))
