"""Threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import cv2
import torch

from robustcore.evaluation.run import resources
from robustcore.evaluation.run.executors.base import Pool
from robustcore.evaluation.run.work import Work, compute


@contextmanager
def thread_executor(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
    """An executor with threads of this process.

    torch and OpenCV release the interpreter while they compute. Each thread gets its share of the cores, so that the
    operations inside do not compete for them; the previous settings are restored at the end.
    """
    scorer = work.scorer(cancelled)
    count, inside = resources.workers(scorer.device, groups)
    torch_before, cv2_before = torch.get_num_threads(), cv2.getNumThreads()

    def set_threads() -> None:
        torch.set_num_threads(inside)
        cv2.setNumThreads(inside)

    pool = ThreadPoolExecutor(count, thread_name_prefix="evaluation", initializer=set_threads)
    try:
        yield Pool(lambda group: pool.submit(compute, scorer, group), lambda: count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(torch_before)
        cv2.setNumThreads(cv2_before)
