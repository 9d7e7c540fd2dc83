"""A training job in the worker: its progress in the job's row, and cancelling between two steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from robustcore import plugins
from robustcore.errors import TrainingError
from robustcore.evaluation.jobs import queue
from robustcore.evaluation.jobs.heartbeat import STOPPED, Heartbeat
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.training import Fitted, Progress, runs

_SECONDS = 0.5  # between two writes of the progress


def run_training(job: int, request: TrainingRequest) -> Fitted | None:
    """Train, or go on with an interrupted training of the same recipe; the job's row says how far it is and how it ended.

    Raises:
        TrainingError: a model of the same name is there that another recipe made, and the request does not replace it; or as
            `runs.fit`.

    Returns:
        The model; None if the training was cancelled or paused: it goes on after its last complete epoch.
    """
    plugins.refresh()
    for problem in plugins.load(*request.plugins):
        print(problem, file=sys.stderr)
    if not request.replaces:  # it may have been written while the job was queued
        runs.check_free(
            runs.default_output(request.recipe),
            request.recipe,
            "train with 'robustcore train' and an --output of its own, or remove that model",
        )
    heartbeat = Heartbeat(job)
    fitted = None
    with heartbeat:
        try:
            fitted = runs.fit(
                request.recipe,
                device=request.device,
                progress=_recorded(job),
                cancelled=heartbeat.cancelled.is_set,
                resume=True,
            )
        except TrainingError:
            if not heartbeat.cancelled.is_set():
                raise
    with queue.writing() as connection:
        queue.end(connection, job, "finished" if fitted else STOPPED.get(heartbeat.control, "cancelled"))
    return fitted


def _recorded(job: int) -> Callable[[Progress], None]:
    last = 0.0

    def record(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last < _SECONDS and not now.ends_epoch:
            return
        last = time.monotonic()
        with queue.writing() as connection:
            if queue.is_held(connection, job):
                connection.execute(
                    "UPDATE jobs SET total = ?, done = ?, cached = 0, failed = 0, rate = ?, seconds_left = ?, heartbeat = ? "
                    "WHERE id = ?",
                    (now.steps, now.step, now.images_per_second, now.seconds_left, time.time(), job),
                )

    return record
