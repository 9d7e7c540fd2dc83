"""Twenty visitors at one dashboard for five minutes: how long they wait, what is lost, and whether memory grows.

Each visitor is a websocket that speaks the browser's protocol: opens a page or changes one of its selection boxes, segments
or numbers, waits until the script has run, reads for some seconds, and goes on. A response is the time from the message
to the end of the script's run. What a browser does beyond that (drawing, fetching images) is not measured.

The whole takes at most a minute more than the visits: first every page is opened once, one after the other, on an empty cache;
an answer that has not come twenty seconds after the end is lost. One table says all, beside what is aimed at.

With --visits N one person makes so many visits instead, one after the other and without a pause: what memory grows by for each
hundred, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import logging
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
from typing import Any

import numpy as np
import psutil

_PATIENCE = 60.0  # seconds until a response counts as lost
_GRACE = 20.0  # seconds after the visits in which the last answers may come
_FIRST_VISITS = 40.0  # seconds for the pages' first visits together
_LEVEL_FROM = 0.4  # share of the time after which memory should be level
_AIMS = {"p95": 4.0, "change": 1.0, "first": 3.0, "growth": 5.0}  # seconds, seconds, seconds, MiB a minute
_SAMPLE_SECONDS = 2.0
_SESSION = 10  # visits of one session, where they are counted


@dataclasses.dataclass
class Log:
    """What was measured.

    Attributes:
        responses: (seconds since the start, page, "open" or "change", seconds) of each response.
        lost: (page, "open" or "change") of each that was not answered in time.
        errors: what a page or a connection said went wrong.
        memory: (seconds since the start, MiB of the server, MiB of its workers).
    """

    began: float = dataclasses.field(default_factory=time.monotonic)
    responses: list[tuple[float, str, str, float]] = dataclasses.field(default_factory=list)
    lost: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)
    memory: list[tuple[float, float, float]] = dataclasses.field(default_factory=list)

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

    async def act(self, patience: float = _PATIENCE) -> bool:
        """Open a page, or change something on the one that is open; wait so many seconds for the answer, and say whether it
        came. Where it did not, the connection is of no further use: the answer may still come."""
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
            await asyncio.wait_for(self._answer(), patience)
        except TimeoutError:
            self._log.lost.append((self._page, action))
            return False
        self._log.responses.append((self._log.now, self._page, action, time.monotonic() - began))
        return True

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
        if kind == "alert" and element.alert.format == element.alert.ERROR:
            self._log.errors.append(f"{self._page}: {element.alert.body}")
        elif kind == "exception":
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
    from websockets.exceptions import ConnectionClosed
    from websockets.typing import Subprotocol

    draw = random.Random(seed)
    await asyncio.sleep(draw.uniform(0, think))
    while log.now < seconds:
        try:
            async with connect(
                f"ws://{address}/_stcore/stream", max_size=None, subprotocols=[Subprotocol("streamlit")]
            ) as connection:
                visitor = Visitor(connection, pages, log, draw)
                while log.now < seconds and await visitor.act(min(_PATIENCE, seconds + _GRACE - log.now)):
                    await asyncio.sleep(draw.uniform(0.5, 1.5) * think)
        except (OSError, ConnectionClosed) as error:
            log.errors.append(f"connection: {error}")
            await asyncio.sleep(1)


async def watch(pid: int, log: Log, seconds: float) -> None:
    """The memory of the server and of its workers over time."""
    while log.now < seconds:
        log.memory.append((log.now, memory(pid), sum(map(memory, workers(pid)))))
        await asyncio.sleep(_SAMPLE_SECONDS)


def workers(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def memory(pid: int) -> float:
    """MiB that a process occupies; of what several share (libraries, what they were forked with) its part, where the system
    tells it. 0 where it has ended."""
    try:
        sizes = psutil.Process(pid).memory_full_info()
        return float(getattr(sizes, "pss", sizes.rss)) / (1 << 20)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


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


async def _run(people: int, seconds: float, think: float) -> tuple[Log, Log]:
    """What was measured on the first visits, one after the other, and with all people together."""
    from websockets.asyncio.client import connect

    pages = addresses()
    with server() as (address, pid):
        first = Log()
        for page in pages:
            if first.now < _FIRST_VISITS:
                async with connect(f"ws://{address}/_stcore/stream", max_size=None) as connection:
                    await Visitor(connection, [page], first, random.Random(0)).act()
        log = Log()
        visits = [visit(address, pages, log, seconds, think, seed) for seed in range(people)]
        await asyncio.gather(watch(pid, log, seconds), *visits)
    return first, log


async def _repeated(visits: int) -> list[tuple[int, float, float]]:
    """(visits so far, MiB of the server, MiB of its workers), ten visits apart; every ten visits are a session of their own."""
    from websockets.asyncio.client import connect

    pages, draw, log, sizes = addresses(), random.Random(0), Log(), list[tuple[int, float, float]]()
    with server() as (address, pid):
        for done in range(0, visits, _SESSION):
            async with connect(f"ws://{address}/_stcore/stream", max_size=None) as connection:
                visitor = Visitor(connection, pages, log, draw)
                for _ in range(_SESSION):
                    if not await visitor.act():
                        break
            sizes.append((done + _SESSION, memory(pid), sum(map(memory, workers(pid)))))
    return sizes


def report_repeated(sizes: Sequence[tuple[int, float, float]]) -> None:
    """Print what memory has grown by for each hundred visits, after the first third."""
    visits, *parts = np.array(sizes, float).T
    level = visits > visits[-1] / 3
    for name, size in zip(("server", "workers"), parts, strict=True):
        slope = float(np.polyfit(visits[level] / 100, size[level], 1)[0]) if level.sum() > 1 else float("nan")
        print(
            f"memory of the {name:<8} {size[0]:.0f} MiB after {_SESSION} visits, {size[-1]:.0f} after {visits[-1]:.0f}, at most "
            f"{size.max():.0f}; {slope:+.1f} MiB for each hundred after the first third"
        )


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, in words, what is aimed at, and whether that is met; None where nothing is."""

    name: str
    value: str
    aim: str = ""
    met: bool | None = None


