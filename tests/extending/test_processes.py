"""The processes that compute load the plug-ins of the one that asks: a worker, local processes, Dask."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import robustcore as rc
from robustcore import plugins, processes
from robustcore.evaluation.jobs import jobs, queue
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.executors.local_processes import process_executor

REQUEST = EvaluationRequest(("stripes/gradients",), "stripes", ("salt",), severities=(5,), limit=16, device="cpu")


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """No worker outlives its test."""
    yield
    with queue.reading() as connection:
        row = connection and connection.execute("SELECT pid, process FROM worker").fetchone()
    if row and row["pid"] != os.getpid() and processes.is_alive(row["pid"], row["process"]):
        os.kill(row["pid"], signal.SIGKILL)


def finished(job: int, seconds: float = 180) -> jobs.JobStatus:
    deadline = time.monotonic() + seconds
    while jobs.status(job).active:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return jobs.status(job)


@pytest.mark.slow
def test_a_worker_loads_them_and_says_which_one_is_missing(files: dict[str, Path]) -> None:
    plugins.load(files["dataset"], files["model"], files["corruption"])
    job = jobs.submit(REQUEST)
    assert finished(job).state == "finished"
    assert jobs.status(job).request.plugins == tuple(str(files[k]) for k in ("dataset", "model", "corruption"))
    assert f"--plugin {files['corruption']}" in jobs.status(job).request.command
    table = rc.evaluation.lookup("stripes/gradients", "stripes", ["salt"], severities=[5], limit=16)
    assert (table["n"] == 16).all()
    files["corruption"].unlink()
    jobs.resume(job)
    status = finished(job)
    assert status.state == "failed"
    assert str(files["corruption"]) in status.message
    assert "no such file" in status.message


@pytest.mark.slow
def test_local_processes_load_them(files: dict[str, Path]) -> None:
    plugins.load(files["dataset"], files["model"], files["corruption"])
    table = rc.evaluate(
        "stripes/gradients", "stripes", ["salt"], severities=[5], limit=16, executor=process_executor(["cpu"])
    )
    assert (table["n"] == 16).all()


@pytest.mark.slow
def test_dask_workers_load_them(files: dict[str, Path]) -> None:
    distributed = pytest.importorskip("distributed")
    from robustcore.evaluation.run.executors.cluster import cluster_executor

    # Workers that were started without any plug-in, as on another machine.
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(
            distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None)
        )
        plugins.load(files["dataset"], files["model"], files["corruption"])
        table = rc.evaluate(
            "stripes/gradients",
            "stripes",
            ["salt"],
            severities=[5],
            limit=16,
            executor=cluster_executor(cluster.scheduler_address),
        )
    assert (table["n"] == 16).all()
