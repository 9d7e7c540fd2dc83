"""Train and test the models of an atlas. What is trained or tested already is not done again.

The models are trained one by one, or side by side in processes of their own; a training that was interrupted goes on after its
last whole epoch. All are tested together afterwards, since images are then decoded and corrupted once for all models; what is
tested lands unit by unit in the store of results.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from multiprocessing.queues import SimpleQueue

import pandas as pd
import torch

from robustcore import devices as devices_
from robustcore.atlas.plan import Member, Plan
from robustcore.errors import JobError
from robustcore.evaluation import api
from robustcore.evaluation.run import executors
from robustcore.evaluation.run.runner import Progress as Evaluated
from robustcore.evaluation.store.store import Store
from robustcore.models import load_model
from robustcore.processes import cores, exit_with_parent
from robustcore.training import runs
from robustcore.training.loop import Progress as Trained


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far an atlas is.

    Attributes:
        stage: "training" or "testing".
        done, total: models, those of before among them (a fraction is a training that is running); or units of the evaluation.
        seconds_left: of the stage, at this run's pace; None before the first step.
        text: what is being done, for people.
    """

    stage: str
    done: float
    total: int
    seconds_left: float | None
    text: str


Report = Callable[[Progress], None]


def run(
    plan: Plan,
    *,
    device: str = "auto",
    devices: Sequence[str] = (),
    scheduler: str = "",
    store: Store | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Train what is missing, test what is missing, and give the table of accuracies.

    Args:
        plan: what.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps", for one model after the other in this process.
        devices: instead, one process for each of them; "cpu" may be named more than once.
        scheduler: of a Dask cluster, for the testing.
        store: of results; default the one under the cache.
        progress: called after every step of a training in this process, every finished model, every tested group.

    Returns:
        `Plan.table`; attrs["summary"] has the numbers of units computed, cached and failed.

    Raises:
        RobustcoreError: something in the plan cannot be had; a training that had to stop. What was finished is kept.
    """
    members = plan.members()
    train(plan.starts(), device=device, devices=devices, progress=progress)
    train(members, device=device, devices=devices, progress=progress)
    models = [load_model(member.path) for member in members]

    def report(now: Evaluated) -> None:
        if progress is not None:
            text = f"{now.images_per_second:,.0f} images/s" + (f"  {now.failed} failed" if now.failed else "")
            progress(Progress("testing", now.done + now.failed, now.total, now.seconds_left, text))

    evaluated = api.evaluate(
        models,
        plan.dataset(),
        plan.conditions(),
        device=device,
        store=store,
        precision=plan.precision,
        executor=executors.of(devices, scheduler),
        progress=report,
    )
    table = plan.table(evaluated, {model.card.name: member for model, member in zip(models, members, strict=True)})
    table.attrs["summary"] = evaluated.attrs["summary"]
    return table


def train(
    members: Sequence[Member], *, device: str = "auto", devices: Sequence[str] = (), progress: Report | None = None
) -> None:
    """Train the models that are not there yet."""
    missing = [member for member in members if not member.is_there()]
    reporter = _Reporter(len(members), len(members) - len(missing), progress)
    if devices and missing:
        _side_by_side(missing, [str(devices_.pick(each)) for each in devices], reporter)
        return
    for member in missing:
        member.path.parent.mkdir(parents=True, exist_ok=True)
        runs.fit(member.recipe, output=member.path, device=device, progress=reporter.step_of(member), resume=True)
        reporter.finished(member)


class _Reporter:
    """Turns what trainings report into an atlas' progress."""

    def __init__(self, total: int, before: int, progress: Report | None) -> None:
        self._total, self._before, self._done, self._progress = total, before, 0, progress
        self._began = time.monotonic()

    def step_of(self, member: Member) -> Callable[[Trained], None]:
        def step(now: Trained) -> None:
            # Not whole after the last step: the accuracy is measured and the checkpoint written after it.
            self._report(
                now.step / (now.steps + 1), f"{_named(member)}  epoch {now.epoch}/{now.epochs}  loss {now.loss:.3f}"
            )

        return step

    def finished(self, member: Member) -> None:
        self._done += 1
        self._report(0.0, _named(member))

    def _report(self, part: float, text: str) -> None:
        if self._progress is None:
            return
        done = self._done + part
        rest = self._total - self._before - done
        left = (time.monotonic() - self._began) * rest / done if done else None
        self._progress(Progress("training", self._before + done, self._total, left, text))


def _named(member: Member) -> str:
    return member.trained_on + (f" (seed {member.recipe.seed})" if member.recipe.seed else "")


def _side_by_side(missing: Sequence[Member], devices: Sequence[str], reporter: _Reporter) -> None:
    """Each device has a process, which trains one model after the other."""
    context = multiprocessing.get_context("spawn")
    free: SimpleQueue[str] = context.SimpleQueue()
    for device in devices:
        free.put(device)
    threads = max(1, cores() // len(devices))
    pool = ProcessPoolExecutor(len(devices), context, _set_up, (free, threads))
    try:
        futures = {pool.submit(_fit, member): member for member in missing}
        for future in as_completed(futures):
            future.result()
            reporter.finished(futures[future])
    except BrokenExecutor as error:
        raise JobError(
            "A process that trained a model ended; it may lack memory. What was finished is kept: the same command goes on."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_device = "auto"  # of this process, where it is one of `_side_by_side`


def _set_up(free: SimpleQueue[str], threads: int) -> None:
    global _device
    _device = free.get()
    torch.set_num_threads(threads)
    exit_with_parent()


def _fit(member: Member) -> None:
    member.path.parent.mkdir(parents=True, exist_ok=True)
    runs.fit(member.recipe, output=member.path, device=_device, resume=True)
