"""What a running job says of itself: its heartbeat, its progress, and its ear for a request to stop."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import queue
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.run.runner import Progress
from robustcore.evaluation.store import database

STOPPED = {"cancel": "cancelled", "pause": "paused"}
_POLL_SECONDS = 0.2
_BEAT_SECONDS = 2.0
_GRACE_SECONDS = 1.0


class Heartbeat:
    """A thread that says that this process lives, and sees to it that a job that is to stop stops.

    The run is asked to end between two batches. Where a batch takes longer than a second, the process ends under it,
    which loses nothing: a unit is stored whole or not at all.
    """

    def __init__(self, job: int) -> None:
        self._job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.cancelled = threading.Event()
        self.control = ""

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        beat = time.monotonic()
        while not self._over.wait(_POLL_SECONDS):
            try:
                self.control = self._asked()
                if not self.control and time.monotonic() - beat > _BEAT_SECONDS:
                    self._beat()
                    beat = time.monotonic()
            except RobustcoreError as error:  # a full disk, say: a missed beat is no reason to stop listening
                print(error, file=sys.stderr)
            if self.control:
                self.cancelled.set()
                if not self._over.wait(_GRACE_SECONDS):
                    self._leave()
                return

    def _asked(self) -> str:
        with queue.reading() as connection:
            row = connection and connection.execute("SELECT control FROM jobs WHERE id = ?", (self._job,)).fetchone()
        return (row and row["control"]) or ""

    def _beat(self) -> None:
        with queue.writing() as connection:
            connection.execute("UPDATE jobs SET heartbeat = ? WHERE id = ?", (time.time(), self._job))

    def _leave(self) -> None:
        with queue.writing() as connection:
            queue.end(connection, self._job, STOPPED[self.control])
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)


class Record:
    """Writes a run's progress to the job's rows.

    Args:
        job: its number.
        cells: the plan.
        stored: what was stored before, as `Store.stored` says it.
    """

    def __init__(self, job: int, cells: Sequence[Cell], stored: Mapping[Key, Mapping[int, int]]) -> None:
        self._job = job
        self._places: dict[Key, list[int]] = {}
        for place, cell in enumerate(cells):
            self._places.setdefault(cell.key, []).append(place)
        rows = [(job, place, *_described(cell, stored.get(cell.key, {}))) for place, cell in enumerate(cells)]
        with queue.writing() as connection:
            connection.execute("DELETE FROM job_cells WHERE job = ?", (job,))
            connection.executemany("INSERT INTO job_cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)
        self._connection = queue.connect()

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def __call__(self, state: Progress) -> None:
        with database.translated(queue.path()), database.transaction(self._connection):
            self._connection.execute(
                "UPDATE jobs SET total = ?, done = ?, cached = ?, failed = ?, rate = ?, seconds_left = ?, heartbeat = ? "
                "WHERE id = ?",
                (
                    state.total,
                    state.done,
                    state.cached,
                    state.failed,
                    state.images_per_second,
                    state.seconds_left,
                    time.time(),
                    self._job,
                ),
            )
            self._connection.executemany(
                "UPDATE job_cells SET done = done + 1 WHERE job = ? AND place = ?",
                [(self._job, place) for unit in state.finished for place in self._places[unit.cell.key]],
            )

    def failures(self, notes: Mapping[Key, Sequence[tuple[int, str]]]) -> None:
        """Write how many units of each condition have failed."""
        with database.translated(queue.path()), database.transaction(self._connection):
            self._connection.executemany(
                "UPDATE job_cells SET failed = ? WHERE job = ? AND place = ?",
                [(len(shards), self._job, place) for key, shards in notes.items() for place in self._places[key]],
            )


def _described(cell: Cell, stored: Mapping[int, int]) -> tuple[object, ...]:
    condition = cell.condition
    units = cell.units()
    done = sum(stored.get(unit.shard, 0) >= unit.n for unit in units)
    strength = None if condition.strength is None else str(condition.strength)
    return (
        cell.model.name,
        condition.kind,
        condition.name,
        condition.severity,
        strength,
        str(condition),
        len(units),
        done,
    )
