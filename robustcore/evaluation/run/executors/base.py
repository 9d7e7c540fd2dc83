"""What every executor gives: a pool that takes groups of units while the executor runs."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager

from robustcore.evaluation.plan import Group
from robustcore.evaluation.run.work import GroupResult, Work


@dataclasses.dataclass(frozen=True)
class Pool:
    """An executor that is running.

    Attributes:
        submit: starts a group.
        slots: the number of groups computed at once, at this moment: machines may come and go.
    """

    submit: Callable[[Group], Future[GroupResult]]
    slots: Callable[[], int]


# Called with the work, the number of pending groups, and an event that is set to stop between two batches.
Executor = Callable[[Work, int, threading.Event], AbstractContextManager[Pool]]


@contextlib.contextmanager
def idle_executor(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
    """The executor of an evaluation with nothing pending: it uses no device and connects to no cluster."""

    def submit(group: Group) -> Future[GroupResult]:
        raise AssertionError("nothing was pending")

    yield Pool(submit, lambda: 1)


@contextlib.contextmanager
def call_when_set(event: threading.Event, action: Callable[[], None]) -> Iterator[None]:
    """Inside, `action` is called in a thread as soon as the event is set."""
    closed = threading.Event()

    def wait() -> None:
        last = False
        while not last:
            last = closed.wait(0.05)
            if event.is_set():
                action()
                return

    thread = threading.Thread(target=wait, name="cancelling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closed.set()
        thread.join(timeout=2.0)  # a machine that does not answer never blocks shutdown
