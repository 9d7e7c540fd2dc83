"""Processes of this machine, identified by pid and start time: a pid alone may have been reused."""

from __future__ import annotations

import functools
import multiprocessing
import os
import socket
import threading
import uuid
from pathlib import Path

import psutil


def start_time(pid: int) -> str | None:
    """When a process of this machine started, as an opaque text that no other process with that pid has; None if there is
    no such process, or only an unreaped child."""
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        # Counted from the boot: a clock that is set moves `create_time` and `boot_time` alike.
        return f"{_boot()}:{round((process.create_time() - psutil.boot_time()) * 100)}"
    except psutil.Error:
        return None


def is_alive(pid: int, started: str) -> bool:
    """Whether the process that had `pid` and that start time is still running."""
    return start_time(pid) == started


@functools.lru_cache(maxsize=1)
def _boot() -> str:
    """A name of the machine's last boot, where the system has one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def new_owner() -> str:
    """A name for one run in this process, from which other processes can tell whether it is still running."""
    return "|".join([socket.gethostname(), str(os.getpid()), start_time(os.getpid()) or "", uuid.uuid4().hex[:8]])


def owner_has_ended(owner: str) -> bool:
    """Whether a run's process has certainly ended: it was on this machine and is no longer running."""
    host, pid, started, _ = owner.split("|")
    return host == socket.gethostname() and not is_alive(int(pid), started)


def exit_with_parent() -> None:
    """End this process when the one that started it ends, even if that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()
