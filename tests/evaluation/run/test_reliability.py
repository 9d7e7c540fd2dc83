"""What must not happen to a night of computing: kills, full disks, read-only folders, two writers, a clock set back.

`benchmarks/reliability.py` is the long form of the first test.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import robustcore as rc
from benchmarks import reliability
from benchmarks._fork_server import ForkServer
from robustcore.errors import RobustcoreError, StoreError
from robustcore.evaluation import Condition, Progress, Store, api, provenance
from robustcore.evaluation.jobs import jobs, queue, worker
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.run import leases
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.verify import verify

Make = Callable[..., Any]
SUITE = "imagenet-c-extra"


def contents(store: Store) -> list[tuple[Any, ...]]:
    return reliability.contents(store.path)


@pytest.fixture
def undisturbed(make_dataset: Make, make_model: Make, tmp_path: Path) -> list[tuple[Any, ...]]:
    """The units of one model under a suite on 300 images, computed in peace."""
    with Store(tmp_path / "undisturbed.sqlite", shipped=False) as store:
        rc.evaluate(make_model(), make_dataset(300), SUITE, store=store)
    return contents(store)


# Kills


@pytest.fixture
def request_(tmp_path: Path) -> EvaluationRequest:
    """Two models of random weights under the 19 corruptions, 8 images each: 192 units."""
    models = reliability.checkpoints(tmp_path, 2)
    return EvaluationRequest(models, "scenes", ("imagenet-c", "imagenet-c-extra"), limit=8)


@pytest.fixture
def fork_server(own_cache: Path) -> Iterator[ForkServer]:
    """Workers that start at once, on this test's cache."""
    with reliability.by_hand(), ForkServer() as started:
        yield started


@pytest.mark.slow  # `test_kills` holds the same without a queue, and tests/evaluation/jobs that a killed job goes on
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(
    fork_server: ForkServer, request_: EvaluationRequest, tmp_path: Path
) -> None:
    prepared = api.prepare(request_)
    with reliability.watched(Store(shipped=False)) as store:
        outcome = reliability.disturb(
            fork_server, store, jobs.submit(request_), prepared.cells, kills=6, draw=random.Random(2)
        )
    assert outcome.kills >= 1  # on a fast machine the later ones come too late
    assert (outcome.stored, outcome.missing, outcome.repeated) == (outcome.units, 0, 0)
    assert outcome.in_flight > 0
    with Store(tmp_path / "undisturbed.sqlite", shipped=False) as calm:
        api.carry_out(prepared, calm)
    assert contents(store) == contents(calm)
    assert verify(store)[1] == []


@pytest.mark.slow  # tests/evaluation/jobs holds what a job does alone, leases and the store have tests of their own
def test_two_workers_at_once_compute_each_unit_once(fork_server: ForkServer, request_: EvaluationRequest) -> None:
    request_ = dataclasses.replace(request_, conditions=(SUITE,))
    cells = api.prepare(request_).cells
    with reliability.watched(Store(shipped=False)) as store:
        two = [jobs.submit(request_), jobs.submit(request_)]
        pids = [fork_server.start(), fork_server.start()]
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            time.sleep(0.05)
    assert [jobs.status(job).state for job in two] == ["finished", "finished"]
    assert [jobs.status(job).done for job in two] == [42, 42]
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        ledger = dict(connection.execute("SELECT what, count(*) FROM ledger GROUP BY what"))
    assert ledger == {"begun": 42, "stored": 42}
    assert all(len(shards) == 1 for shards in store.stored(cells).values())


# A full disk


def fill_the_disk(store: Store, more: int) -> None:
    """Let the store's file grow by so many pages and no further, as on a disk that is full then."""
    with store.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + more}")


def test_a_disk_that_fills_up_ends_the_run_with_one_sentence_and_loses_nothing(
    make_dataset: Make, make_model: Make, undisturbed: list[Any]
) -> None:
    with Store(shipped=False) as store:
        rc.evaluate(make_model(), make_dataset(300), "clean", store=store)
        fill_the_disk(store, more=20)
        with pytest.raises(StoreError, match="disk is full"):
            rc.evaluate(make_model(), make_dataset(300), SUITE, store=store)
        before = contents(store)
        assert 2 < len(before) < len(undisturbed)
        store.close()  # somebody makes room
        assert verify(store)[1] == []
        assert contents(store) == before
        again = rc.evaluate(make_model(), make_dataset(300), SUITE, store=store).attrs["summary"]
        assert (again["cached"], again["computed"]) == (len(before), len(undisturbed) - len(before))
    assert contents(store) == undisturbed