def rows(first: Log, log: Log, seconds: float) -> Iterator[Row]:
    """The lines of the table."""
    cold = {page: spent for _, page, _, spent in first.responses}
    slowest = sorted(cold, key=cold.__getitem__, reverse=True)
    late = [f"{page} {cold[page]:.1f}" for page in slowest if cold[page] > _AIMS["first"]]
    yield Row(
        "first visits, one by one",
        f"at most {max(cold.values(), default=float('nan')):.1f} s; over {_AIMS['first']:g} s: {', '.join(late) or 'none'}",
        f"{_AIMS['first']:g} s",
        not late and not first.lost,
    )
    spent = [r[3] for r in log.responses]
    changes = [r[3] for r in log.responses if r[2] == "change"]
    p95, median = (float(np.percentile(v, q)) if v else float("nan") for v, q in ((spent, 95), (changes, 50)))
    yield Row("answers", f"{len(spent)} in {seconds / 60:.1f} min, of them {len(changes)} to changes")
    lost = ", ".join(sorted({f"{page} ({action})" for page, action in log.lost}))
    yield Row("lost answers", f"{len(log.lost)}{': ' + lost if lost else ''}", "0", not log.lost)
    yield Row("errors", str(len(log.errors)), "0", not log.errors)
    yield Row("p95 of all answers", f"{p95:.2f} s", f"{_AIMS['p95']:g} s", p95 <= _AIMS["p95"])
    yield Row("median of changes", f"{median:.2f} s", f"{_AIMS['change']:g} s", median <= _AIMS["change"])
    times, server, others = np.array(log.memory).T
    level = times > _LEVEL_FROM * seconds
    for name, sizes in (("server", server), ("workers", others)):
        slope = float(np.polyfit(times[level] / 60, sizes[level], 1)[0]) if level.sum() > 1 else float("nan")
        yield Row(
            f"memory of the {name}",
            f"{sizes[0]:.0f} MiB at first, {sizes[-1]:.0f} at the end; {slope:+.1f} MiB/min over the last "
            f"{(1 - _LEVEL_FROM) * seconds / 60:.1f} min",
            f"{_AIMS['growth']:+g} MiB/min",
            slope <= _AIMS["growth"],
        )


def report(first: Log, log: Log, seconds: float) -> None:
    """Print the table, then what each page took, and what went wrong."""
    for row in rows(first, log, seconds):
        met = {None: "", True: "met", False: "MISSED"}[row.met]
        print(f"{row.name:<26} {row.aim:>12} {met:>7}   {row.value}")
    print(f"\n{'seconds':<26} {'count':>6} {'median':>8} {'p95':>8} {'max':>8}")
    for page in ["all", *sorted({r[1] for r in log.responses})]:
        for action in ("open", "change"):
            part = [r[3] for r in log.responses if page in ("all", r[1]) and r[2] == action]
            if part:
                p95 = float(np.percentile(part, 95))
                print(
                    f"{page + ', ' + action:<26} {len(part):>6} {statistics.median(part):>8.2f} {p95:>8.2f} {max(part):>8.2f}"
                )
    print("\nfirst visits:", ", ".join(f"{page} {spent:.1f} s" for _, page, _, spent in first.responses))
    print(*(f"error: {text}" for text in sorted({*first.errors, *log.errors})), sep="\n")


def main(arguments: Sequence[str] = ()) -> None:
    """Run the visits and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard_load", description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--think", type=float, default=5.0, help="seconds that a visitor reads, on average")
    parser.add_argument("--visits", type=int, default=0, help="visits of one person, one after the other, instead")
    args = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # Streamlit's, that its pages are looked up without a server
    if args.visits:
        report_repeated(asyncio.run(_repeated(args.visits)))
        return
    before = os.getloadavg()[0]
    first, log = asyncio.run(_run(args.people, 60 * args.minutes, args.think))
    print(
        f"{args.people} people for {args.minutes:g} min, {os.cpu_count()} processors; load average {before:.1f} before (more "
        f"than 0.5: the figures are upper bounds), {os.getloadavg()[0]:.1f} after\n"
    )
    report(first, log, 60 * args.minutes)


if __name__ == "__main__":
    main(sys.argv[1:])
