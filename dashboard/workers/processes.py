"""The processes that the pool gives requests to.

Where the system can, they are forked by one process that has imported what they need, the nursery: one more takes no seconds
and shares its memory with the others. Elsewhere each is started and imports for itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, Protocol

CAN_FORK = sys.platform == "linux"  # elsewhere the system's own libraries do not bear it


class Process(Protocol):
    """A worker, as the pool sees it."""

    @property
    def pid(self) -> int:
        """Its number; 0 while it has not said it."""
        ...

    @property
    def has_ended(self) -> bool: ...

    def write(self, line: bytes) -> None:
        """Send a line.

        Raises:
            OSError: it has ended.
        """
        ...

    def ask(self, line: bytes) -> tuple[dict[str, Any] | None, bool]:
        """Send a line and wait for its answer, None where it has ended; and whether it can have received the line."""
        ...

    def end(self) -> None:
        """End it, whatever it does."""
        ...


class Started:
    """A process of its own."""

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self._process = _python("dashboard.workers.worker", flags, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def write(self, line: bytes) -> None:
        """Send a line; see `Process`."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def ask(self, line: bytes) -> tuple[dict[str, Any] | None, bool]:
        """Send a line and wait for its answer; see `Process`."""
        try:
            self.write(line)
        except OSError:
            return None, False
        assert self._process.stdout is not None
        return _answer(self._process.stdout.readline()), True

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not yet written
                    pipe.close()


class Forked:
    """A process that the nursery has forked; it ends when its connection does."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._answers, self.pid = connection, connection.makefile("rb"), 0

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:  # it has nothing to say
            return False
        except OSError:
            return True

    def write(self, line: bytes) -> None:
        """Send a line; see `Process`."""
        self._connection.sendall(line)

    def ask(self, line: bytes) -> tuple[dict[str, Any] | None, bool]:
        """Send a line and wait for its answer; see `Process`."""
        try:
            self.write(line)
            if not self.pid:
                greeting = _answer(self._answers.readline())
                if greeting is None:  # the nursery ended before it had forked
                    return None, False
                self.pid = greeting["pid"]
        except OSError:
            return None, False
        try:
            return _answer(self._answers.readline()), True
        except OSError:  # it was killed
            return None, True

    def end(self) -> None:
        """Close the connection: it ends itself, in the middle of a computation too."""
        with contextlib.suppress(OSError):  # it has ended
            self._connection.shutdown(socket.SHUT_RDWR)
        self._answers.close()
        self._connection.close()


class Nursery:
    """The process that forks workers, started at once; another one takes its place where it has ended.

    Args:
        flags: what it, and a worker of its own, is started with.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self._flags = tuple(flags)
        self._lock = threading.Lock()
        self._start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def worker(self) -> Process:
        """A new worker; it serves as soon as the nursery has imported everything.

        Raises:
            OSError: no process can be started.
        """
        with self._lock:
            try:
                return self._fork()
            except OSError:  # it has ended
                self._close()
                self._start()
                return self._fork()

    def end(self) -> None:
        """End it; its workers go on."""
        with self._lock:
            self._close()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = _python("dashboard.workers.nursery", self._flags, stdin=theirs)

    def _fork(self) -> Forked:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"1"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Forked(ours)

    def _close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


def _python(module: str, flags: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    # One thread each: the processes share the processors. A session of its own, so that Ctrl+C reaches the server alone. Whether
    # there is a GPU is asked in a way that leaves it usable for a forked process.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
    return subprocess.Popen([sys.executable, "-m", module, *flags], env=environment, start_new_session=True, **streams)


def _answer(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:  # something else has written to its answers: it is of no use any more
        return None
    return answer
