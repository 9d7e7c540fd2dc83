"""Worker processes: equal requests are computed once, overtaken ones dropped, and a worker that ends is one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard.workers import pool, worker
from dashboard.workers.processes import CAN_FORK
from robustcore import derived
from robustcore.errors import InvalidArgumentError, JobError, UnknownNameError

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds


def work(log: str, seconds: float, value: Any) -> Any:
    """Leave a line in a file, take some time, give back the value."""
    with open(log, "a") as lines:
        lines.write(f"{os.getpid()} {value}\n")
    time.sleep(seconds)
    return value


def fail(kind: str) -> None:
    if kind == "argument":
        raise InvalidArgumentError("Sides are 1 to 9, not 12.")
    if kind == "name":
        raise UnknownNameError("corruption", "frog", ["fog"])
    raise ZeroDivisionError(kind)


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_grown: list[bytes] = []


def grow(mebibytes: int) -> int:
    """Keep so much memory; the number of the process."""
    _grown.append(b"x" * (mebibytes << 20))
    return os.getpid()


@pytest.fixture(scope="module", params=["started", "forked"] if CAN_FORK else ["started"])
def kind(request: pytest.FixtureRequest) -> str:
    """How workers come to be."""
    return str(request.param)


@pytest.fixture(scope="module")
def cache(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"cache-{kind}")


@pytest.fixture(scope="module")
def running(kind: str, cache: Path) -> Iterator[pool.Pool]:
    """One worker, for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROBUSTCORE_CACHE", str(cache))
        patch.setenv("PYTHONPATH", str(ROOT))
        pool.start(1, forks=kind == "forked")
        (running,) = pool._pool
        yield running
        pool.stop()


