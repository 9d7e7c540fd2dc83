"""Twenty visitors at one dashboard: how long they wait, and whether the server's memory grows.

Each visitor is a websocket that speaks the browser's protocol: opens a page or changes one of its selection boxes, segments
or numbers, waits until the script has run, reads for some seconds, and goes on. A response is the time from the message
to the end of the script's run. What a browser does beyond that (drawing, fetching images) is not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_PATIENCE = 120.0  # seconds until a response counts as lost
_SAMPLE_SECONDS = 2.0


@dataclasses.dataclass
class Log:
    """What was measured.

    Attributes:
        responses: (seconds since the start, page, "open" or "change", seconds) of each response.
        errors: what a page or a connection said went wrong.
        memory: (seconds since the start, MiB) of the server.
    """

    began: float = dataclasses.field(default_factory=time.monotonic)
    responses: list[tuple[float, str, str, float]] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)
    memory: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began


class Visitor:
    """One browser session."""

    def __init__(self, connection: Any, pages: Sequence[str], log: Log, draw: random.Random) -> None:
        self._connection, self._pages, self._log, self._draw = connection, pages, log, draw
        self._page = ""
        self._cached_hashes: set[str] = set()  # hashes of the messages that a browser keeps
        self._widgets: dict[str, Any] = {}
        self._chosen: dict[str, Any] = {}

    async def act(self) -> None:
        """Open a page, or change something on the one that is open; wait for the answer."""
        changeable = [w for w in self._widgets.values() if _values(w)]
        action = "change" if changeable and self._draw.random() < 0.7 else "open"
        if action == "open":
            self._page = self._draw.choice(self._pages)
            self._widgets, self._chosen = {}, {}
        else:
            widget = self._draw.choice(changeable)
            self._chosen[widget.id] = (widget, self._draw.choice(_values(widget)))
        began = time.monotonic()
        await self._connection.send(self._message())
        try:
            await asyncio.wait_for(self._answer(), _PATIENCE)
        except TimeoutError:
            self._log.errors.append(f"{self._page}: no answer within {_PATIENCE:.0f} s")
            return
        self._log.responses.append((self._log.now, self._page, action, time.monotonic() - began))

    def _message(self) -> bytes:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        state = message.rerun_script
        state.page_name = self._page
        state.cached_message_hashes.extend(self._cached_hashes)
        for widget, value in self._chosen.values():
            entry = state.widget_states.widgets.add(id=widget.id)
            kind = widget.DESCRIPTOR.name
            if kind == "Selectbox":
                entry.string_value = value
            elif kind == "ButtonGroup":
                entry.string_array_value.data.append(value)
            else:
                entry.double_value = value
        return bytes(message.SerializeToString())

    async def _answer(self) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        while True:
            message = ForwardMsg.FromString(await self._connection.recv())
            if message.metadata.cacheable:
                self._cached_hashes.add(message.hash)
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._element(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    def _element(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self._log.errors.append(f"{self._page}: {element.exception.type} {element.exception.message}")
        elif kind in ("selectbox", "button_group", "number_input"):
            widget = getattr(element, kind)
            self._widgets[widget.id] = widget


def _values(widget: Any) -> list[Any]:
    """What a visitor may choose there."""
    if widget.disabled:
        return []
    kind = widget.DESCRIPTOR.name
    if kind == "Selectbox":
        return list(widget.options)
    if kind == "ButtonGroup":
        return [option.content for option in widget.options] if widget.required else []
    return [float(v) for v in range(int(widget.min), int(min(widget.max, widget.min + 50)) + 1)]


async def visit(address: str, pages: Sequence[str], log: Log, seconds: float, think: float, seed: int) -> None:
    """One visitor's visit."""
    from websockets.asyncio.client import connect

    draw = random.Random(seed)
    await asyncio.sleep(draw.uniform(0, think))
    while log.now < seconds:
        try:
            async with connect(
                f"ws://{address}/_stcore/stream", max_size=None, subprotocols=["streamlit"]
            ) as connection:  # type: ignore[list-item]
                visitor = Visitor(connection, pages, log, draw)
                while log.now < seconds:
                    await visitor.act()
                    await asyncio.sleep(draw.uniform(0.5, 1.5) * think)
        except OSError as error:
            log.errors.append(f"connection: {error}")
            await asyncio.sleep(1)


