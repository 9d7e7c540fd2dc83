"""Processes: a pid that was reused, or that waits to be reaped, is never taken for the process it was."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from robustcore import processes


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
