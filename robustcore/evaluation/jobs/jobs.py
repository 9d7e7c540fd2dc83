"""Jobs: evaluations, trainings and studies that run in a worker process of their own, independent of the page or the shell that asked for them.

    submit -> queued -> running -> finished
                           |-> paused, cancelled, interrupted (its process is gone), failed -> resume -> queued

A job's state is kept in `jobs.sqlite` under the cache. One worker process takes the queued jobs one after the other,
highest priority first, and ends when none is left. What a job computes lands in the results' store unit by unit, so that
a job that is resumed repeats nothing.
"""

from __future__ import annotations

import atexit
import dataclasses
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from robustcore import paths, processes
from robustcore.errors import JobError, RobustcoreError
from robustcore.evaluation.jobs import queue
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.evaluation.provenance import now
from robustcore.evaluation.request import EvaluationRequest
from robustcore.notes import Note

Request = EvaluationRequest | TrainingRequest | CommandRequest
KINDS = {EvaluationRequest: "evaluation", TrainingRequest: "training", CommandRequest: "study"}
ENDED = ("finished", "failed", "cancelled", "paused", "interrupted")
# The workers that this process started, kept until they are polled: an unreaped child process stays in the table.
_started: list[subprocess.Popen[bytes]] = []


@atexit.register
def _detach_workers() -> None:
    """Workers outlive this process on purpose; Python warns about running child processes otherwise."""
    for started in _started:
        if started.poll() is None:
            started.returncode = 0


@dataclasses.dataclass(frozen=True)
class JobStatus:
    """A job as it stands.

    Attributes:
        id: its number.
        title: one line for people.
        request: what was asked for; None where it cannot be read here: a training whose intervention came with a plug-in that is
            gone. The message then says so.
        state: queued, running, stopping, finished, failed, cancelled, paused or interrupted.
        priority: higher goes first.
        total, done, cached, failed: units; steps of a training; hundredths of a study. None before the worker has made the
            plan. `done` counts the cached ones.
        images_per_second, seconds_left: at the present pace; None before it is known.
        message: why it failed, or what went wrong with some of its units.
        created, began, ended: ISO 8601 in UTC; None before that.
        pid: of the process that works or worked on it.
        log: file with what that process printed.
        events: what happened that a person should know of, such as a device that ran out of memory; the latest last.
    """

    id: int
    title: str
    request: Request | None
    state: str
    priority: int
    total: int | None
    done: int | None
    cached: int | None
    failed: int | None
    images_per_second: float | None
    seconds_left: float | None
    message: str
    created: str
    began: str | None
    ended: str | None
    pid: int | None
    log: str | None
    events: tuple[Note, ...] = ()

    @property
    def kind(self) -> str:
        """What it is: "evaluation", "training" or "study". What cannot be read is a training, whose plug-in is gone."""
        return "training" if self.request is None else KINDS[type(self.request)]

    @property
    def progress(self) -> str:
        """How far it is, in its own units; "" before that is known."""
        if self.total is None:
            return ""
        if self.kind == "study":
            return f"{self.done} %"
        return f"{self.done or 0:,} of {self.total:,} {'steps' if self.kind == 'training' else 'units'}"

    @property
    def active(self) -> bool:
        """Whether it is queued or running."""
        return self.state not in ENDED


def submit(request: Request, *, priority: int = 0, here: bool = False) -> int:
    """Queue an evaluation, a training or a study and make sure that a worker runs; returns the job's number.

    Args:
        request: what to evaluate, to train or to study. Of an evaluation the conditions, limit and precision are checked here; models
            and dataset are loaded by the worker.
        priority: higher goes first.
        here: whether this process runs it itself, by `worker.run_job`; then it is not queued.
    """
    request = request.self_contained()
    with queue.writing() as connection:
        cursor = connection.execute(
            "INSERT INTO jobs (title, request, state, priority, created) VALUES (?, ?, 'queued', ?, ?)",
            (request.title, request.to_json(), priority, now()),
        )
        job = int(cursor.lastrowid or 0)
        if here:
            queue.begin(connection, job)
    if not here:
        ensure_worker()
    return job


