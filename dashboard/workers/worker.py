"""A worker process: `python -m dashboard.workers.worker`. Reads requests from its standard input, one JSON object a line,
computes one after the other, keeps the values, and answers on its standard output. It ends when its input ends.

What models, images and libraries keep for the next request adds up. A worker that has grown by `MOST` says so with its answer,
and the pool puts another one in its place, between two requests."""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import traceback
from typing import Any, BinaryIO

from dashboard.workers import tasks
from robustcore import derived, errors, memory, plugins, processes
from robustcore.errors import RobustcoreError

PRELOAD = "--preload"  # import what most requests need before there is one
MOST = 192 << 20  # bytes by which a worker may grow


def main() -> None:
    """Serve until the input ends."""
    memory.give_back()
    if PRELOAD in sys.argv:
        tasks.preload()
    serve()


def serve(*, greet: bool = False) -> None:
    """Answer requests until the input ends; a greeting says the number of the process."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    plugins.load_all()
    began = processes.occupied_memory()
    if greet:
        _write(answers, {"pid": os.getpid()})
    while True:
        answer = _answer(requests.get())
        _write(answers, {**answer, "full": processes.occupied_memory() - began > MOST})


def _write(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
    answers.flush()


def _listen(lines: BinaryIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    try:
        for line in lines:
            message = json.loads(line)
            if "cancel" in message:
                tasks.cancelled.add(message["cancel"])
            else:
                requests.put(message)
    finally:  # the server has ended, maybe without having read what was sent to it
        os._exit(0)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    tasks.current = request["number"]
    try:
        plugins.require(request["plugins"])
        module, _, name = request["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        value = function(*derived.decode(request["arguments"]))
        if request.get("keep", True) and derived.put(request["kind"], request["key"], value):
            return {"kept": True}
        return {"kept": False, "value": derived.encode(value)}
    except RobustcoreError as error:
        # Of a class that only some module knows, the nearest one that the server knows too.
        known = next(each.__name__ for each in type(error).__mro__ if hasattr(errors, each.__name__))
        return {"error": [known, str(error)]}
    except Exception as error:
        return {"error": [type(error).__name__, traceback.format_exc()]}


if __name__ == "__main__":
    main()
