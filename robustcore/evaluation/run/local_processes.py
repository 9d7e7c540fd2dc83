"""Lanes: one process for each device of this machine.

A lane is a process that holds the work on its device and computes groups in a few threads. One that ends (killed for its
memory, say) is started again, and the groups that it was at are computed again; a group that ends its process every time
is a failure with that reason. A lane ends with the process that started it, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from typing import Protocol, cast

from robustcore import devices as devices_
from robustcore.errors import InvalidArgumentError, JobError
from robustcore.evaluation.plan import Group
from robustcore.evaluation.run import resources, work
from robustcore.evaluation.run.executors import Executor, Pool
from robustcore.evaluation.run.scorer import Cancelled
from robustcore.evaluation.run.work import Answer, Station, Work

_TRIES = 3


def processes(devices: Sequence[str]) -> Executor:
    """An executor with one process for each device, e.g. ("cuda:0", "cuda:1"); "cpu" may stand there more than once.

    A script that evaluates with it does so under `if __name__ == "__main__":`, as all that starts processes.

    Raises:
        InvalidArgumentError: no device, or one that this machine does not have.
    """
    chosen = [str(devices_.pick(device)) for device in devices]
    if not chosen:
        raise InvalidArgumentError("There is no device to evaluate on; name one or more.")

    @contextmanager
    def start(what: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
        per_lane = -(-groups // len(chosen))
        each, inside = resources.workers(devices_.pick(chosen[0]), per_lane, processes=len(chosen))
        payload = what.packed()
        lanes = [_Lane(device, payload, inside, cancelled) for device in chosen[: max(1, groups)]]
        free: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
        for lane in lanes * each:
            free.put(lane)

        def compute(group: Group) -> Answer:
            lane = free.get()
            try:
                return lane.run(group)
            finally:
                free.put(lane)

        def stop() -> None:
            for lane in lanes:
                lane.stop()

        slots = len(lanes) * each
        pool = ThreadPoolExecutor(slots, thread_name_prefix="lane")
        try:
            with work.when_set(cancelled, stop):
                yield Pool(lambda group: pool.submit(compute, group), lambda: slots)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for lane in lanes:
                lane.close()

    return start


class _Remote(Protocol):
    """What this process sees of a station in another one."""

    def run(self, group: Group) -> Answer: ...

    def stop(self) -> None: ...


class _Manager(BaseManager):
    """Starts the process and carries calls to it; each calling thread is answered by a thread of its own."""


_Manager.register("Station", Station, exposed=("run", "stop"))


class _Lane:
    """One device's process."""

    def __init__(self, device: str, payload: bytes, threads: int, cancelled: threading.Event) -> None:
        self._device, self._payload, self._threads, self._cancelled = device, payload, threads, cancelled
        self._lock = threading.Lock()
        self._manager: _Manager | None = None
        self._station: _Remote | None = None

    def run(self, group: Group) -> Answer:
        for left in reversed(range(_TRIES)):
            try:
                station = self._open()
            except JobError:  # killed while it started, perhaps
                if not left:
                    raise
                continue
            if self._cancelled.is_set():  # `stop` may have come before there was anything to stop
                raise Cancelled
            try:
                return station.run(group)
            except (EOFError, OSError):  # the connection's: what the work itself raises comes back as a failure
                self._drop(station)
        raise JobError(
            f"The process for {self._device} ended {_TRIES} times while it computed this unit; it may lack memory."
        )

    def stop(self) -> None:
        station = self._station
        if station is not None:
            try:
                station.stop()
            except (EOFError, OSError):
                self._drop(station)

    def close(self) -> None:
        self._drop(self._station)

    def _open(self) -> _Remote:
        with self._lock:
            if self._station is None:
                self._manager = _Manager(ctx=multiprocessing.get_context("spawn"))
                try:
                    self._manager.start(follow_parent)
                    station = self._manager.Station(self._payload, self._device, self._threads)  # type: ignore[attr-defined]
                except (EOFError, OSError) as error:
                    self._manager = None
                    raise JobError(
                        f"The process for {self._device} did not start. A script that evaluates on several devices "
                        'does so under `if __name__ == "__main__":`.'
                    ) from error
                self._station = cast(_Remote, station)
            return self._station

    def _drop(self, station: _Remote | None) -> None:
        """End the process that this station is in; another thread may have done it and started the next one."""
        with self._lock:
            if station is self._station and self._manager is not None:
                self._manager.shutdown()
                self._manager = self._station = None


def follow_parent() -> None:
    """End this process when the one that started it ends, even if that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
