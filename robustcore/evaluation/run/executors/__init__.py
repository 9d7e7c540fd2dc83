"""Executors: where groups of units are computed. `of` gives the one for a request."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.evaluation.run.executors.base import Executor, Pool
from robustcore.evaluation.run.executors.cluster import cluster_executor
from robustcore.evaluation.run.executors.local_processes import process_executor
from robustcore.evaluation.run.executors.threads import thread_executor

__all__ = ["Executor", "Pool", "cluster_executor", "of", "process_executor", "thread_executor"]


def of(devices: Sequence[str] = (), scheduler: str = "") -> Executor:
    """The executor for these devices or this scheduler.

    Args:
        devices: one process for each of them; none for threads of this process.
        scheduler: the address, or the scheduler file, of a Dask cluster.
    """
    if scheduler:
        return cluster_executor(scheduler)
    if devices:
        return process_executor(devices)
    return thread_executor
