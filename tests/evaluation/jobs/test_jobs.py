"""Jobs: a real worker process that is watched, killed, resumed and cancelled; and the queue's bookkeeping."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robustcore import processes
from robustcore.errors import InvalidArgumentError, JobError, UnknownNameError
from robustcore.evaluation import Condition, Store, lookup
from robustcore.evaluation.jobs import jobs, queue, worker
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import checkpoints
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint with random weights."""
    from robustcore.datasets.scenes import Scenes

    card = Card("scenes/untrained", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
    path = tmp_path_factory.mktemp("models") / "untrained.safetensors"
    return str(checkpoints.save(architecture("scenes/resnet").build(card, seed=0), path))


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """No worker outlives its test, whatever becomes of that."""
    yield
    with queue.reading() as connection:
        row = connection and connection.execute("SELECT pid, process FROM worker").fetchone()
    if row and row["pid"] != os.getpid() and processes.is_alive(row["pid"], row["process"]):
        os.kill(row["pid"], signal.SIGKILL)


def wait_for(what: Callable[[], object], seconds: float = 180.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def done(job: int) -> int:
    return jobs.status(job).done or 0


def units() -> set[tuple[int, int, str, float]]:
    """(cell, shard, date, seconds) of every stored unit: one that is computed again has another date and duration."""
    with contextlib.closing(sqlite3.connect(Store().path)) as connection:
        return set(connection.execute("SELECT cell, shard, date, seconds FROM units"))


def test_a_job_outlives_a_kill_is_resumed_without_repetition_and_stops_within_two_seconds(model: str) -> None:
    job = jobs.submit(EvaluationRequest((model,), "scenes", ("imagenet-c-extra",), limit=256))
    assert jobs.status(job).state in ("queued", "running")
    wait_for(lambda: done(job) >= 3)
    first = jobs.status(job)
    assert (first.state, first.total) == ("running", 21)
    assert first.pid is not None
    assert first.pid != os.getpid()

    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: jobs.status(job).state == "interrupted")
    before_kill = units()
    assert len(before_kill) >= 3

    jobs.resume(job)
    wait_for(lambda: done(job) > len(before_kill))
    began = time.monotonic()
    stopped = jobs.cancel(job)
    assert time.monotonic() - began < 2.0
    assert stopped.state == "cancelled"
    before_cancel = units()

    jobs.resume(job)
    wait_for(lambda: not jobs.status(job).active)
    last = jobs.status(job)
    assert (last.state, last.done, last.failed) == ("finished", 21, 0)
    # What a run had finished was never computed again by a later one.
    assert len(units()) == 21
    assert before_kill <= units()
    assert before_cancel <= units()
    table = lookup(model, "scenes", "imagenet-c-extra", limit=256)
    assert table["n"].tolist() == [256] * 21


def test_a_job_run_here_fills_its_rows_and_its_table(model: str) -> None:
    request = EvaluationRequest((model,), "scenes", ("fog",), limit=40, severities=(1, 5))
    job = jobs.submit(request, here=True)
    assert jobs.status(job).pid == os.getpid()
    summary, table = worker.run_job(job)
    assert (summary.computed, summary.cached) == (3, 0)
    assert table["n"].tolist() == [40, 40, 40]
    found = jobs.status(job)
    assert (found.state, found.total, found.done, found.cached, found.failed) == ("finished", 3, 3, 0, 0)
    cells = jobs.cells(job)
    assert cells["name"].tolist() == ["clean", "fog", "fog"]
    assert (cells["done"] == cells["total"]).all()
    again = jobs.submit(request, here=True)
    assert worker.run_job(again)[0].cached == 3
    assert jobs.cells(again)["done"].tolist() == [1, 1, 1]
    assert [j.id for j in jobs.list_jobs()] == [again, job]


def test_a_job_that_cannot_run_says_why(model: str) -> None:
    job = jobs.submit(EvaluationRequest((model, "scenes/no-such"), "scenes", ("fog",)), here=True)
    with pytest.raises(UnknownNameError):
        worker.run_job(job)
    found = jobs.status(job)
    assert found.state == "failed"
    assert "no model named 'scenes/no-such'" in found.message


def test_bad_conditions_are_refused_before_a_job_is_made(model: str) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'fog'"):
        jobs.submit(EvaluationRequest((model,), "scenes", ("fogg",)))
    with pytest.raises(InvalidArgumentError, match="1 or more"):
        jobs.submit(EvaluationRequest((model,), "scenes", ("fog",), limit=0))
    assert jobs.list_jobs() == []


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are queued, and no process is started."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)


def request_of(name: str) -> EvaluationRequest:
    return EvaluationRequest(("m",), "scenes", (name,))


@pytest.mark.usefixtures("no_worker")
def test_the_worker_takes_higher_priorities_first_and_then_older_jobs() -> None:
    low, high, later = (jobs.submit(request_of("fog"), priority=p) for p in (0, 5, 0))
    jobs.set_priority(later, 9)
    assert [worker.take() for _ in range(4)] == [later, high, low, None]


@pytest.mark.usefixtures("no_worker")
def test_a_queued_job_whose_worker_is_gone_is_shown_as_interrupted() -> None:
    job = jobs.submit(request_of("fog"))
    assert jobs.status(job).state == "interrupted"
    with queue.writing() as connection:
        own = (queue.socket.gethostname(), os.getpid(), processes.start_time(os.getpid()))
        connection.execute("INSERT INTO worker VALUES (1, ?, ?, ?, '')", own)
    assert jobs.status(job).state == "queued"


@pytest.mark.usefixtures("no_worker")
def test_a_job_of_a_process_whose_pid_was_given_away_is_interrupted_and_that_process_is_left_alone() -> None:
    job = jobs.submit(request_of("fog"))
    worker.take()
    assert jobs.status(job).state == "running"
    with queue.writing() as connection:
        connection.execute("UPDATE jobs SET process = 'of another time'")
    assert jobs.status(job).state == "interrupted"
    assert jobs.cancel(job, wait=0).state == "cancelled"  # and this very process, which has the pid, still runs


@pytest.mark.usefixtures("no_worker")
def test_queued_jobs_are_cancelled_paused_resumed_and_removed_at_once() -> None:
    one, two = jobs.submit(request_of("fog")), jobs.submit(request_of("snow"))
    assert jobs.cancel(one).state == "cancelled"
    assert jobs.pause(two).state == "paused"
    jobs.resume(two)
    assert worker.take() == two
    with pytest.raises(JobError, match="running"):
        jobs.resume(two)
    with pytest.raises(JobError, match="cancel it"):
        jobs.remove(two)
    jobs.remove(one)
    with pytest.raises(JobError, match=f"no job {one}"):
        jobs.status(one)


def test_without_jobs_the_list_is_empty_and_no_file_is_written(own_cache: Path) -> None:
    assert jobs.list_jobs() == []
    assert jobs.cells(1).empty
    with pytest.raises(JobError, match="no job 1"):
        jobs.status(1)
    assert not own_cache.exists()


def test_a_job_file_of_another_version_is_one_sentence(own_cache: Path) -> None:
    own_cache.mkdir()
    connection = sqlite3.connect(own_cache / "jobs.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JobError, match="version 99"):
        jobs.list_jobs()
    (own_cache / "jobs.sqlite").unlink()


def test_a_request_survives_json_and_forgets_the_folder_it_was_made_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("[[condition]]\nname = 'fog'\n")
    Path("m.safetensors").write_text("")
    request = EvaluationRequest(
        ("m.safetensors", "scenes/a"), "scenes", ("mine.toml",), severities=(2,), storage="jpeg85"
    )
    self_contained = request.self_contained()
    assert self_contained.models == (str(tmp_path / "m.safetensors"), "scenes/a")
    assert self_contained.conditions == (Condition.clean(), Condition.corruption("fog", 2, storage="jpeg85"))
    assert EvaluationRequest.from_json(self_contained.to_json()) == self_contained
    assert self_contained.self_contained() == self_contained


def test_a_request_knows_the_line_of_a_shell_that_asks_for_the_same() -> None:
    request = EvaluationRequest(("scenes/a", "my model"), "scenes", ("imagenet-c", "fog"), severities=(1, 5), limit=64)
    line = (
        "robustcore evaluate --model scenes/a --model 'my model' --dataset scenes --split test --suite imagenet-c fog "
        "--severity 1 5 --limit 64 --seed 0 --storage memory --precision float32"
    )
    assert request.line() == line
    assert request.self_contained().command == line
    assert request.self_contained().self_contained().command == line
