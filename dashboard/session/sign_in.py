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

import os
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError


def required() -> bool:
    """Whether visitors sign in. A secrets file that cannot be read counts as one that asks for it."""
    return unreadable() or "auth" in _secrets()


def is_allowed(user: Mapping[str, Any]) -> bool:
    """Whether a signed-in person may see the pages."""
    return allowed(user, _secrets().get("robustcore", {}).get("allowed"))


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


def unreadable() -> bool:
    """Whether there is a secrets file that Streamlit could not load: sign-in must not fall away by a typing error."""
    files = config.get_option("secrets.files")
    return any(os.path.exists(file) for file in files) and not st.secrets.load_if_toml_exists()