def request_of(text: str) -> Request:
    """The request in a job's row."""
    fields = json.loads(text)
    if "study" in fields:
        return CommandRequest.from_dict(fields)
    return TrainingRequest.from_dict(fields) if "training" in fields else EvaluationRequest.from_json(text)


def status(job: int) -> JobStatus:
    """A job as it stands now."""
    with queue.reading() as connection:
        row = connection and connection.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        if not connection or not row:
            raise _unknown(job)
        return _status(row, queue.worker(connection) or queue.successor(connection))


def list_jobs(limit: int = 100) -> list[JobStatus]:
    """The newest jobs, newest first."""
    with queue.reading() as connection:
        if connection is None:
            return []
        worker = queue.worker(connection) or queue.successor(connection)
        rows = connection.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        return [_status(row, worker) for row in rows]


def cells(job: int) -> pd.DataFrame:
    """How far each model is under each condition: model, kind, name, severity, strength, condition (for people), and
    units total, done and failed. Empty before the worker has made the plan."""
    columns = ["model", "kind", "name", "severity", "strength", "condition", "total", "done", "failed"]
    with queue.reading() as connection:
        query = f"SELECT {', '.join(columns)} FROM job_cells WHERE job = ? ORDER BY place"
        rows = [] if connection is None else [tuple(row) for row in connection.execute(query, (job,))]
    return pd.DataFrame(rows, columns=columns).astype({"severity": "Int64", "strength": "string"})


def cancel(job: int, *, wait: float = 2.0) -> JobStatus:
    """Stop a job; what it finished is kept, and `resume` takes it up again.

    The worker looks for this between two batches and ends itself where a batch takes long; a process that has not
    stopped after `wait` seconds is ended from here.
    """
    return _stop(job, "cancel", wait)


def pause(job: int, *, wait: float = 2.0) -> JobStatus:
    """Stop a job for a while, and free its device; `resume` takes it up again."""
    return _stop(job, "pause", wait)


def resume(job: int) -> JobStatus:
    """Queue a job again that was cancelled, paused or interrupted, or that failed or has failed units: they are tried
    again, and nothing that is finished is repeated."""
    current = status(job)
    if current.state in ("running", "stopping"):
        raise JobError(f"Job {job} is running; there is nothing to resume.")
    with queue.writing() as connection:
        connection.execute(
            "UPDATE jobs SET state = 'queued', control = NULL, message = '', ended = NULL, pid = NULL, process = NULL, "
            "seconds_left = NULL, rate = NULL WHERE id = ?",
            (job,),
        )
    ensure_worker()
    return status(job)


def set_priority(job: int, priority: int) -> None:
    """Let a queued job go before or behind others: higher goes first."""
    with queue.writing() as connection:
        if connection.execute("UPDATE jobs SET priority = ? WHERE id = ?", (priority, job)).rowcount == 0:
            raise _unknown(job)


def remove(job: int) -> None:
    """Take a job that has ended out of the history; its results stay."""
    if status(job).active:
        raise JobError(f"Job {job} is {status(job).state}; cancel it before it is removed.")
    with queue.writing() as connection:
        connection.execute("DELETE FROM jobs WHERE id = ?", (job,))
        connection.execute("DELETE FROM job_cells WHERE job = ?", (job,))


