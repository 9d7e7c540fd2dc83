"""Executors: wherever units are computed, and whoever is killed meanwhile, the results are the same and counted once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.errors import InvalidArgumentError, JobError
from robustcore.evaluation import Progress, Store, api
from robustcore.evaluation.plan import pending
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run import executors, resources
from robustcore.evaluation.run.executors import cluster, local_processes, remote_scorer
from robustcore.evaluation.run.executors.remote_scorer import RemoteScorer
from robustcore.evaluation.run.scorer import Cancelled, Failure
from robustcore.evaluation.run.work import Work
from robustcore.evaluation.store.store import Result

Make = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[3]
SUITE = "imagenet-c-extra"


def contents(path: Path) -> list[tuple[Any, ...]]:
    """Everything that a results file holds of each unit, but for when and where it was computed."""
    connection = sqlite3.connect(path)
    result = connection.execute(
        "SELECT conditions.canonical, models.name, shard, units.n, units.correct, units.top5, units.confidence, data "
        "FROM units JOIN cells ON cells.id = units.cell JOIN conditions ON conditions.id = cells.condition "
        "JOIN models ON models.id = cells.model JOIN predictions USING (cell, shard) ORDER BY 1, 2, 3"
    ).fetchall()
    connection.close()
    return result


@pytest.fixture
def evaluate(
    make_dataset: Make, make_model: Make, tmp_path: Path
) -> Callable[..., tuple[dict[str, Any], list[tuple[Any, ...]]]]:
    """Two models under a suite on 600 images, computed by an executor; what it did, and what is stored then."""

    def run(executor: executors.Executor, **more: Any) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
        store = Store(tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite", shipped=False)
        with store:
            models = [make_model("a"), make_model("b", 0.1)]
            table = rc.evaluate(models, make_dataset(600), SUITE, store=store, executor=executor, **more)
        return table.attrs["summary"], contents(store.path)

    return run


def once(what: Callable[[], None], after: int) -> Callable[[Progress], None]:
    """A progress callback that does something once, when so many units are done."""
    done = []

    def report(state: Progress) -> None:
        if state.done >= after and not done:
            done.append(True)
            what()

    return report


# Processes of this machine


def test_processes_find_what_threads_find_though_one_is_killed(evaluate: Make) -> None:
    def kill() -> None:
        pid = multiprocessing.active_children()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    here, expected = evaluate(executors.thread_executor)
    there, result = evaluate(executors.of(devices=("cpu", "cpu")), progress=once(kill, after=20))
    assert (there["computed"], there["repeated"], there["failed"]) == (here["total"], 0, 0)
    assert result == expected
    assert multiprocessing.active_children() == []


class Deadly(nn.Module):
    """A network that ends its process on a whole batch, as one does for which there is no memory."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return x.mean((2, 3)) * self.weight


@pytest.mark.slow
def test_a_unit_that_ends_its_process_every_time_is_a_failure(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_processes, "_TRIES", 2)
    model = make_model("deadly", network=Deadly())
    table = rc.evaluate(model, make_dataset(10), "clean", executor=executors.of(devices=("cpu",)))
    assert "The process for cpu ended 2 times" in table["reason"][0]


def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, os, signal\n"
        "from robustcore.evaluation.run.executors.local_processes import _Manager\n"
        "from robustcore.processes import exit_with_parent\n"
        "if __name__ == '__main__':\n"
        "    manager = _Manager(ctx=multiprocessing.get_context('spawn'))\n"
        "    manager.start(exit_with_parent)\n"
        "    print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    child = Path(f"/proc/{int(ended.stdout)}")
    deadline = time.monotonic() + 30
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < deadline, "the process is still there"
        time.sleep(0.05)


def test_devices_that_are_not_there_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="auto, cpu, cuda, cuda:N or mps"):
        executors.of(devices=("cpu", "gpu"))
    with pytest.raises(InvalidArgumentError, match="leave out one"):
        EvaluationRequest(("m",), "scenes", ("fog",), devices=("cpu",), scheduler="tcp://127.0.0.1:8786").resolved()


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "cores", lambda: 16)
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert resources.workers(cpu, 100) == (8, 2)
    assert resources.workers(cpu, 100, processes=4) == (4, 1)
    assert resources.workers(cuda, 100, processes=4) == (2, 2)


# A scorer in another process


@pytest.fixture
def remote(make_dataset: Make, make_model: Make) -> tuple[RemoteScorer, list[Any]]:
    """A remote scorer, and the groups of its plan."""
    prepared = api.prepare(EvaluationRequest.of(make_model(), make_dataset(100), SUITE))
    payload = Work(prepared.models, {}, prepared.dataset).to_bytes()
    return RemoteScorer(payload, "cpu", 1, "run"), pending(prepared.cells, {}).groups


def test_a_remote_scorer_says_where_and_with_what_it_computed(remote: tuple[RemoteScorer, list[Any]]) -> None:
    result = remote[0].run(remote[1][0])
    assert [type(o) for o in result.outcomes] == [Result]
    assert result.device == "cpu"
    assert "torch" in result.versions


