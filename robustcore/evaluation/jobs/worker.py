"""The worker process: takes queued jobs, runs them, and ends when none is left.

Started by `jobs.ensure_worker` as `python -m robustcore.evaluation.jobs.worker`.
"""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator

import pandas as pd

from robustcore import memory, plugins, processes
from robustcore.errors import RobustcoreError
from robustcore.evaluation import api
from robustcore.evaluation.jobs import jobs, queue
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.command_run import run_command
from robustcore.evaluation.jobs.heartbeat import STOPPED, Heartbeat, WorkerBeat
from robustcore.evaluation.jobs.progress_recorder import ProgressRecorder
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.evaluation.jobs.training_run import run_training
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.store.store import Store
from robustcore.paths import printable


def main() -> int:
    """Work the queue off."""
    processes.lower_priority()  # the page stays quick while an evaluation uses every core
    memory.keep()
    if not became_worker():
        return 0
    with WorkerBeat():
        plugins.load_all()
        while (job := take()) is not None:
            try:
                _run(job)
            except RobustcoreError as error:  # also in the job's row
                print(f"job {job}: {error}", file=sys.stderr)
            except Exception:
                traceback.print_exc()
    return 0


def _run(job: int) -> None:
    """Run a job of any kind."""
    with _ended_on_error(job):
        request = _request(job)
        if isinstance(request, TrainingRequest):
            run_training(job, request)
            return
        if isinstance(request, CommandRequest):
            run_command(job, request)
            return
    run_job(job)


def _request(job: int) -> jobs.Request:
    with queue.writing() as connection:
        row = connection.execute("SELECT request FROM jobs WHERE id = ?", (job,)).fetchone()
    return jobs.request_of(row["request"])


@contextlib.contextmanager
def _ended_on_error(job: int) -> Iterator[None]:
    """The job's row says what went wrong."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        text = printable(str(error) if isinstance(error, RobustcoreError) else f"{type(error).__name__}: {error}")
        with queue.writing() as connection:
            queue.end(connection, job, "cancelled" if stopped else "failed", "" if stopped else text)
        raise


def became_worker(pause: float = 2.0) -> bool:
    """Whether this process works the queue off: at once where it was started as the worker. Where another host's worker
    may be running, after that one was silent for `queue.SILENCE_SECONDS`; False as soon as it is heard of, or nothing is queued.

    Args:
        pause: seconds between two looks.
    """
    heard = None
    while True:
        with queue.writing() as connection:
            worker = queue.worker(connection)
            if worker == queue.Process.own():
                return True
            if connection.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0] == 0:
                return False
            if worker is None:
                queue.succeed(connection, queue.Process.own())
                return True
            if worker.here:
                return False
            silence = queue.watch(connection)
            if heard is not None and silence < heard:
                return False  # it has counted up since the last look
            heard = silence
        time.sleep(pause)


def take() -> int | None:
    """The next job, marked as running in this process; None for a process that is no longer the worker, as one that was
    asleep. If there is no job, this process stops being the worker in the same transaction, so that no job is queued for
    a worker after its final poll."""
    with queue.writing() as connection:
        worker = queue.worker(connection)
        if worker is not None and worker != queue.Process.own():
            return None
        row = connection.execute(
            "SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, id LIMIT 1"
        ).fetchone()
        if row is None:
            queue.remove_worker(connection, queue.Process.own())
            return None
        queue.begin(connection, row["id"])
        return int(row["id"])


def run_job(job: int, progress: Callable[[Progress], None] | None = None) -> tuple[Summary, pd.DataFrame]:
    """Run a job that was begun in this process; its row then says how it ended.

    Args:
        job: its number.
        progress: called as `robustcore.evaluate` calls it, after the job's row is written.

    Returns:
        What it did, and the rows of `tables.table`.
    """
    heartbeat = Heartbeat(job)
    # The heartbeat ends before the row says so, which it would take for a job that another process has.
    with _ended_on_error(job), heartbeat:
        summary, table = _evaluate(job, heartbeat, progress)
    state = STOPPED.get(heartbeat.control, "cancelled") if summary.cancelled else "finished"
    message = "; ".join(f"{count} units failed: {why}" for why, count in summary.reasons.items())
    with queue.writing() as connection:
        queue.end(connection, job, state, message)
    return summary, table


def _evaluate(
    job: int, heartbeat: Heartbeat, progress: Callable[[Progress], None] | None
) -> tuple[Summary, pd.DataFrame]:
    request = _request(job)
    assert isinstance(request, EvaluationRequest)
    plugins.refresh()
    for problem in plugins.load(*request.plugins):
        print(problem, file=sys.stderr)  # a name that is missing for it says so too
    evaluation = api.prepare(request)
    with Store() as store:
        pending = evaluation.pending(store)
        with ProgressRecorder(job, pending) as recorder:

            def report(state: Progress) -> None:
                recorder(state)
                if progress is not None:
                    progress(state)

            summary = api.carry_out(evaluation, store, pending=pending, progress=report, cancelled=heartbeat.cancelled)
            recorder.failures(store.failures(evaluation.cells))
        return summary, api.table(evaluation, store)


if __name__ == "__main__":
    sys.exit(main())
