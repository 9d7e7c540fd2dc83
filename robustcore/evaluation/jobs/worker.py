"""The worker process: takes queued jobs, runs them, and ends when none is left.

Started by `jobs.ensure_worker` as `python -m robustcore.evaluation.jobs.worker`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable

import pandas as pd

from robustcore import memory
from robustcore.errors import RobustcoreError
from robustcore.evaluation import api, tables
from robustcore.evaluation.jobs import queue
from robustcore.evaluation.jobs.heartbeat import STOPPED, Heartbeat, Record
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run import executors
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.store.store import Store


def main() -> int:
    """Work the queue off."""
    with contextlib.suppress(OSError):
        os.nice(5)  # the page stays quick while an evaluation uses every core
    memory.keep()
    while (job := _take()) is not None:
        try:
            run_job(job)
        except RobustcoreError as error:  # the job's row says it too
            print(f"job {job}: {error}", file=sys.stderr)
        except Exception:
            traceback.print_exc()
    return 0


def _take() -> int | None:
    """The next job, marked as running in this process. Without one this process is the worker no more, which is decided
    in the same transaction, so that no job is queued behind a worker that has looked its last."""
    with queue.writing() as connection:
        row = connection.execute(
            "SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, id LIMIT 1"
        ).fetchone()
        if row is None:
            connection.execute("DELETE FROM worker WHERE pid = ?", (os.getpid(),))
            return None
        queue.begin(connection, row["id"])
        return int(row["id"])


def run_job(job: int, progress: Callable[[Progress], None] | None = None) -> tuple[Summary, pd.DataFrame]:
    """Run a job that was begun in this process, to its end, which its row then tells, whatever it is.

    Gives what it did, and the table as `robustcore.evaluate` gives it.

    Args:
        job: its number.
        progress: called as `robustcore.evaluate` calls it, beside what is written to the job's row.
    """
    with Heartbeat(job) as heart:
        try:
            summary, table = _evaluate(job, heart, progress)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            text = str(error) if isinstance(error, RobustcoreError) else f"{type(error).__name__}: {error}"
            with queue.writing() as connection:
                queue.end(connection, job, "cancelled" if stopped else "failed", "" if stopped else text)
            raise
        state = STOPPED.get(heart.control, "cancelled") if summary.cancelled else "finished"
        message = "; ".join(f"{count} units failed: {why}" for why, count in summary.reasons.items())
        with queue.writing() as connection:
            queue.end(connection, job, state, message)
        return summary, table


def _evaluate(job: int, heart: Heartbeat, progress: Callable[[Progress], None] | None) -> tuple[Summary, pd.DataFrame]:
    with queue.writing() as connection:
        row = connection.execute("SELECT request FROM jobs WHERE id = ?", (job,)).fetchone()
    request = EvaluationRequest.from_json(row["request"])
    prepared = api.prepare(**request.arguments())
    with Store() as store, Record(job, prepared.cells, store.stored(prepared.cells)) as record:

        def report(state: Progress) -> None:
            record(state)
            if progress is not None:
                progress(state)

        summary = api.carry_out(
            prepared,
            store,
            device=request.device,
            executor=executors.of(request.devices, request.scheduler),
            progress=report,
            cancelled=heart.cancelled,
            command=request.command,
        )
        record.failures(store.failures(prepared.cells))
        return summary, tables.table(prepared.cells, store)


if __name__ == "__main__":
    sys.exit(main())
