"""What every page has in common: the heading, its help, and one sentence instead of a traceback."""

from __future__ import annotations

import logging

import streamlit as st

from dashboard.pages import View
from dashboard.session import runs, selection
from dashboard.widgets import states
from robustcore.errors import RobustcoreError

log = logging.getLogger(__name__)


def show(view: View) -> None:
    """Draw a page: heading, purpose, notices about its address, content."""
    runs.begin()
    st.header(view.page.question, help=view.page.help, anchor=False)
    st.caption(view.page.purpose)
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
