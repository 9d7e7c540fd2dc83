"""The way to sign in, drawn instead of a page for visitors who have not; the rules are in `dashboard.session.sign_in`."""

from __future__ import annotations

import importlib.util

import streamlit as st

from dashboard.session import sign_in
from dashboard.widgets import states


def show() -> None:
    """Go on for whoever may see the pages; for everybody else draw the way to sign in, and end the run."""
    if not sign_in.required():
        return
    if sign_in.unreadable():
        states.error(
            "The secrets file cannot be read, so nobody can sign in. Whoever started the dashboard has to correct it."
        )
    elif importlib.util.find_spec("authlib") is None:
        states.error("Sign-in is set up, but its package is not installed: pip install 'streamlit[auth]'.")
    elif not st.user.get("is_logged_in", False):
        st.title("Sign in", anchor=False)
        st.caption("This dashboard requires signing in.")
        st.button("Sign in", type="primary", icon=":material/login:", key="sign_in", on_click=st.login)
    elif not sign_in.is_allowed(st.user.to_dict()):
        states.error(f"{st.user.get('email') or 'This account'} has no access to this dashboard.")
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)
    else:
        with st.sidebar:
            st.caption(states.plain(str(st.user.get("email") or st.user.get("name") or "Signed in")))
            st.button("Sign out", icon=":material/logout:", key="sign_out", type="tertiary", on_click=st.logout)
        return
    st.stop()
