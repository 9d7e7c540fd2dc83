"""Local processes: one for each device of this machine.

Each holds the work on its device and computes groups in a few threads. One that ends (killed for its memory, say) is
started again, and its groups are computed again; a group that ends its process every time is a failure with that reason.
These processes end with the one that started them, however that ends.
"""

from __future__ import annotations

import multiprocessing
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
from robustcore.evaluation.run import resources
from robustcore.evaluation.run.executors.base import Executor, Pool, call_when_set
from robustcore.evaluation.run.executors.remote_scorer import RemoteScorer
from robustcore.evaluation.run.scorer import Cancelled
from robustcore.evaluation.run.work import GroupResult, Work
from robustcore.processes import exit_with_parent

_TRIES = 3


def process_executor(devices: Sequence[str]) -> Executor:
    """An executor with one process for each device, e.g. ("cuda:0", "cuda:1"); "cpu" may be named more than once.

    A script that evaluates with it does so under `if __name__ == "__main__":`, as everything that starts processes.

    Raises:
        InvalidArgumentError: no device, or one that this machine does not have.
    """
    chosen = [str(devices_.pick(device)) for device in devices]
    if not chosen:
        raise InvalidArgumentError("There is no device to evaluate on; name one or more.")

    @contextmanager
    def start(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
        groups_each = -(-groups // len(chosen))
        threads_each, inside = resources.workers(devices_.pick(chosen[0]), groups_each, processes=len(chosen))
        payload = work.to_bytes()
        scorers = [_DeviceProcess(device, payload, inside, cancelled) for device in chosen[: max(1, groups)]]
        free: queue.SimpleQueue[_DeviceProcess] = queue.SimpleQueue()
        for scorer in scorers * threads_each:
            free.put(scorer)

        def compute(group: Group) -> GroupResult:
            scorer = free.get()
            try:
                return scorer.run(group)
            finally:
                free.put(scorer)

        def stop() -> None:
            for scorer in scorers:
                scorer.stop()

        slots = len(scorers) * threads_each
        pool = ThreadPoolExecutor(slots, thread_name_prefix="local-process")
        try:
            with call_when_set(cancelled, stop):
                yield Pool(lambda group: pool.submit(compute, group), lambda: slots)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for scorer in scorers:
                scorer.close()

    return start


class _Proxy(Protocol):
    """A remote scorer as this process sees it."""

    def run(self, group: Group) -> GroupResult: ...

    def stop(self) -> None: ...


class _Manager(BaseManager):
    """Starts the process and carries calls to it; each calling thread is answered by a thread of its own."""


_Manager.register("RemoteScorer", RemoteScorer, exposed=("run", "stop"))


class _DeviceProcess:
    """One device's process."""

    def __init__(self, device: str, payload: bytes, threads: int, cancelled: threading.Event) -> None:
        self._device, self._payload, self._threads, self._cancelled = device, payload, threads, cancelled
        self._lock = threading.Lock()
        self._manager: _Manager | None = None
        self._scorer: _Proxy | None = None

    def run(self, group: Group) -> GroupResult:
        for tries_left in reversed(range(_TRIES)):
            try:
                scorer = self._start()
            except JobError:  # killed while it started, perhaps
                if not tries_left:
                    raise
                continue
            if self._cancelled.is_set():  # `stop` may have come before there was anything to stop
                raise Cancelled
            try:
                return scorer.run(group)
            except (EOFError, OSError):  # the connection's: what the work itself raises comes back as a failure
                self._end(scorer)
        raise JobError(
            f"The process for {self._device} ended {_TRIES} times while it computed this unit; it may lack memory."
        )

    def stop(self) -> None:
        scorer = self._scorer
        if scorer is not None:
            try:
                scorer.stop()
            except (EOFError, OSError):
                self._end(scorer)

    def close(self) -> None:
        self._end(self._scorer)

    def _start(self) -> _Proxy:
        with self._lock:
            if self._scorer is None:
                self._manager = _Manager(ctx=multiprocessing.get_context("spawn"))
                try:
                    self._manager.start(exit_with_parent)
                    scorer = self._manager.RemoteScorer(  # type: ignore[attr-defined]
                        self._payload, self._device, self._threads
                    )
                except (EOFError, OSError) as error:
                    self._manager = None
                    raise JobError(
                        f"The process for {self._device} did not start. A script that evaluates on several devices "
                        'does so under `if __name__ == "__main__":`.'
                    ) from error
                self._scorer = cast(_Proxy, scorer)
            return self._scorer

    def _end(self, scorer: _Proxy | None) -> None:
        """End the process of this scorer; another thread may have done so and started the next one."""
        with self._lock:
            if scorer is self._scorer and self._manager is not None:
                self._manager.shutdown()
                self._manager = self._scorer = None
