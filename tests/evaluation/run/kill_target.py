"""Run as a script by `test_kills`: for every line on standard input, forks a process that runs the evaluation, and says its
pid; when that process has ended by itself, says so.

Everything is imported once, so that a run begins within milliseconds and a kill can meet it anywhere.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import Squares, classifier

import robustcore as rc
from robustcore.evaluation import Store, api, suites

CONDITIONS = "imagenet-c-extra"
SIZE = 600


def run(path: str) -> None:
    with Store(path, shipped=False) as store:
        rc.evaluate([classifier(), classifier("tiny/other", 0.1)], Squares(SIZE), CONDITIONS, store=store)


def main() -> None:
    suites.load(CONDITIONS)
    assert api
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run(line.strip())
            os._exit(0)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("killed" if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
