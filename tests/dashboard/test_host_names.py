"""The names by which the server may be called."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message
from streamlit import config

from dashboard.session import host_names


def test_a_proxys_name_is_added_to_those_of_this_machine() -> None:
    options = host_names.options("127.0.0.1", ["robust.example.org"])
    hosts = {value for flag, value in zip(options[::2], options[1::2], strict=True) if flag == "--server.allowedHosts"}
    origins = {value for flag, value in zip(options[::2], options[1::2], strict=True) if "Origins" in flag}
    assert hosts == {"127.0.0.1", "localhost", "robust.example.org"}
    assert origins == {"https://robust.example.org", "http://robust.example.org"}


def test_a_server_for_everybody_has_every_name_unless_some_are_named() -> None:
    assert host_names.options("0.0.0.0", []) == []
    assert "0.0.0.0" not in host_names.options("0.0.0.0", ["lab.example.org"])
    assert "10.1.2.3" in host_names.options("10.1.2.3", ["lab.example.org"])


def answer(host: str, path: str = "/") -> tuple[int, str]:
    """Status and text that a request under a host name gets."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", host.encode())]}

    async def ask() -> None:
        await host_names.HostNames(PlainTextResponse("the page"))(scope, receive, send)

    # In a thread of its own: in this one a browser's event loop may be running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, ask()).result()
    return sent[0]["status"], sent[1]["body"].decode()


def test_a_request_under_a_foreign_name_is_answered_with_a_sentence() -> None:
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", ["127.0.0.1", "robust.example.org"])
    try:
        assert answer("127.0.0.1:8501") == answer("robust.example.org") == (200, "the page")
        status, text = answer("other.example.org")
        assert status == 403
        assert "other.example.org" in text
        assert "--host-name" in text
        assert answer("other.example.org", "/_stcore/health")[0] == 200
    finally:
        config.set_option("server.allowedHosts", before)


@pytest.mark.parametrize("host", ["", "a\x1b[31m", "x" * 5000])
def test_what_is_said_of_a_name_is_short_and_printable(host: str) -> None:
    message = host_names.sentence(host)
    assert len(message) < 500
    assert message[:-1].isprintable()
