"""A real server on a port of its own, and a real Chromium that tells of every request it makes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STILL = """document.addEventListener('DOMContentLoaded', () => {
    const style = document.createElement('style');
    style.textContent = '*, *::before, *::after {animation: none !important; transition: none !important}';
    document.head.append(style);
})"""
POLLING = 100  # milliseconds; by itself playwright looks at every frame, and so has every frame painted
START_WITHIN = 60  # seconds; a machine that runs all the tests at once is slow


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(cache: Path, *flags: str, log: Path, warm: bool = False) -> Iterator[str]:
    """`robustcore dashboard` with that cache; gives its address and ends it by its process id.

    One that serves a few visits computes nothing in advance, and computes in place.
    """
    port = free_port()
    command = [sys.executable, "-m", "robustcore.cli", "dashboard", "--port", str(port), "--cache", str(cache), *flags]
    environment = dict(os.environ) if warm else os.environ | {"ROBUSTCORE_WARM_UP": "0", "ROBUSTCORE_WORKERS": "0"}
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        give_up = time.monotonic() + START_WITHIN
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                break
            assert server.poll() is None, f"the server ended: {log.read_text()}"
            assert time.monotonic() < give_up, f"the server is not healthy: {log.read_text()}"
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)


@pytest.fixture(scope="session")
def server_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder of that dashboard; what a test leaves there needs a name of its own."""
    return tmp_path_factory.mktemp("dashboard") / "cache"


@pytest.fixture(scope="session")
def server_log(server_cache: Path) -> Path:
    """What that dashboard prints."""
    return server_cache.with_name("server.log")


@pytest.fixture(scope="session")
def server(server_cache: Path, server_log: Path) -> Iterator[str]:
    """The address of a dashboard that all browser tests share."""
    with running(server_cache, log=server_log) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; without one the browser tests are skipped, and say so."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def new_page(chromium: Any, **options: Any) -> Any:
    """A page in a context of its own, in which nothing is animated: without a GPU that takes as long as the server does.

    Args:
        chromium: the browser.
        options: of playwright's context.
    """
    context = chromium.new_context(**options)
    context.add_init_script(STILL)
    return context.new_page()


class Tab:
    """One tab: a playwright page, every address that it asked for, and how to know that the page stands still."""

    def __init__(self, page: Any, server: str) -> None:
        self.page, self.server = page, server
        self.requests: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    def open(self, path: str = "/") -> Tab:
        """Go to a path of the dashboard and wait until it stands still."""
        self.page.goto(self.server + path)
        return self.settle()

    def settle(self, timeout: float = 60) -> Tab:
        """Wait until the script has run and nothing on the page is stale."""
        self.page.wait_for_selector("h1", timeout=timeout * 1000)
        self.page.wait_for_function(
            """() => {
                const app = document.querySelector('[data-testid=stApp]');
                return app && app.dataset.testConnectionState === 'CONNECTED'
                    && app.dataset.testScriptState === 'notRunning' && !document.querySelector('[data-stale=true]');
            }""",
            polling=POLLING,
            timeout=timeout * 1000,
        )
        return self

    def foreign(self) -> list[str]:
        """The requests that left this machine."""
        own = (self.server, self.server.replace("http", "ws"), "data:", "blob:", "about:")
        return [url for url in self.requests if not url.startswith(own)]


@pytest.fixture
def open_tab(chromium: Any, server: str) -> Iterator[Callable[..., Tab]]:
    """`open_tab("/corruptions", width=390, dark=True)`: a tab in a context of its own."""
    contexts = []

    def open_(path: str | None = "/", *, width: int = 1440, height: int = 900, dark: bool = False) -> Tab:
        size, scheme = {"width": width, "height": height}, "dark" if dark else "light"
        page = new_page(chromium, viewport=size, color_scheme=scheme)
        contexts.append(page.context)
        tab = Tab(page, server)
        return tab if path is None else tab.open(path)

    yield open_
    for context in contexts:
        context.close()
