"""Starts workers without delay: `python -m benchmarks._fork_server` imports everything and forks a worker for each input line.

A forked worker runs the same code as every other worker; it only saves the seconds of importing torch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import IO

from robustcore.evaluation.jobs import worker
from robustcore.models import load_model  # noqa: F401


class ForkServer:
    """The server process; each `start` returns the pid of a new worker, which uses the cache folder set at the beginning."""

    def __enter__(self) -> ForkServer:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._fork_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._line()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in self._pipes():
            pipe.close()
        self._process.kill()
        self._process.wait()

    def start(self) -> int:
        """The pid of a new worker."""
        write, _ = self._pipes()
        write.write("start\n")
        write.flush()
        return int(self._line())

    def _line(self) -> str:
        line = self._pipes()[1].readline()
        if not line:
            raise RuntimeError("the fork server has ended")
        return line

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def main() -> None:
    """Fork a worker for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for them
    print("ready", flush=True)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            os.dup2(2, 1)  # keep the worker's output out of the server's replies
            os._exit(worker.main())
        print(pid, flush=True)


if __name__ == "__main__":
    main()
