"""A worker process: `python -m dashboard.workers.worker`. Reads requests from its standard input, one JSON object a line,
computes one after the other, keeps the values, and answers on its standard output. It ends when its input ends."""

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
from robustcore import derived, errors, memory, plugins
from robustcore.errors import RobustcoreError

PRELOAD = "--preload"  # import what most requests need before there is one


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    memory.give_back()
    plugins.load_all()
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    if PRELOAD in sys.argv:
        tasks.preload()
    while True:
        request = requests.get()
        answers.write(json.dumps(_answer(request), separators=(",", ":")).encode() + b"\n")
        answers.flush()


def _listen(lines: BinaryIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in lines:
        message = json.loads(line)
        if "cancel" in message:
            tasks.cancelled.add(message["cancel"])
        else:
            requests.put(message)
    os._exit(0)  # the server has ended


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    tasks.current = request["number"]
    try:
        plugins.require(request["plugins"])
        module, _, name = request["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        value = function(*derived.decode(request["arguments"]))
        if derived.put(request["kind"], request["key"], value):
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
