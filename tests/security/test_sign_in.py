"""Optional sign-in: nothing changes without an [auth] section; with one nobody sees a page before signing in."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from dashboard import pages
from dashboard.session import roots, sign_in
from tests.dashboard.conftest import APP, OpenPage, sound

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 40,
    "client_id": "c",
    "client_secret": "s",
    "server_metadata_url": "https://accounts.invalid/.well-known/openid-configuration",
}


@pytest.fixture
def authlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Streamlit's extra for signing in were installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: real("json" if name == "authlib" else name, *a))


def app(**secrets: Any) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    for name, section in secrets.items():
        at.secrets[name] = section
    return at.run()


def headings(at: AppTest) -> list[str]:
    return [title.value for title in at.title]


def test_off_without_a_section(open_page: OpenPage) -> None:
    assert not sign_in.required()
    at = open_page(pages.views()[0].name)
    assert sound(at)
    assert headings(at) == [pages.views()[0].page.question]
    assert not [b for b in at.button if b.key in ("sign_in", "sign_out")]


def test_on_with_a_section_nobody_sees_a_page_before_signing_in(authlib: None) -> None:
    at = app(auth=AUTH)
    assert not at.exception
    assert not set(headings(at)) & {view.page.question for view in pages.views()}
    assert [b.key for b in at.button] == ["sign_in"]


def test_on_without_the_package_it_stays_closed() -> None:
    if importlib.util.find_spec("authlib") is not None:
        pytest.skip("the extra for signing in is installed here")
    at = app(auth=AUTH)
    assert headings(at) == []
    assert "streamlit[auth]" in at.error[0].value.replace("\\", "")


@pytest.mark.parametrize(("email", "open_"), [("ada@lab.example", True), ("eve@elsewhere.example", False)])
def test_signed_in_people_pass_if_they_are_allowed(
    email: str, open_: bool, authlib: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {"is_logged_in": True, "email": email, "email_verified": True}
    monkeypatch.setattr("streamlit.user_info._get_user_info", lambda: person)
    at = app(auth=AUTH, robustcore={"allowed": ["@lab.example"]})
    assert not at.exception
    assert bool(at.error) != open_
    assert (pages.views()[0].page.question in headings(at)) == open_
    assert [b.key for b in at.button if b.key == "sign_out"] == ["sign_out"]


@pytest.mark.parametrize(
    ("user", "people", "passes"),
    [
        ({"email": "ada@example.org"}, None, True),
        ({"email": "Ada@Example.org"}, ["ada@example.org"], True),
        ({"email": "ada@example.org"}, ["@example.org"], True),
        ({"email": "ada@example.org"}, [], False),
        ({"email": "ada@notexample.org"}, ["@example.org"], False),
        ({"email": "ada@example.org.evil.com"}, ["@example.org", "ada@example.org"], False),
        ({"email": "ada@example.org", "email_verified": False}, ["ada@example.org"], False),
        ({"email": ""}, ["", "@"], False),
        ({}, ["@example.org"], False),
    ],
)
def test_the_list_of_people(user: dict[str, Any], people: list[str] | None, passes: bool) -> None:
    assert sign_in.allowed(user, people) == passes


def test_a_secrets_file_with_a_typing_error_does_not_open_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[auth\nclient_id = 1")
    monkeypatch.setattr(st, "secrets", type(st.secrets)())
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    try:
        assert sign_in.required()
        at = AppTest.from_file(str(APP), default_timeout=60).run()
        assert headings(at) == []
        assert "cannot be read" in at.error[0].value
    finally:
        config.set_option("secrets.files", before)


def test_with_sign_in_no_path_may_be_typed_without_a_data_root(monkeypatch: pytest.MonkeyPatch) -> None:
    assert roots.any_path()
    monkeypatch.setattr(sign_in, "required", lambda: True)
    assert not roots.any_path()
