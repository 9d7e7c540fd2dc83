"""Executors: where groups of units are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import cv2
import torch

from robustcore.evaluation import resources
from robustcore.evaluation.plan import Group
from robustcore.evaluation.runner import Outcome, Submit
from robustcore.evaluation.session import Session

# Called with a session and the number of groups that there are about; gives (submit, number of groups at once).
Executor = Callable[[Session, int], AbstractContextManager[tuple[Submit, int]]]


@contextmanager
def threads(session: Session, groups: int) -> Iterator[tuple[Submit, int]]:
    """Threads of this process; gives (submit, number of groups at once) for about that many groups.

    torch and OpenCV release the interpreter while they compute. Each thread gets its share of the cores, so that the
    operations inside do not fight over them; what was set before is restored.
    """
    count, inside = resources.workers(session.device, groups)
    before, before_cv = torch.get_num_threads(), cv2.getNumThreads()

    def settle() -> None:
        torch.set_num_threads(inside)
        cv2.setNumThreads(inside)

    pool = ThreadPoolExecutor(count, thread_name_prefix="evaluation", initializer=settle)

    def submit(group: Group) -> Future[list[Outcome]]:
        return pool.submit(session.run, group)

    try:
        yield submit, count
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(before)
        cv2.setNumThreads(before_cv)