def test_a_job_on_a_full_disk_fails_with_the_reason_and_is_resumed(
    request_: EvaluationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Store.save
    calls = []

    def full(self: Store, *args: Any) -> int:
        calls.append(args)
        if len(calls) > 5:
            raise StoreError("The results file cannot be written: the disk is full.")
        return save(self, *args)

    monkeypatch.setattr(Store, "save", full)
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)
    job = jobs.submit(request_, here=True)
    with pytest.raises(StoreError):
        worker.run_job(job)
    status = jobs.status(job)
    assert (status.state, status.done) == ("failed", 10)
    assert "disk is full" in status.message
    monkeypatch.setattr(Store, "save", save)
    jobs.resume(job)
    with queue.writing() as connection:
        queue.begin(connection, job)
    assert worker.run_job(job)[0].cached == 10


# A read-only cache


@pytest.fixture
def read_only(make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache with clean results that nobody may write to any more, the superuser included."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        cache = Path(name)
        monkeypatch.setenv("ROBUSTCORE_CACHE", name)
        rc.evaluate(make_model(), make_dataset(300), "clean")
        everything = [cache, *cache.rglob("*")]
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
        superuser = os.geteuid() == 0
        if superuser:
            os.seteuid(65534)
        try:
            yield
        finally:
            if superuser:
                os.seteuid(0)
            for path in everything:
                path.chmod(0o755)


@pytest.mark.usefixtures("read_only")
def test_a_read_only_cache_answers_what_it_holds_and_refuses_the_rest_in_one_sentence(
    make_dataset: Make, make_model: Make
) -> None:
    model, dataset = make_model(), make_dataset(300)
    table = rc.evaluation.lookup(model, dataset, SUITE)
    assert table["n"].tolist() == [300, *[0] * 20]
    assert rc.evaluate(model, dataset, "clean")["n"].tolist() == [300]
    with pytest.raises(StoreError, match="cannot be"):
        rc.evaluate(model, dataset, SUITE)
    assert jobs.list_jobs() == []
    with pytest.raises(RobustcoreError, match="cannot be"):
        jobs.submit(EvaluationRequest(("m",), "scenes", ("fog",)))


# A clock that goes backwards


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock finds it an hour earlier."""
    lock = threading.Lock()
    clock = [4_000_000_000.0]

    def earlier() -> float:
        with lock:
            clock[0] -= 3600
            return clock[0]

    def date() -> str:
        return provenance.datetime.datetime.fromtimestamp(earlier(), provenance.datetime.UTC).isoformat()

    monkeypatch.setattr(time, "time", earlier)
    for module in ("provenance", "store.store", "jobs.jobs", "jobs.queue"):
        monkeypatch.setattr(f"robustcore.evaluation.{module}.now", date)


@pytest.mark.usefixtures("backwards")
def test_a_clock_that_goes_backwards_changes_no_result(
    make_dataset: Make, make_model: Make, undisturbed: list[Any], tmp_path: Path
) -> None:
    model, dataset = make_model(), make_dataset(300)
    with Store(shipped=False) as store:
        first = rc.evaluate(model, dataset, SUITE, limit=100, store=store)
        assert first["n"].tolist() == [100] * 21
        # The larger results are the older ones by their dates, and the answer all the same.
        table = rc.evaluate(model, dataset, SUITE, store=store)
        assert table["updated"].max() < first["updated"].min()
        assert table["n"].tolist() == [300] * 21
        assert rc.evaluate(model, dataset, SUITE, store=store).attrs["summary"]["computed"] == 0
        assert contents(store) == undisturbed
        with Store(tmp_path / "old.sqlite", shipped=False) as other:
            rc.evaluate(model, dataset, SUITE, limit=50, store=other)
            assert merge(store, other.path).larger == 0
        assert contents(store) == undisturbed


@pytest.mark.usefixtures("backwards")
def test_jobs_and_claims_do_not_go_by_the_clock(
    make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)
    one, two = (jobs.submit(EvaluationRequest(("m",), "scenes", ("fog",))) for _ in range(2))
    assert [j.id for j in jobs.list_jobs()] == [two, one]
    assert worker.take() == one
    assert jobs.status(one).state == "running"  # by its process, not by its heartbeat

    unit = api.prepare(EvaluationRequest.of(make_model(), make_dataset(10), [Condition.clean()])).cells[0].units()[0]
    with Store(shipped=False) as store:
        assert leases.acquire(store, [unit], "host|1||a").granted == [unit]
        # That claim seems to end an hour after any claim can: nobody waits for it.
        assert leases.acquire(store, [unit], "host|1||b").granted == [unit]


def test_progress_counts_seconds_that_no_clock_can_turn(make_dataset: Make, make_model: Make, backwards: None) -> None:
    seen: list[Progress] = []
    rc.evaluate(make_model(), make_dataset(300), SUITE, progress=seen.append)
    assert all(p.images_per_second >= 0 and (p.seconds_left or 0) >= 0 for p in seen)
    assert seen[-1].images_per_second > 0
