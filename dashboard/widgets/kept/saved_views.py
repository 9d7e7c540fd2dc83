"""The button of the views that a person named: name this one, open another one, delete one."""

from __future__ import annotations

import streamlit as st

from dashboard import pages
from dashboard.session import actions, permissions, saved_views
from dashboard.session.saved_views import SavedView
from dashboard.widgets import links, markup, states
from robustcore.errors import RobustcoreError

_NAME, _FAILED = "saved_view_name", "_saved_view_failed"


def button(page: str) -> None:
    """Draw it for a page, by its name."""
    with st.popover("Views", icon=":material/bookmark:", type="tertiary", help="Views with a name, on this machine."):
        try:
            kept = saved_views.listed()
        except RobustcoreError as error:
            states.notice(str(error))
            return
        _open(kept, page)
        if permissions.read_only():
            st.caption("This dashboard is read-only: views are not kept here. “Copy link” has all that is chosen.")
            return
        with st.form("saved_view", clear_on_submit=True, border=False):
            st.text_input(
                "Name this view",
                key=_NAME,
                max_chars=saved_views.LONGEST,
                placeholder="My comparison",
                help="Keeps the page with all that is chosen on it. A view of the same name is replaced.",
            )
            st.form_submit_button("Save", icon=":material/bookmark_add:", on_click=_save, args=(page,))
        if failed := st.session_state.pop(_FAILED, ""):
            states.notice(failed)


def _open(kept: list[SavedView], page: str) -> None:
    """A link to each, and what deletes it."""
    titles = {view.name: view.page.title for view in pages.views()}
    for number, view in enumerate(kept):
        if view.page not in titles:  # of a plug-in that is not here now
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if (
                view.page == page
            ):  # a link of Streamlit to the page that one is on leaves the browser's address as it is
                markup.show(links.anew(view.name, view.page, view.address), key=f"saved_view_{number}")
            else:
                links.to(view.page, states.plain(view.name), view.address, help=titles[view.page])
            if not permissions.read_only():
                st.button(
                    "Delete",
                    icon=":material/delete:",
                    type="tertiary",
                    key=f"saved_view_delete_{number}",
                    on_click=_delete,
                    args=(view.name,),
                )
    if not kept:
        st.caption("No view has a name yet.")


def _save(page: str) -> None:
    address = {key: st.query_params.get_all(key) for key in st.query_params}
    try:
        actions.save_view(SavedView(str(st.session_state.get(_NAME) or ""), page, address))
    except RobustcoreError as error:
        st.session_state[_FAILED] = str(error)


def _delete(name: str) -> None:
    try:
        actions.delete_view(name)
    except RobustcoreError as error:
        st.session_state[_FAILED] = str(error)
