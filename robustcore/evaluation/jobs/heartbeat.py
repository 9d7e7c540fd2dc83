"""The heartbeat of a running job: it reports that the process is alive, and stops the job when that is asked for."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType

from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import queue

STOPPED = {"cancel": "cancelled", "pause": "paused"}
TAKEN = "taken"  # the job's row is another process's: this one was asleep, and counted as gone
_POLL_SECONDS = 0.2
_BEAT_SECONDS = 2.0
_GRACE_SECONDS = 1.0
_WORKER_BEAT_SECONDS = 5.0


class WorkerBeat:
    """A thread that tells the other hosts that the worker is alive, from its start to its end, also between two jobs."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker-beat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        own = queue.Process.own()
        while not self._closed.wait(_WORKER_BEAT_SECONDS):
            try:
                with queue.writing() as connection:
                    queue.beat(connection, own)
            except RobustcoreError as error:  # a full disk, say: the next beat may succeed
                print(error, file=sys.stderr)


class Heartbeat:
    """A thread that reports that this process is alive, and stops its job when the queue says so.

    The run ends between two batches. If a batch takes longer than a second, the process ends in the middle of it, which
    loses nothing: a unit is stored whole or not at all.
    """

    def __init__(self, job: int) -> None:
        self._job = job
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.cancelled = threading.Event()
        self.control = ""

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._closed.wait(_POLL_SECONDS):
            try:
                self.control = self._read_control()
                if self.control == TAKEN:
                    print(f"job {self._job}: another process has taken it up meanwhile", file=sys.stderr)
                if not self.control and time.monotonic() - last > _BEAT_SECONDS:
                    self._beat()
                    last = time.monotonic()
            except RobustcoreError as error:  # a full disk, say: after a missed beat the job can still be stopped
                print(error, file=sys.stderr)
            if self.control:
                self.cancelled.set()
                if not self._closed.wait(_GRACE_SECONDS):
                    self._exit()
                return

    def _read_control(self) -> str:
        with queue.reading() as connection:
            if connection is None or not queue.is_held(connection, self._job):
                return TAKEN
            row = connection.execute("SELECT control FROM jobs WHERE id = ?", (self._job,)).fetchone()
        return row["control"] or ""

    def _beat(self) -> None:
        with queue.writing() as connection:
            connection.execute("UPDATE jobs SET heartbeat = ? WHERE id = ?", (time.time(), self._job))

    def _exit(self) -> None:
        with queue.writing() as connection:
            queue.end(connection, self._job, STOPPED.get(self.control, "interrupted"))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)
