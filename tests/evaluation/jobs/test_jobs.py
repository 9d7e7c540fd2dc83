"""Jobs: a real worker process that is watched, killed, resumed and cancelled; and the queue's bookkeeping."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robustcore import processes
from robustcore.errors import InvalidArgumentError, JobError, UnknownNameError
from robustcore.evaluation import Condition, Store, api, lookup
from robustcore.evaluation.jobs import jobs, queue, worker
from robustcore.evaluation.jobs.heartbeat import TAKEN, Heartbeat
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run.runner import Progress, Summary
from robustcore.evaluation.run.scorer import out_of_memory
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
    job = jobs.submit(EvaluationRequest((model,), "scenes", ("imagenet-c-extra",), limit=96))
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
    table = lookup(model, "scenes", "imagenet-c-extra", limit=96)
    assert table["n"].tolist() == [96] * 21


def test_a_job_run_here_fills_its_rows_and_its_table(model: str) -> None:
    request = EvaluationRequest((model,), "scenes", ("fog",), limit=40, severities=(1, 5))
    job = jobs.submit(request, here=True)
    assert jobs.status(job).pid == os.getpid()
    summary, table = worker.run_job(job)
    assert (summary.computed, summary.cached) == (3, 0)
    assert table["n"].tolist() == [40, 40, 40]
    status = jobs.status(job)
    assert (status.state, status.total, status.done, status.cached, status.failed) == ("finished", 3, 3, 0, 0)
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
    status = jobs.status(job)
    assert status.state == "failed"
    assert "no model named 'scenes/no-such'" in status.message


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
        queue.set_worker(connection, queue.Process.own(), "")
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


AWAY = queue.Process("container-of-yesterday", 7, "gone:1")


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started as workers; each stands for this one."""
    started: list[int] = []

    class Started:
        pid = os.getpid()

    def spawn() -> tuple[Started, Path]:
        started.append(os.getpid())
        return Started(), Path("worker.log")

    monkeypatch.setattr(jobs, "_spawn", spawn)
    return started


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass for whoever looks at another host."""
    passed = [0.0]
    real = time.monotonic
    monkeypatch.setattr(queue.time, "monotonic", lambda: real() + passed[0])

    def let_pass(seconds: float) -> None:
        passed[0] += seconds

    return let_pass


def of_another_host(process: queue.Process = AWAY) -> None:
    with queue.writing() as connection:
        queue.set_worker(connection, process, "")


def test_a_worker_of_another_host_is_taken_over_within_a_minute_of_silence(
    spawned: list[int], later: Callable[[float], None]
) -> None:
    of_another_host()
    job = jobs.submit(request_of("fog"))
    assert jobs.ensure_worker() == os.getpid()
    assert len(spawned) == 1  # one process of this host waits, however often it is asked for
    assert jobs.status(job).state == "queued"
    later(queue.SILENCE_SECONDS - 1)
    with queue.reading() as connection:
        assert queue.worker(connection) == AWAY
    later(2)
    assert queue.SILENCE_SECONDS < 55  # a look of the waiting process and the start of its job fit into the minute
    assert worker.became_worker()
    with queue.reading() as connection:
        assert queue.worker(connection) == queue.Process.own()
    assert worker.take() == job


def test_a_worker_of_another_host_that_is_heard_of_keeps_the_queue(
    spawned: list[int], later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_host()
    jobs.submit(request_of("fog"))

    def pause(_: float) -> None:
        later(queue.SILENCE_SECONDS - 5)
        with queue.writing() as connection:
            queue.beat(connection, AWAY)

    monkeypatch.setattr(worker.time, "sleep", pause)
    later(1)
    assert not worker.became_worker()
    with queue.reading() as connection:
        assert queue.worker(connection) == AWAY


def test_the_clocks_of_two_hosts_are_not_compared(
    spawned: list[int], later: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_host()
    monkeypatch.setattr(time, "time", lambda: 4e9)
    job = jobs.submit(request_of("fog"))
    with queue.writing() as connection:
        connection.execute("UPDATE jobs SET state = 'running', host = ?, pid = ?, process = ?", AWAY.place)
        connection.execute("UPDATE jobs SET heartbeat = 1.0")
        assert queue.watch(connection) < 60
    assert jobs.status(job).state == "running"
    later(61)
    assert jobs.status(job).state == "interrupted"


@pytest.mark.usefixtures("no_worker")
def test_a_worker_that_was_asleep_leaves_what_others_have_taken_up() -> None:
    """No job of it is ended, counted or taken by two."""
    job, waiting = jobs.submit(request_of("fog")), jobs.submit(request_of("snow"))
    with queue.writing() as connection:
        queue.set_worker(connection, queue.Process.own(), "")
    assert worker.take() == job
    of_another_host()  # while this process is asleep
    with queue.writing() as connection:
        assert queue.is_held(connection, job)
        connection.execute("UPDATE jobs SET host = ?, pid = ?, process = ? WHERE id = ?", (*AWAY.place, job))
        assert not queue.is_held(connection, job)
        queue.end(connection, job, "finished")
    assert Heartbeat(job)._read_control() == TAKEN
    assert jobs.status(job).state == "running"
    assert worker.take() is None
    assert jobs.status(waiting).state == "queued"


def test_a_job_file_of_the_first_version_is_read_on(own_cache: Path) -> None:
    own_cache.mkdir()
    connection = sqlite3.connect(own_cache / "jobs.sqlite")
    for table in queue._TABLES:
        table = table.replace(", beat INTEGER NOT NULL DEFAULT 0", "")
        connection.execute(table.replace(", events TEXT NOT NULL DEFAULT '[]'", ""))
    connection.execute("INSERT INTO worker VALUES (1, 'elsewhere', 1, 'x', '')")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    assert jobs.list_jobs() == []
    with queue.writing() as connection:
        assert queue.watch(connection) == 0
        assert queue.worker(connection) == queue.Process("elsewhere", 1, "x")
    (own_cache / "jobs.sqlite").unlink()


def test_what_happened_meanwhile_is_kept_with_the_job(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    event = out_of_memory("cuda:0", 256, 128)

    def carry_out(*args: Any, progress: Callable[[Progress], None], **more: Any) -> Summary:
        for done in range(2):
            progress(Progress(1, done, 0, 0, 1.0, None, events=(event,)))
        return Summary()

    monkeypatch.setattr(api, "carry_out", carry_out)
    job = jobs.submit(EvaluationRequest((model,), "scenes", ("clean",), limit=2), here=True)
    worker.run_job(job)
    assert jobs.status(job).events == (event, event)
