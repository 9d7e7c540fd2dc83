"""Requests for worker processes: equal ones are computed once, one that nobody waits for any more is dropped.

A request is a function with arguments that `robustcore.derived` can write; its value is kept there, under the request's key,
and read by whoever asked. The server starts the pool; where none was started (tests, scripts), `call` computes in place.
A worker ends when the server ends, whatever ends it: its standard input closes. One that has grown too large is replaced.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import itertools
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dashboard.workers.processes import CAN_FORK, Nursery, Process, Started
from robustcore import derived, errors, plugins

VARIABLE = "ROBUSTCORE_WORKERS"  # how many the server starts; 0 computes in the server itself
_LONG = 2.0  # seconds; requests of a kind that takes more, on average, never have all workers
_POLL = 0.05  # seconds between two looks whether a request has been overtaken
_ENDED = (
    "The process that computed this has ended unexpectedly; memory may have run out. A new one takes its place: choose "
    "again, or reload the page."
)
_GONE = object()
_log = logging.getLogger(__name__)


class OvertakenError(Exception):
    """The person who asked has asked for something else in the meantime."""


@dataclasses.dataclass(eq=False)
class Job:
    """A request.

    Attributes:
        number: of the request.
        kind, key: what its value is kept under.
        message: what the worker reads.
        waiting: how many wait for it.
        started: whether a worker has it.
        background: whether nobody waits for it but the server.
        worker: that worker.
        done: set at the end.
        value, error: what came of it; the value only where it could not be kept.
    """

    number: int
    kind: str
    key: str
    message: bytes
    waiting: int = 0
    started: bool = False
    background: bool = False
    worker: Process | None = None
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    value: Any = None
    kept: bool = False
    error: Exception | None = None


class Pool:
    """Worker processes, each served by a thread of this process.

    One starts at once; each of the others with `start_all`, or when a request finds all that have started busy. On a small
    machine several at once would take the processors from the first visitor while they import. One is always left for what is
    quick: how long requests of a kind take is learned from those that were served.

    Args:
        count: of the processes, at most.
        flags: what a worker is started with.
        forks: whether workers are forked where the system can.
    """

    def __init__(self, count: int, flags: Sequence[str] = (), *, forks: bool = False) -> None:
        self._flags = tuple(flags)
        self._nursery = Nursery(self._flags) if forks and CAN_FORK else None
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._numbers = itertools.count()
        self._closed = False
        self._processes: list[Process | None] = [None] * count
        self._processes[0] = self._start()
        self._serving: list[Job | None] = [None] * count
        self._seconds: dict[str, float] = {}  # kind of request -> how long the latest took, on average
        for place in range(count):
            threading.Thread(target=self._serve, args=(place,), name=f"worker-{place}", daemon=True).start()

    @property
    def processes(self) -> list[int]:
        """The pids of the workers that run and have said theirs."""
        running = [process for process in self._processes if process is not None and not process.has_ended]
        return [process.pid for process in running if process.pid]

    def start_all(self) -> None:
        """Start those that have not started."""
        for place in range(len(self._processes)):
            with self._changed:
                if not self._closed:
                    self._alive(place)

    def ask(self, kind: str, key: str, message: dict[str, Any], overtaken: Callable[[], bool]) -> Any:
        """The value of a request, waited for.

        Raises:
            OvertakenError: as soon as `overtaken` says so; a request that nobody else waits for is dropped or cancelled.
            RobustcoreError: what the function raised, or a worker that ended.
        """
        with self._changed:
            job = self._jobs.get((kind, key))
            if job is None:
                number = next(self._numbers)
                line = json.dumps({"number": number, "kind": kind, "key": key, **message}, separators=(",", ":"))
                job = self._jobs[kind, key] = Job(number, kind, key, line.encode() + b"\n")
                job.background = _background.get()
                self._enqueue(job)
            elif job.background and not job.started and not _background.get():  # somebody waits for it now
                self._queue.remove(job)
                job.background = False
                self._enqueue(job)
            job.waiting += 1
        while not job.done.wait(_POLL):
            if overtaken():
                self._leave(job)
                raise OvertakenError
        if job.error is not None:
            raise job.error
        if not job.kept:
            return derived.decode(job.value)
        value = derived.get(kind, key, _GONE)
        if value is _GONE:  # somebody has emptied the cache meanwhile: it is computed again, and handed over
            return self.ask(kind, f"{key} handed over", {**message, "keep": False}, overtaken)
        return value

    def _enqueue(self, job: Job) -> None:
        """Behind the requests of people; what the server asks for itself comes last."""
        ahead = len(self._queue) if job.background else sum(not other.background for other in self._queue)
        self._queue.insert(ahead, job)
        self._changed.notify_all()

    def close(self) -> None:
        """End the workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._nursery is not None:
            self._nursery.end()
        for process in self._processes:
            if process is not None:
                process.end()

    def _leave(self, job: Job) -> None:
        with self._changed:
            job.waiting -= 1
            if job.waiting:
                return
            self._jobs.pop((job.kind, job.key), None)
            if not job.started:
                self._queue.remove(job)
            elif job.worker is not None:
                with contextlib.suppress(OSError, ValueError):  # it has ended, or its pipe is closed
                    job.worker.write(json.dumps({"cancel": job.number}).encode() + b"\n")

    def _serve(self, place: int) -> None:
        """Give jobs to one worker, one after the other."""
        while True:
            with self._changed:
                while not self._closed and not self._is_wanted(place):
                    self._changed.wait()
                if self._closed:
                    return
                job = self._startable()[0]
                self._queue.remove(job)
                job.started, self._serving[place] = True, job
            began = time.monotonic()
            answer = None
            try:
                answer = self._asked(place, job)
                if answer is not None and answer["full"]:
                    self._replace(place)
            except OSError as error:  # no process can be started: whoever waits is told, as of one that ended
                _log.error("No worker process can be started: %s", error)
            with self._changed:
                self._serving[place] = None
                took = time.monotonic() - began
                self._seconds[job.kind] = (self._seconds.get(job.kind, took) + took) / 2
                self._changed.notify_all()  # one that has to wait for this one may start
            self._finish(job, answer)

    def _asked(self, place: int, job: Job) -> dict[str, Any] | None:
        """The answer of a place's worker; None where it has ended."""
        with self._changed:
            process = job.worker = self._alive(place)
        answer, received = process.ask(job.message)
        if not received:  # it ended while it had nothing to do, or before it began: a new one takes the job
            process.end()
            with self._changed:
                process = job.worker = self._alive(place)
            answer, _ = process.ask(job.message)
        if answer is None:
            process.end()
        return answer

    def _replace(self, place: int) -> None:
        """Put a new worker in the place of one that has grown too large; it has answered and has nothing to do."""
        with self._changed:
            if self._closed:
                return
            grown, self._processes[place] = self._processes[place], None
            if grown is not None:
                grown.end()
            self._alive(place)

    def _start(self) -> Process:
        return Started(self._flags) if self._nursery is None else self._nursery.worker()

    def _is_wanted(self, place: int) -> bool:
        """Whether a job waits that no worker which has started and is free would take."""
        startable = len(self._startable())
        serving = zip(self._serving, self._processes, strict=True)
        free = [i for i, (job, process) in enumerate(serving) if job is None and process is not None]
        return startable > 0 and (place in free or startable > len(free))

    def _startable(self) -> list[Job]:
        """The requests that wait and may start now, in this order."""
        left = max(1, len(self._serving) - 1) - sum(job is not None and self._is_long(job) for job in self._serving)
        startable = []
        for job in self._queue:
            left -= self._is_long(job)
            if left >= 0 or not self._is_long(job):
                startable.append(job)
        return startable

    def _is_long(self, job: Job) -> bool:
        return self._seconds.get(job.kind, 0.0) > _LONG

    def _alive(self, place: int) -> Process:
        """The worker of a place, started if it has none or it has ended; whoever asks holds the lock."""
        process = self._processes[place]
        if process is None or process.has_ended:
            if process is not None:
                process.end()
            process = self._processes[place] = self._start()
        return process

    def _finish(self, job: Job, answer: dict[str, Any] | None) -> None:
        if answer is None:
            job.error = errors.JobError(_ENDED)
        elif "error" in answer:
            job.error = _error(*answer["error"])
        else:
            job.kept, job.value = answer["kept"], answer.get("value")
        with self._changed:
            if self._jobs.get((job.kind, job.key)) is job:
                del self._jobs[job.kind, job.key]
        job.done.set()