def test_a_remote_scorer_that_is_stopped_computes_no_further_batch(remote: tuple[RemoteScorer, list[Any]]) -> None:
    remote_scorer.stop("another run")
    remote[0].run(remote[1][0])
    remote_scorer.stop("run")
    with pytest.raises(Cancelled):
        remote[0].run(remote[1][0])


def test_another_version_of_an_operation_computes_nothing(
    remote: tuple[RemoteScorer, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_scorer.operations, "fingerprint", lambda condition: "of another release")
    (failure,) = remote[0].run(remote[1][0]).outcomes
    assert isinstance(failure, Failure)
    assert "install the same release" in failure.reason


def test_what_cannot_be_sent_is_one_sentence(make_dataset: Make, make_model: Make) -> None:
    model = make_model()
    model.hook = lambda x: x
    with pytest.raises(JobError, match="define their classes in a module"):
        Work({"f": model}, {}, make_dataset(1)).to_bytes()


# Dask


def dask(*words: str) -> subprocess.Popen[bytes]:
    """A scheduler or a worker, which finds the classes of these tests."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A scheduler's file."""
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    started = dask("scheduler", "--port", "0", "--scheduler-file", str(file))
    try:
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline, "no scheduler"
            time.sleep(0.05)
        yield file
    finally:
        started.kill()
        started.wait()


@pytest.fixture(scope="module")
def workers(scheduler: Path) -> Iterator[Callable[[int], list[subprocess.Popen[bytes]]]]:
    """`workers(2)`: two running workers of one thread each. One that a test has left alive serves the next."""
    started: list[subprocess.Popen[bytes]] = []

    def running(count: int) -> list[subprocess.Popen[bytes]]:
        flags = ("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--death-timeout", "60")
        alive = [process for process in started if process.poll() is None]
        for _ in range(count - len(alive)):
            local = str(scheduler.parent / f"worker-{len(started)}")
            started.append(dask("worker", "--scheduler-file", str(scheduler), "--local-directory", local, *flags))
            alive.append(started[-1])
        return alive

    yield running
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_dask_finds_what_threads_find_though_a_worker_is_killed(evaluate: Make, scheduler: Path, workers: Make) -> None:
    from distributed import Client

    killed, _ = workers(2)
    here, expected = evaluate(executors.thread_executor)
    with Client(scheduler_file=str(scheduler), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    kill = once(killed.kill, after=20)
    there, result = evaluate(executors.of(scheduler=str(scheduler)), progress=kill)
    assert killed.wait(10) == -signal.SIGKILL
    assert (there["computed"], there["repeated"], there["failed"]) == (here["total"], 0, 0)
    assert result == expected


class Sleeping(nn.Module):
    """A network that takes its time, and writes down each batch that it begins."""

    def __init__(self, log: str) -> None:
        super().__init__()
        self.log = log
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 8:  # not the probe images, which the process that asks shows it
            with open(self.log, "a") as file:
                file.write(".")
            time.sleep(0.5)
        return torch.stack([x.mean(dim=(1, 2, 3)), -x.mean(dim=(1, 2, 3)), self.weight.expand(len(x))], dim=1)


@pytest.mark.slow
def test_a_cancelled_evaluation_ends_within_one_batch_on_dask(
    make_dataset: Make, make_model: Make, scheduler: Path, workers: Make, tmp_path: Path
) -> None:
    workers(1)
    log = tmp_path / "log"
    log.touch()
    # One group of 2 x 40 batches: 40 seconds, if nobody stops it.
    models = [make_model(f"m{i}", network=Sleeping(str(log))) for i in range(40)]
    for i, model in enumerate(models):
        model.network.weight.data += i
    prepared = api.prepare(EvaluationRequest.of(models, make_dataset(256), "clean"))
    stop = threading.Event()

    def after_a_while() -> None:
        while log.stat().st_size < 2:
            time.sleep(0.05)
        stop.set()

    thread = threading.Thread(target=after_a_while)
    thread.start()
    with Store() as store:
        summary = api.carry_out(prepared, store, executor=executors.of(scheduler=str(scheduler)), cancelled=stop)
    thread.join()
    assert summary.cancelled
    began = log.stat().st_size
    time.sleep(2)
    assert log.stat().st_size <= began + 1


def test_a_scheduler_that_is_not_there_is_one_sentence(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:9", "no address"):
        with pytest.raises(JobError, match="No Dask scheduler answers"):
            rc.evaluate(make_model(), make_dataset(10), "clean", executor=executors.of(scheduler=address))


def test_what_is_stored_needs_no_scheduler(make_dataset: Make, make_model: Make) -> None:
    model, dataset = make_model(), make_dataset(10)
    rc.evaluate(model, dataset, "clean")
    table = rc.evaluate(model, dataset, "clean", executor=executors.of(scheduler="tcp://127.0.0.1:9"))
    assert table["cached"].tolist() == [True]
