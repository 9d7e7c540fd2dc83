"""A study in the worker: how far its command says it is in the job's row, and cancelling when it says so next."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable

from robustcore import plugins, progress
from robustcore.errors import JobError
from robustcore.evaluation.jobs import queue
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.heartbeat import STOPPED, Heartbeat

# The command line comes after this package: it is named here, and found when a study runs.
_COMMAND_LINE = "robustcore.cli"
_SECONDS = 0.5  # between two writes of the progress


def run_command(job: int, request: CommandRequest) -> None:
    """Run a study's command; what it prints is in the job's log, its result in the file that its arguments name.

    Raises:
        RobustcoreError: what the command raises; JobError where its arguments are not understood, or parts of it failed.
    """
    plugins.refresh()
    for problem in plugins.load(*request.plugins):
        print(problem, file=sys.stderr)
    main = importlib.import_module(_COMMAND_LINE).main
    heartbeat = Heartbeat(job)
    try:
        # Errors are raised, so that they stand in the job's row.
        with heartbeat, progress.watched(_recorded(job, heartbeat)):
            status = main(["--debug", *request.arguments])
    except SystemExit as end:
        raise JobError(
            "The study's command was not understood; what is wrong with it stands in the job's log."
        ) from end
    stopped = heartbeat.cancelled.is_set()
    if status and not stopped:
        raise JobError("Parts of the study failed; what went wrong stands in the job's log. Continue tries them again.")
    with queue.writing() as connection:
        if not stopped:
            connection.execute("UPDATE jobs SET total = 100, done = 100 WHERE id = ?", (job,))
        queue.end(connection, job, STOPPED.get(heartbeat.control, "cancelled") if stopped else "finished")


def _recorded(job: int, heartbeat: Heartbeat) -> Callable[[float, float, str], None]:
    last = 0.0

    def record(done: float, total: float, text: str) -> None:
        nonlocal last
        if heartbeat.cancelled.is_set():
            raise KeyboardInterrupt
        if time.monotonic() - last < _SECONDS or not total:
            return
        last = time.monotonic()
        with queue.writing() as connection:
            if queue.is_held(connection, job):
                connection.execute(
                    "UPDATE jobs SET total = 100, done = ?, cached = 0, failed = 0, heartbeat = ? WHERE id = ?",
                    (int(100 * done / total), time.time(), job),
                )

    return record
