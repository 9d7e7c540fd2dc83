"""Writes how far a job is to the queue's file, where pages and commands read it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from robustcore.evaluation.jobs import queue
from robustcore.evaluation.plan import Cell, Key, Pending
from robustcore.evaluation.run.runner import Progress
from robustcore.evaluation.store import database


class ProgressRecorder:
    """Writes a run's progress to the job's rows.

    Args:
        job: its number.
        pending: the plan, and what was stored of it before.
    """

    def __init__(self, job: int, pending: Pending) -> None:
        self._job = job
        self._places: dict[Key, list[int]] = {}
        for place, cell in enumerate(pending.cells):
            self._places.setdefault(cell.key, []).append(place)
        rows = [(job, place, *_row(cell, pending.stored.get(cell.key, {}))) for place, cell in enumerate(pending.cells)]
        with queue.writing() as connection:
            connection.execute("DELETE FROM job_cells WHERE job = ?", (job,))
            connection.executemany("INSERT INTO job_cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)
        self._connection = queue.connect()
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> ProgressRecorder:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def __call__(self, state: Progress) -> None:
        with database.translated(queue.path()), database.transaction(self._connection):
            if not queue.is_held(self._connection, self._job):
                return  # another process has taken the job up, and counts for it
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
            if state.events:
                self._events += [event.to_dict() for event in state.events]
                self._connection.execute(
                    "UPDATE jobs SET events = ? WHERE id = ?", (json.dumps(self._events), self._job)
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


def _row(cell: Cell, stored: Mapping[int, int]) -> tuple[object, ...]:
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
