"""Which process is meant by a pid: the pid alone may have been given to another one since."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import uuid
from pathlib import Path


def start_time(pid: int) -> str | None:
    """When a process of this machine started, as an opaque text that no other process with that pid shares; None where
    there is no such process, or only its corpse."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command's name in brackets may hold spaces; the fields behind it do not.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in ("Z", "X") else f"{_boot()}:{fields[19]}"
    found = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = found.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def alive(pid: int, started: str) -> bool:
    """Whether the process that had `pid` and that start time is still running."""
    return start_time(pid) == started


@functools.lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def new_owner() -> str:
    """A name for one run in this process, from which others can tell whether the process still lives."""
    return "|".join([socket.gethostname(), str(os.getpid()), start_time(os.getpid()) or "", uuid.uuid4().hex[:8]])


def owner_is_dead(owner: str) -> bool:
    """Whether a run's process has certainly ended: it was on this machine and is no longer there."""
    host, pid, started, _ = owner.split("|")
    return host == socket.gethostname() and not alive(int(pid), started)
