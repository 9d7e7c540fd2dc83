"""A Dask cluster: groups are computed by the workers of a scheduler that somebody started elsewhere.

The models travel to the workers; a dataset in a folder does not, and must lie under the same path on every machine.
Results come back to this process, which alone writes to the store. A worker that ends costs nothing but the groups that it
was at, which others compute; workers may join at any time. If this process ends, the scheduler forgets what is queued.
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
from robustcore.evaluation.run import work
from robustcore.evaluation.run.executors import Executor, Pool
from robustcore.evaluation.run.work import Answer, Station, Work

_CONNECT_SECONDS = 10.0
_COUNT_SECONDS = 2.0


def cluster(address: str) -> Executor:
    """An executor that sends groups to a Dask scheduler.

    Args:
        address: e.g. "tcp://10.0.0.5:8786", or the file that `dask scheduler --scheduler-file` writes.
    """

    @contextmanager
    def start(what: Work, groups: int, cancelled: threading.Event) -> Iterator[Pool]:
        client = _connect(address)
        run = f"robustcore-{uuid.uuid4().hex}"

        def stop() -> None:
            client.run(work.stop, run, on_error="ignore")

        try:
            # A task, not scattered data: the scheduler makes it anew where the workers that held it are gone.
            station = _quietly(client, Station, _packed(what), what.device, None, run)
            pool = client.get_executor(pure=False)

            def submit(group: Group) -> Future[Answer]:
                if client.status != "running":
                    raise JobError(f"The Dask scheduler at {address} has gone; what was finished is kept.")
                future: Future[Answer] = pool.submit(_compute, station, group)
                return future

            with work.when_set(cancelled, stop):
                yield Pool(submit, _Slots(client, address))
            if client.status == "running":
                client.run(work.clear, run, on_error="ignore")
        finally:
            client.close()

    return start


def _compute(station: Station, group: Group) -> Answer:
    return station.run(group)


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


def _packed(what: Work) -> bytes:
    # What was defined in a notebook goes along, as it does with everything that Dask sends.
    import cloudpickle  # comes with Dask

    return what.packed(cloudpickle.dumps)


def _quietly(client: Any, make: Any, *args: Any) -> Any:
    """A task; without the warning that its arguments are large, which is meant."""
    import dask

    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
        return client.submit(make, *args, pure=False)


class _Slots:
    """How many groups the workers take now; asked for every two seconds at most."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._asked = -_COUNT_SECONDS
        self._threads = 0
        self._said = False

    def __call__(self) -> int:
        if time.monotonic() - self._asked > _COUNT_SECONDS and self._client.status == "running":
            self._threads = sum(self._client.nthreads().values())
            self._asked = time.monotonic()
            if not self._threads and not self._said:
                print(
                    f"The Dask scheduler at {self._address} has no worker yet; the evaluation waits.", file=sys.stderr
                )
            self._said = not self._threads
        return max(1, self._threads)