def ensure_worker() -> int | None:
    """Start a worker process if jobs are queued and none is running; its pid, or None if none is needed.

    While another host's worker may be running, the process that is started here waits: it ends when that worker is
    heard of, and takes the queue over when it is silent for `queue.SILENCE_SECONDS`, so that the jobs go on within a minute.
    """
    for old in [p for p in _started if p.poll() is not None]:
        _started.remove(old)
    with queue.writing() as connection:
        worker = queue.worker(connection)
        if worker is not None and worker.here:
            return worker.pid
        if connection.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0] == 0:
            return None
        if worker is not None:
            queue.watch(connection)
            if (waiting := queue.successor(connection)) is not None:
                return waiting.pid
        # Inside the transaction, so that no other process starts a second worker meanwhile.
        started, log = _spawn()
        if worker is None:
            queue.set_worker(connection, queue.Process.of(started.pid), str(log))
        else:
            queue.set_successor(connection, queue.Process.of(started.pid), str(log))
        return started.pid


def _spawn() -> tuple[subprocess.Popen[bytes], Path]:
    """A worker process in a session of its own: it outlives this one, and a Ctrl-C meant for this one."""
    log = paths.writable_cache("logs") / f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    environment = {**os.environ, "ROBUSTCORE_CACHE": str(paths.cache())}
    with open(log, "ab") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "robustcore.evaluation.jobs.worker"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    _started.append(started)
    return started, log


def _stop(job: int, control: str, wait: float) -> JobStatus:
    ended = {"cancel": "cancelled", "pause": "paused"}[control]
    current = status(job)
    with queue.writing() as connection:
        # Decided by what the row says inside the transaction: the job may have begun or ended since.
        connection.execute("UPDATE jobs SET control = ? WHERE id = ? AND state = 'running'", (control, job))
        connection.execute(
            "UPDATE jobs SET state = ?, ended = ? WHERE id = ? AND state = 'queued'", (ended, now(), job)
        )
    deadline = time.monotonic() + wait
    while (current := status(job)).active and time.monotonic() < deadline:
        time.sleep(0.05)
    if current.state == "interrupted" or (current.active and _kill(job)):
        with queue.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, ended = ? WHERE id = ? AND state = 'running'", (ended, now(), job)
            )
    ensure_worker()
    return status(job)


def _kill(job: int) -> bool:
    """End the process that works on a job, if it is still that process; whether it has ended."""
    with queue.reading() as connection:
        row = connection and connection.execute("SELECT host, pid, process FROM jobs WHERE id = ?", (job,)).fetchone()
    process = queue.Process.in_row(row) if row else None
    if process is None or not process.here or not process.pid:
        return False
    for number in processes.end_signals():
        if not process.is_running():
            return True
        os.kill(process.pid, number)
        for _ in range(10):
            if not process.is_running():
                return True
            time.sleep(0.05)
    return not process.is_running()


def _status(row: sqlite3.Row, worker: queue.Process | None) -> JobStatus:
    request, unreadable = None, ""
    try:
        request = request_of(row["request"])
    except RobustcoreError as error:  # one job that cannot be read hides no other
        unreadable = str(error)
    return JobStatus(
        id=row["id"],
        title=row["title"],
        request=request,
        state=_state(row, worker),
        priority=row["priority"],
        total=row["total"],
        done=row["done"],
        cached=row["cached"],
        failed=row["failed"],
        images_per_second=row["rate"],
        seconds_left=row["seconds_left"],
        message=row["message"] or unreadable,
        created=row["created"],
        began=row["began"],
        ended=row["ended"],
        pid=row["pid"],
        log=row["log"],
        events=tuple(Note.from_dict(event) for event in json.loads(row["events"])),
    )


def _state(row: sqlite3.Row, worker: queue.Process | None) -> str:
    """The state in the row, corrected by which processes are running."""
    state = str(row["state"])
    if state == "queued" and worker is None:
        return "interrupted"  # its worker ended before it reached this job
    if state != "running":
        return state
    process = queue.Process.in_row(row)
    if process.here:
        is_running = process.is_running()
    else:
        is_running = process == worker or abs(time.time() - row["heartbeat"]) < queue.SILENCE_SECONDS
    if not is_running:
        return "interrupted"
    return "stopping" if row["control"] else "running"


def _unknown(job: int) -> JobError:
    return JobError(f"There is no job {job}. 'robustcore jobs ls' lists all.")
