"""Processes of this machine, identified by pid and start time: a pid alone may have been reused."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import socket
import threading
import uuid
from pathlib import Path

from robustcore.errors import RobustcoreError


def cores() -> int:
    """The number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows


def lower_priority() -> None:
    """Let other programs go first, where the system has a niceness (Windows has none) and this process may set it."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(5)


def end_signals() -> tuple[signal.Signals, ...]:
    """What ends a process, the gentle one first. On Windows SIGTERM ends it at once, and there is no SIGKILL."""
    return tuple(getattr(signal, name) for name in ("SIGTERM", "SIGKILL") if hasattr(signal, name))


def start_time(pid: int) -> str | None:
    """When a process of this machine started, as an opaque text that no other process with that pid has; None if there is
    no such process, or only an unreaped child.

    Raises:
        RobustcoreError: psutil is not installed, and the system has no /proc to read instead.
    """
    try:
        import psutil
    except ImportError:  # a machine that is lent for an evaluation may lack it
        return _start_time_in_proc(pid)
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        # Counted from the boot: a clock that is set moves `create_time` and `boot_time` alike.
        return f"{_boot()}:{round((process.create_time() - psutil.boot_time()) * 100)}"
    except psutil.Error:
        return None


def fork_process() -> bool:
    """Fork this process, on Linux; True in the new one. A child that ends leaves nothing behind for this one to collect."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork():
        return False
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return True


def occupied_memory() -> int:
    """Bytes of memory that this process has for itself, without what it shares with the files of its libraries; needs psutil."""
    import psutil

    sizes = psutil.Process().memory_info()
    return int(sizes.rss - getattr(sizes, "shared", 0))


def _start_time_in_proc(pid: int, proc: Path = Path("/proc")) -> str | None:
    """The same text, read from Linux's /proc."""
    if not (proc / "self" / "stat").exists():
        raise RobustcoreError(
            "This system has no /proc, so that processes can be told apart by the package psutil alone, which is not installed. "
            "Install it with: pip install psutil"
        )
    try:
        # The name in brackets may contain anything; behind it stand the state and the other fields.
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in ("Z", "X", "x"):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return f"{_boot()}:{round(int(fields[19]) * 100 / ticks)}"


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
