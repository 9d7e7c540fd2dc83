"""Executors: where groups of units are computed. Threads of this process are here; `of` finds the others."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import cv2
import torch

from robustcore.evaluation.plan import Group
from robustcore.evaluation.run import resources
from robustcore.evaluation.run.work import Answer, Work, answer


@dataclasses.dataclass(frozen=True)
class Pool:
    """An executor that is running.

    Attributes:
        submit: starts a group.
        slots: how many groups are worked on at once, now: machines may come and go.
    """

    submit: Callable[[Group], Future[Answer]]
    slots: Callable[[], int]


# Called with the work, the number of groups that there are about, and an event that is set to stop between two batches.
Executor = Callable[[Work, int, threading.Event], AbstractContextManager[Pool]]


def of(devices: Sequence[str] = (), scheduler: str = "") -> Executor:
    """The executor that a request asks for.

    Args:
        devices: one process for each of them; none for threads of this process.
        scheduler: the address, or the scheduler file, of a Dask cluster.
    """
    if scheduler:
        from robustcore.evaluation.run.cluster import cluster

        return cluster(scheduler)
    if devices:
        from robustcore.evaluation.run.local_processes import processes

        return processes(devices)
    return threads


@contextmanager
def nowhere(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
    """For an evaluation of which everything is stored: no device is touched, and no cluster asked."""

    def submit(group: Group) -> Future[Answer]:
        raise AssertionError("nothing was pending")

    yield Pool(submit, lambda: 1)


@contextmanager
def threads(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
    """Threads of this process.

    torch and OpenCV release the interpreter while they compute. Each thread gets its share of the cores, so that the
    operations inside do not fight over them; what was set before is restored.
    """
    session = work.session(cancelled)
    count, inside = resources.workers(session.device, groups)
    before, before_cv = torch.get_num_threads(), cv2.getNumThreads()

    def settle() -> None:
        torch.set_num_threads(inside)
        cv2.setNumThreads(inside)

    pool = ThreadPoolExecutor(count, thread_name_prefix="evaluation", initializer=settle)
    try:
        yield Pool(lambda group: pool.submit(answer, session, group), lambda: count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(before)
        cv2.setNumThreads(before_cv)
