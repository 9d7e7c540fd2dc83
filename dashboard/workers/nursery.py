"""The process that forks workers: `python -m dashboard.workers.nursery`. It imports what most requests need, then forks one for
each connection that arrives on its standard input, and ends with it."""

from __future__ import annotations

import gc
import os
import socket
import sys

from dashboard.workers import tasks, worker
from robustcore import memory, processes


def main() -> None:
    """Import, then fork until the input ends."""
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    memory.give_back()
    if worker.PRELOAD in sys.argv:
        tasks.preload()
    gc.collect()
    gc.freeze()  # a search for garbage in a worker would write to what it shares with the others
    while True:
        word, (*connections,), _, _ = socket.recv_fds(control, 1, 1)
        if not word:
            return
        for connection in connections:
            if processes.fork_process():
                _become_worker(control, connection)
            os.close(connection)


def _become_worker(control: socket.socket, connection: int) -> None:
    """Serve the connection; never returns."""
    try:
        control.close()
        os.dup2(connection, sys.stdin.fileno())
        os.dup2(connection, sys.stdout.fileno())
        os.close(connection)
        worker.serve(greet=True)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