_background: contextvars.ContextVar[bool] = contextvars.ContextVar("background", default=False)
_pool: list[Pool] = []  # one or none


@contextlib.contextmanager
def in_background() -> Iterator[None]:
    """Requests within come after those of people."""
    token = _background.set(True)
    try:
        yield
    finally:
        _background.reset(token)


def start(count: int, flags: Sequence[str] = (), *, forks: bool = False) -> None:
    """Start the workers of this process, with some flags; with 0 everything is computed in place."""
    if count and not _pool:
        _pool.append(Pool(count, flags, forks=forks))


def start_all() -> None:
    """Start all of them now, not each when it is needed; where nothing was started, nothing happens."""
    for each in _pool:
        each.start_all()


def stop() -> None:
    """End them."""
    while _pool:
        _pool.pop().close()


def is_running() -> bool:
    """Whether there are workers."""
    return bool(_pool)


def default_count() -> int:
    """One worker less than there are processors, three at least and four at most; or what the variable says."""
    chosen = os.environ.get(VARIABLE, "")
    return int(chosen) if chosen.isdigit() else min(4, max(3, (os.cpu_count() or 1) - 1))


def call(
    kind: str,
    key: str,
    function: Callable[..., Any],
    *arguments: Any,
    overtaken: Callable[[], bool] = lambda: False,
) -> Any:
    """What is kept under a key, else the value of a function, computed by a worker and kept.

    Args:
        kind, key: as for `derived.once`; the key covers everything that the value depends on but the code.
        function: of a module; its value and its arguments are values that `derived` can write.
        overtaken: asked while waiting.

    Raises:
        OvertakenError, RobustcoreError: as `Pool.ask`.
    """
    missing = object()
    kept = derived.get(kind, key, missing)
    if kept is not missing:
        return kept
    if not _pool:
        return derived.once(kind, key, lambda: function(*arguments))
    message = {
        "function": f"{function.__module__}:{function.__qualname__}",
        "arguments": derived.encode(list(arguments)),
        "plugins": plugins.versions(),
    }
    return _pool[0].ask(kind, key, message, overtaken)


def _error(name: str, text: str) -> Exception:
    """An exception as a worker raised it: of robustcore's family with its sentence, else an internal error."""
    error_class = getattr(errors, name, None)
    if isinstance(error_class, type) and issubclass(error_class, errors.RobustcoreError):
        error = error_class.__new__(error_class)
        error.args = (text,)
        if isinstance(error, errors.UnknownNameError):
            error.message = text
        return error
    _log.error("A worker failed: %s", text)
    return RuntimeError(f"{name} in a worker process")