async def watch(pid: int, log: Log, seconds: float) -> None:
    """The server's memory over time."""
    while log.now < seconds:
        log.memory.append((log.now, memory(pid)))
        await asyncio.sleep(_SAMPLE_SECONDS)


def memory(pid: int) -> float:
    """MiB that a process occupies."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


@contextlib.contextmanager
def server() -> Iterator[tuple[str, int]]:
    """(address, pid) of a dashboard with a cache of its own: what it shows is what ships."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        started = subprocess.Popen(
            [sys.executable, "-m", "dashboard.server", "--port", str(port)],
            env={**os.environ, "ROBUSTCORE_CACHE": cache},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 120
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health"):
                    break
                if started.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server does not come up")
                time.sleep(0.2)
            yield f"127.0.0.1:{port}", started.pid
        finally:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def addresses() -> list[str]:
    """The pages' addresses; the first page answers at "start"."""
    from dashboard import pages

    _, *others = pages.views()
    return sorted(["start", *(view.address for view in others)])


async def _run(people: int, seconds: float, think: float) -> Log:
    from websockets.asyncio.client import connect

    pages = addresses()
    with server() as (address, pid):
        # Once round, so that what is loaded once is loaded.
        first = Log()
        async with connect(f"ws://{address}/_stcore/stream", max_size=None) as connection:
            for page in pages:
                await Visitor(connection, [page], first, random.Random(0)).act()
        print("first visits:", ", ".join(f"{page} {spent:.1f} s" for _, page, _, spent in first.responses), flush=True)
        log = Log()
        visits = [visit(address, pages, log, seconds, think, seed) for seed in range(people)]
        await asyncio.gather(watch(pid, log, seconds), *visits)
    return log


def report(log: Log, seconds: float) -> None:
    """Print what was measured."""
    spent = [r[3] for r in log.responses]
    print(f"{len(spent)} responses in {seconds / 60:.1f} min, {len(log.errors)} errors", *set(log.errors), sep="\n  ")
    print(f"{'':<24} {'count':>6} {'median':>8} {'p95':>8} {'max':>8}   seconds")
    for page in ["all", *sorted({r[1] for r in log.responses})]:
        for action in ("open", "change"):
            part = [r[3] for r in log.responses if page in ("all", r[1]) and r[2] == action]
            if part:
                p95 = float(np.percentile(part, 95))
                print(
                    f"{page + ', ' + action:<24} {len(part):>6} {statistics.median(part):>8.2f} {p95:>8.2f} {max(part):>8.2f}"
                )
    print(f"all together: p95 {float(np.percentile(spent, 95)):.2f} s")
    times, sizes = np.array(log.memory).T
    print(
        "server's memory:", ", ".join(f"{s:.0f} MiB at {t:.0f} s" for t, s in log.memory[:: max(1, len(sizes) // 10)])
    )
    late = times > 0.4 * seconds
    slope = np.polyfit(times[late] / 60, sizes[late], 1)[0]
    print(
        f"over the last {0.6 * seconds / 60:.1f} min: {slope:+.1f} MiB/min, {sizes[late].min():.0f} to {sizes[late].max():.0f} MiB"
    )


def main(arguments: Sequence[str] = ()) -> None:
    """Run the visits and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard_load", description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--think", type=float, default=5.0, help="seconds that a visitor reads, on average")
    args = parser.parse_args(arguments)
    log = asyncio.run(_run(args.people, 60 * args.minutes, args.think))
    report(log, 60 * args.minutes)


if __name__ == "__main__":
    main(sys.argv[1:])