@pytest.fixture
def log(running: pool.Pool, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `work` leaves its lines."""
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(cache))
    return tmp_path / "log"


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _message(function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    name = f"{function.__module__}:{function.__qualname__}"
    return {"function": name, "arguments": derived.encode(list(arguments)), "plugins": {}}


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_a_value_is_computed_elsewhere_and_kept(log: Path) -> None:
    array = np.arange(3.0)
    value = pool.call("test", "kept", work, str(log), 0.0, ("a", array))
    assert value[0] == "a"
    assert (value[1] == array).all()
    assert int(lines(log)[0].split()[0]) != os.getpid()
    pool.call("test", "kept", work, str(log), 0.0, "another value")
    assert len(lines(log)) == 1


def test_equal_requests_are_computed_once(log: Path) -> None:
    requests = [in_thread(lambda: pool.call("test", "equal", work, str(log), 0.3, 7)) for _ in range(4)]
    for thread, _ in requests:
        thread.join(PATIENCE)
    assert [results for _, results in requests] == [[7]] * 4
    assert len(lines(log)) == 1


def test_what_nobody_waits_for_any_more_is_dropped_before_it_starts(log: Path) -> None:
    gone = threading.Event()
    first, _ = in_thread(lambda: pool.call("test", "first", work, str(log), 0.6, 1))
    wait_for(lambda: len(lines(log)) == 1)
    second, dropped = in_thread(lambda: pool.call("test", "second", work, str(log), 0.0, 2, overtaken=gone.is_set))
    third, kept = in_thread(lambda: pool.call("test", "third", work, str(log), 0.0, 3, overtaken=gone.is_set))
    fourth, waited = in_thread(lambda: pool.call("test", "third", work, str(log), 0.0, 3))
    time.sleep(0.1)
    gone.set()
    for thread in (first, second, third, fourth):
        thread.join(PATIENCE)
    assert isinstance(dropped[0], pool.OvertakenError)
    assert isinstance(kept[0], pool.OvertakenError)
    assert waited == [3]  # somebody else still wanted it
    assert [line.split()[1] for line in lines(log)] == ["1", "3"]


def test_errors_come_back_as_they_were_raised(log: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="not 12"):
        pool.call("test", "argument", fail, "argument")
    with pytest.raises(UnknownNameError, match="Did you mean 'fog'"):
        pool.call("test", "name", fail, "name")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        pool.call("test", "other", fail, "other")


def test_a_worker_that_was_killed_is_one_sentence_and_another_takes_its_place(log: Path, running: pool.Pool) -> None:
    pool.call("test", "before", work, str(log), 0.0, 1)
    (before,) = running.processes
    with pytest.raises(JobError):
        pool.call("test", "end", end)
    assert pool.call("test", "after", work, str(log), 0.0, 2) == 2
    os.kill(running.processes[0], signal.SIGKILL)  # while it has nothing to do
    wait_for(lambda: not running.processes)
    assert pool.call("test", "again", work, str(log), 0.0, 3) == 3
    assert before not in running.processes


def test_where_no_process_can_be_started_whoever_waits_is_told(
    log: Path, running: pool.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.call("test", "before", work, str(log), 0.0, 1)
    os.kill(running.processes[0], signal.SIGKILL)
    wait_for(lambda: not running.processes)

    def refuse() -> None:
        raise OSError("Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(running, "_start", refuse)
        with pytest.raises(JobError):
            pool.call("test", "none", work, str(log), 0.0, 2)
    assert pool.call("test", "later", work, str(log), 0.0, 3) == 3


def test_a_worker_that_has_grown_is_replaced_between_two_requests(log: Path) -> None:
    first = pool.call("test", "one", grow, 1)
    assert pool.call("test", "two", grow, 2) == first
    assert pool.call("test", "large", grow, 1 + (worker.MOST >> 20)) == first
    after = [in_thread(lambda size=size: pool.call("test", f"after {size}", grow, size)) for size in range(4)]
    for thread, _ in after:
        thread.join(PATIENCE)
    (next_one,) = {pid for _, (pid,) in after}
    assert next_one != first


def test_a_worker_ends_in_the_middle_of_a_computation_with_its_pool(kind: str, tmp_path: Path) -> None:
    workers = pool.Pool(1, forks=kind == "forked")
    asked, _ = in_thread(
        lambda: workers.ask("test", "long", _message(work, str(tmp_path / "log"), 60.0, 1), lambda: False)
    )
    wait_for(lambda: bool(lines(tmp_path / "log")))
    pid = int(lines(tmp_path / "log")[0].split()[0])
    workers.close()
    asked.join(PATIENCE)
    wait_for(lambda: has_ended(pid))


def test_another_nursery_takes_the_place_of_one_that_was_killed(
    running: pool.Pool, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if running._nursery is None:
        pytest.skip("these workers are started, not forked")
    before = pool.call("test", "with a nursery", grow, 0)
    os.kill(running._nursery.pid, signal.SIGKILL)
    assert pool.call("test", "its workers go on", grow, 0) == before
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: not running.processes)
    assert pool.call("test", "another one", grow, 0) != before


def test_a_value_that_cannot_be_kept_is_handed_over(log: Path, cache: Path) -> None:
    (cache / "derived").mkdir(exist_ok=True)
    (cache / "derived" / "unwritable").write_text("a file")
    assert pool.call("unwritable", "a", work, str(log), 0.0, 5) == 5


def test_a_value_that_is_gone_before_it_is_read_is_computed_again_and_handed_over(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "get", lambda kind, key, default=None: default)
    assert pool.call("test", "gone", work, str(log), 0.0, 5) == 5
    assert len(lines(log)) == 2


def test_without_workers_it_is_computed_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_pool", [])
    assert pool.call("test", "in place", work, str(tmp_path / "log"), 0.0, 1) == 1
    assert int(lines(tmp_path / "log")[0].split()[0]) == os.getpid()
    assert derived.get("test", "in place") == 1


def test_workers_end_when_the_server_ends_however_it_ends(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from dashboard.workers import pool; pool.start(1)\n"
        "while not pool._pool[0].processes: time.sleep(0.01)\n"
        "print(pool._pool[0].processes[0], flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            pid = int(server.stdout.readline())
        finally:
            server.kill()

    wait_for(lambda: has_ended(pid))


@pytest.mark.skipif(not CAN_FORK, reason="nothing is forked here")
def test_a_forked_worker_ends_with_a_server_that_has_not_read_its_greeting(tmp_path: Path) -> None:
    program = (
        "import time, psutil; from dashboard.workers import pool; pool.start(1, forks=True)\n"
        "children = lambda: psutil.Process().children(recursive=True)\n"
        "while len(children()) < 2: time.sleep(0.01)\n"
        "time.sleep(0.5); print(*(child.pid for child in children()), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            pids = [int(pid) for pid in server.stdout.readline().split()]
        finally:
            server.kill()
    assert len(pids) == 2  # the nursery and its worker
    for pid in pids:
        wait_for(lambda pid=pid: has_ended(pid))


def test_all_start_when_they_are_asked_to_and_none_twice() -> None:
    workers = pool.Pool(2)
    try:
        assert len(workers.processes) == 1
        workers.start_all()
        started = workers.processes
        workers.start_all()
        assert len(set(started)) == 2
        assert workers.processes == started
    finally:
        workers.close()
    assert workers.processes == []


def test_requests_that_take_long_leave_a_worker_for_quick_ones(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(pool, "_LONG", 0.3)
    workers = pool.Pool(2)
    log, ended = str(tmp_path / "log"), []

    def ask(kind: str, key: str, seconds: float) -> threading.Thread:
        message = {
            "function": f"{work.__module__}:work",
            "arguments": derived.encode([log, seconds, key]),
            "plugins": {},
        }
        return in_thread(lambda: ended.append(workers.ask(kind, key, message, lambda: False)))[0]

    try:
        for thread in [ask("start", "one", 0.2), ask("start", "other", 0.2)]:  # both workers run
            thread.join(PATIENCE)
        ask("long", "seen before", 0.6).join(PATIENCE)
        ended.clear()
        threads = [ask("long", "first", 0.6), ask("long", "second", 0.6)]
        wait_for(lambda: any(line.endswith("first") for line in lines(Path(log))))
        threads.append(ask("quick", "third", 0.0))
        for thread in threads:
            thread.join(PATIENCE)
    finally:
        workers.close()
    assert ended == ["third", "first", "second"]
