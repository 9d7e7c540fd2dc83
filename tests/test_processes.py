"""Processes: a pid that was reused, or that waits to be reaped, is never taken for the process it was."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from robustcore import processes
from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import worker
from robustcore.training import image_memory

ROOT = Path(__file__).resolve().parent.parent
# What Windows lacks, macOS too in part: names that stand in `processes.py` alone, behind a question whether they are there.
ELSEWHERE_ABSENT = {"nice", "sched_getaffinity", "fork", "SIGKILL", "SIGCHLD", "setsid", "killpg", "getuid"}


def test_a_start_time_stays_the_same_and_belongs_to_one_process() -> None:
    own = processes.start_time(os.getpid())
    assert own is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert processes.start_time(child.pid) not in (None, own)
        child.communicate(b"\n")
    assert processes.is_alive(os.getpid(), own)
    assert processes.start_time(child.pid) is None


def test_an_unreaped_child_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 30
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert processes.start_time(child.pid) is None
    child.wait()


def test_a_clock_that_is_set_changes_no_start_time(monkeypatch: pytest.MonkeyPatch) -> None:
    own = processes.start_time(os.getpid())
    created, booted = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600.0)
    monkeypatch.setattr(psutil, "boot_time", lambda: booted() + 3600.0)
    assert processes.start_time(os.getpid()) == own


def test_an_owner_has_ended_when_its_pid_is_another_process() -> None:
    owner = processes.new_owner()
    host, pid, started, name = owner.split("|")
    assert not processes.owner_has_ended(owner)
    assert processes.owner_has_ended("|".join([host, pid, f"{started}0", name]))
    assert not processes.owner_has_ended("|".join(["another machine", pid, f"{started}0", name]))


def test_without_psutil_start_times_are_the_same_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    own, room = processes.start_time(os.getpid()), image_memory.available()
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert processes.start_time(os.getpid()) == own
    assert processes.start_time(child.pid) is None
    child.wait()
    assert processes.start_time(child.pid) is None
    assert image_memory.available() == pytest.approx(room, rel=0.5)
    with pytest.raises(RobustcoreError, match="psutil"):
        processes._start_time_in_proc(1, tmp_path)


def test_windows_has_no_niceness_no_affinity_and_no_sigkill(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.end_signals() == (signal.SIGTERM, signal.SIGKILL)
    monkeypatch.delattr(os, "nice")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(signal, "SIGKILL")
    assert processes.end_signals() == (signal.SIGTERM,)
    assert processes.cores() == os.cpu_count()
    monkeypatch.setattr(worker, "became_worker", lambda: False)
    assert worker.main() == 0


def test_what_other_systems_lack_stands_in_one_module() -> None:
    for path in [p for top in ("robustcore", "dashboard") for p in (ROOT / top).rglob("*.py")]:
        tree = ast.parse(path.read_text())
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        if path.relative_to(ROOT).as_posix() != "robustcore/processes.py":
            assert not attributes & ELSEWHERE_ABSENT, path
        assert not imported & {"fcntl", "resource", "pwd", "grp", "termios"}, path
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            if ast.unparse(call.func).endswith("get_context"):
                assert [ast.unparse(argument) for argument in call.args] == ["'spawn'"], path
