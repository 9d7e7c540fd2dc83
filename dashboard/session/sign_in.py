"""Optional sign-in by OpenID Connect: on as soon as Streamlit's secrets have an [auth] section.

[auth]                                   # .streamlit/secrets.toml in the working folder or in the home folder
redirect_uri = "https://robust.example.org/oauth2callback"
cookie_secret = "a long random text"
client_id = "..."
client_secret = "..."
server_metadata_url = "https://accounts.example.org/.well-known/openid-configuration"

[robustcore]
allowed = ["ada@example.org", "@lab.example.org"]   # addresses and whole domains; without it everybody whom the
                                                    # provider signs in
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError

from dashboard.widgets import states


def required() -> bool:
    """Whether visitors sign in. A secrets file that cannot be read counts as one that asks for it."""
    return _unreadable() or "auth" in _secrets()


def gate() -> None:
    """Go on for whoever may see the pages; draw the way to sign in, and end the run, for everybody else."""
    if not required():
        return
    if _unreadable():
        states.error(
            "The secrets file cannot be read, so that nobody can sign in. Whoever started the dashboard mends it."
        )
    elif importlib.util.find_spec("authlib") is None:
        states.error("Sign-in is set up, but its package is not installed: pip install 'streamlit[auth]'.")
    elif not st.user.get("is_logged_in", False):
        st.header("Who is there?", anchor=False)
        st.caption("This dashboard is open to people who sign in.")
        st.button("Sign in", type="primary", icon=":material/login:", key="sign_in", on_click=st.login)
    elif not allowed(st.user.to_dict(), _secrets().get("robustcore", {}).get("allowed")):
        states.error(
            f"{st.user.get('email') or 'This account'} is not among the people whom this dashboard is open to."
        )
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)
    else:
        with st.sidebar:
            st.caption(states.plain(str(st.user.get("email") or st.user.get("name") or "Signed in")))
            st.button("Sign out", icon=":material/logout:", key="sign_out", type="tertiary", on_click=st.logout)
        return
    st.stop()


def allowed(user: Mapping[str, Any], people: list[str] | None) -> bool:
    """Whether a signed-in person is among the addresses and domains ("@example.org"); None stands for everybody."""
    if people is None:
        return True
    email = str(user.get("email") or "").casefold()
    if "@" not in email or user.get("email_verified") is False:
        return False
    wanted = {person.casefold() for person in people}
    return email in wanted or "@" + email.rpartition("@")[2] in wanted


def _secrets() -> Mapping[str, Any]:
    try:
        return st.secrets.to_dict() if st.secrets.load_if_toml_exists() else {}
    except StreamlitSecretNotFoundError:
        return {}


def _unreadable() -> bool:
    """Whether there is a secrets file that Streamlit could not load: sign-in must not fall away by a typing error."""
    files = config.get_option("secrets.files")
    return any(os.path.exists(file) for file in files) and not st.secrets.load_if_toml_exists()
