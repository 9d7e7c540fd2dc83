"""A Dask cluster: groups are computed by the workers of a scheduler that was started elsewhere.

The models travel to the workers; a dataset in a folder does not, and must have the same path on every machine.
Results come back to this process, which alone writes to the store. A worker that ends costs only the groups it was
computing, which others compute again; workers may join at any time. If this process ends, the scheduler drops its queue.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustcore.errors import JobError, MissingExtraError
from robustcore.evaluation.plan import Group
from robustcore.evaluation.run.executors import remote_scorer
from robustcore.evaluation.run.executors.base import Executor, Pool, call_when_set
from robustcore.evaluation.run.executors.remote_scorer import RemoteScorer
from robustcore.evaluation.run.work import GroupResult, Work

_CONNECT_SECONDS = 10.0
_COUNT_SECONDS = 2.0


def cluster_executor(address: str) -> Executor:
    """An executor that sends groups to a Dask scheduler.

    Args:
        address: e.g. "tcp://10.0.0.5:8786", or the file that `dask scheduler --scheduler-file` writes.
    """

    @contextmanager
    def start(work: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
        client = _connect(address)
        run = f"robustcore-{uuid.uuid4().hex}"

        def stop() -> None:
            client.run(remote_scorer.stop, run, on_error="ignore")

        try:
            # A task, not scattered data: the scheduler makes it again if the workers that held it are gone.
            scorer = _submit_quietly(client, RemoteScorer, _to_bytes(work), work.device, None, run)
            pool = client.get_executor(pure=False)

            def submit(group: Group) -> Future[GroupResult]:
                if client.status != "running":
                    raise JobError(f"The Dask scheduler at {address} has gone; what was finished is kept.")
                future: Future[GroupResult] = pool.submit(_run, scorer, group)
                return future

            with call_when_set(cancelled, stop):
                yield Pool(submit, _Slots(client, address))
            if client.status == "running":
                client.run(remote_scorer.clear, run, on_error="ignore")
        finally:
            client.close()

    return start


def _run(scorer: RemoteScorer, group: Group) -> GroupResult:
    return scorer.run(group)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError("distributed", "cluster", "A Dask cluster") from error
    is_file = Path(address).is_file()
    try:
        return Client(
            **({"scheduler_file": address} if is_file else {"address": address}),
            timeout=_CONNECT_SECONDS,
            set_as_default=False,
            name="robustcore",
        )
    except (OSError, ValueError, KeyError) as error:
        raise JobError(
            f"No Dask scheduler answers at {address}. Give its address (tcp://HOST:8786) or its scheduler file, "
            "and start it with: dask scheduler"
        ) from error


def _to_bytes(work: Work) -> bytes:
    # Classes defined in a notebook go along, as with everything that Dask sends.
    import cloudpickle  # comes with Dask

    return work.to_bytes(cloudpickle.dumps)


def _submit_quietly(client: Any, function: Any, *args: Any) -> Any:
    """A task, without Dask's warning that its arguments are large: they are, on purpose."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
        return client.submit(function, *args, pure=False)


class _Slots:
    """How many groups the workers take at this moment; the scheduler is asked every two seconds at most."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._counted_at = -_COUNT_SECONDS
        self._threads = 0
        self._reported = False

    def __call__(self) -> int:
        if time.monotonic() - self._counted_at > _COUNT_SECONDS and self._client.status == "running":
            self._threads = sum(self._client.nthreads().values())
            self._counted_at = time.monotonic()
            if not self._threads and not self._reported:
                print(
                    f"The Dask scheduler at {self._address} has no worker yet; the evaluation waits.", file=sys.stderr
                )
            self._reported = not self._threads
        return max(1, self._threads)
