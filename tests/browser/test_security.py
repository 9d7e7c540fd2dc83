"""The running server as a stranger meets it: uploads without the page's token, statistics, a read-only dashboard."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import NewSession

from tests.browser.conftest import Tab, new_page, running

pytestmark = pytest.mark.browser
FORM = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nnot large\r\n--edge--\r\n'


def visit(chromium: Any, server: str) -> tuple[NewSession, str]:
    """What the server tells a new session about itself, and the token of its page; the tab stays open."""
    page = new_page(chromium)
    heard: list[NewSession] = []

    def listen(payload: str | bytes) -> None:
        message = ForwardMsg()
        if isinstance(payload, bytes) and message.ParseFromString(payload) and message.HasField("new_session"):
            heard.append(message.new_session)

    page.on("websocket", lambda socket: socket.on("framereceived", listen))
    Tab(page, server).open("/")
    (token,) = [c["value"] for c in page.context.cookies() if c["name"] == "_streamlit_xsrf"]
    return heard[0], token


def put(server: str, session: str, token: str | None, *, header: str | None = None) -> int:
    """The status of an upload into a session, with or without the token that its page would send beside the cookie."""
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    if token is not None:
        headers |= {"Cookie": f"_streamlit_xsrf={token}", "X-Xsrftoken": header or token}
    connection = http.client.HTTPConnection("127.0.0.1", int(server.rpartition(":")[2]), timeout=20)
    connection.request("PUT", f"/_stcore/upload_file/{session}/1", body=FORM, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_upload_needs_the_token_of_the_page(chromium: Any, server: str) -> None:
    hello, token = visit(chromium, server)
    session = hello.initialize.session_id
    assert put(server, session, token) == 204
    assert put(server, session, None) == 403
    foreign = visit(chromium, server)[1]  # another visitor's, as a foreign page could have got it
    assert put(server, session, token, header=foreign) == 403
    assert put(server, "someone-elses", token) == 400


def test_usage_statistics_are_off(chromium: Any, server: str) -> None:
    hello, _ = visit(chromium, server)
    assert hello.HasField("config")
    assert not hello.config.gather_usage_stats


def test_a_read_only_server_takes_no_file_at_all(chromium: Any, tmp_path: Path) -> None:
    with running(tmp_path / "cache", "--read-only", log=tmp_path / "log") as server:
        hello, token = visit(chromium, server)
        assert put(server, hello.initialize.session_id, token) == 413
