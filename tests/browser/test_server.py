"""The server that `robustcore dashboard` becomes: where it listens, whom it answers, what it says."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Tab, new_page, running

pytestmark = pytest.mark.browser


def page(port: int, host: str) -> tuple[int, str]:
    """Status and text of the start page, asked for under that name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def handshake(server: str, host: str, origin: str = "") -> int:
    """The status that a websocket gets that calls the server by that name."""
    port = int(server.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(
        "GET",
        "/_stcore/stream",
        headers={
            "Host": f"{host}:{port}",
            "Origin": origin or f"http://{host}:{port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        },
    )
    status = connection.getresponse().status
    connection.close()
    return status


def test_own_names_are_answered_and_foreign_ones_turned_away(server: str) -> None:
    assert handshake(server, "127.0.0.1") == 101
    assert handshake(server, "localhost") == 101
    assert handshake(server, "attacker.example") == 403


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the table of sockets is Linux's")
def test_listens_on_this_machine_alone(server: str) -> None:
    port = int(server.rpartition(":")[2])
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                listening.append(fields[1].rpartition(":")[0])
    assert listening == ["0100007F"]


def test_a_second_dashboard_on_the_port_says_so_and_the_first_goes_on(server: str) -> None:
    port = server.rpartition(":")[2]
    second = subprocess.run(
        [sys.executable, "-m", "robustcore.cli", "dashboard", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert second.stderr == (
        f"robustcore: Port {port} on 127.0.0.1 is in use already. "
        f"Choose another one, for example --port {int(port) + 1}.\n"
    )
    with urllib.request.urlopen(f"{server}/_stcore/health", timeout=10) as answer:
        assert answer.read() == b"ok"


def test_says_where_it_is_and_nothing_alarming(server: str, server_log: Path) -> None:
    text = server_log.read_text()  # of all that the browser tests have asked it so far
    assert f"The dashboard starts at {server}" in text
    assert "Traceback" not in text
    assert "WARNING" not in text


def test_a_proxys_name_is_answered_and_another_one_gets_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "robustcore.cli", "dashboard", "--port", str(port)]
    with open(tmp_path / "log", "w") as log:
        started = subprocess.Popen([*command, "--host-name", "robust.example.org"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                status, text = page(port, "other.example.org")
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert status == 403
        assert "--host-name" in text
        status, text = page(port, "robust.example.org")
        assert status == 200
        assert "<script" in text
        server = f"http://127.0.0.1:{port}"
        assert handshake(server, "robust.example.org", "https://robust.example.org") == 101
        assert handshake(server, "robust.example.org", "https://attacker.example") == 403
        assert handshake(server, "other.example.org") == 403
    finally:
        started.terminate()
        started.wait(20)


@pytest.mark.slow
def test_a_server_that_warms_up_serves_meanwhile_and_says_nothing_alarming(chromium: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(tmp_path / "cache", log=log, warm=True) as server:
        tab = Tab(new_page(chromium), server).open("/corruptions?corruptions_from=Scenes")
        tab.page.locator(".rc-cell .rc-answer").nth(20).wait_for(timeout=60_000)
        tab.open("/severity").page.context.close()
    text = log.read_text()
    assert "Traceback" not in text
    assert "WARNING" not in text
    assert "warm-up failed" not in text
