"""Runs the server: `python -m dashboard.server --address 127.0.0.1 --port 8501`.

Everything but address and port comes from `.streamlit/config.toml` next to the entry script.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from pathlib import Path

from dashboard.session import host_names, permissions
from dashboard.workers import pool
from robustcore import memory, plugins

WARM_UP = "ROBUSTCORE_WARM_UP"  # 0: nothing is computed before somebody asks for it
_FREEZES = (30, 120, 600)  # seconds after the warm-up, then one after the other
APP = Path(__file__).resolve().parent / "app.py"


def main() -> None:
    """Start the warm-up and become the server."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.server")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--host-name", action="append", default=[])
    args = parser.parse_args()
    options = ["--server.address", args.address, "--server.port", str(args.port)]
    options += host_names.options(args.address, args.host_name)
    if permissions.read_only():
        options += ["--server.maxUploadSize", "0"]  # the server itself refuses every file, whatever a browser sends
    plugins.load_all()
    # Idle threads must not spin: on a busy machine that makes the small images of a page ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    memory.give_back()
    host_names.install()
    pool.start(pool.default_count(), ["--preload"], forks=True)
    from streamlit.web import cli

    if os.environ.get(WARM_UP) != "0":
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    status = 0
    try:
        cli.main(["run", str(APP), *options], prog_name="streamlit")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    # The workers end with it. An orderly end would print pages about objects that torch's compiler has leaked.
    os._exit(status)


def _warm_up() -> None:
    """Load what takes seconds in a thread; the caches can be filled as soon as the server runs."""
    # Streamlit warns of every cache that is filled outside a page's run.
    contexts = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    contexts.addFilter(lambda record: record.thread != threading.get_ident())
    import torch  # noqa: F401
    from streamlit import runtime

    while not runtime.exists():
        time.sleep(0.05)
    from dashboard import warm_up

    warm_up.warm_up()
    for pause in _FREEZES:  # what the first visitors made it load stays too
        time.sleep(pause)
        warm_up.freeze()


if __name__ == "__main__":
    main()
