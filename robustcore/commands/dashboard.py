"""`robustcore dashboard`: check the address, say it, and become the server."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys

from robustcore.errors import InvalidArgumentError

NAME = "dashboard"
HELP = "Open the dashboard in the browser."

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: 8501)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="for demonstrations: nothing can be launched, uploaded or deleted, and no model is fetched",
    )
    parser.add_argument(
        "--data-root",
        action="append",
        default=[],
        metavar="DIR",
        help="folder that paths typed on a page must be in, links resolved; repeatable, also ROBUSTCORE_DATA_ROOTS. "
        "Without it any path may be typed where the dashboard listens on this machine alone, is not read-only and has "
        "no sign-in, and none otherwise",
    )


def run(args: argparse.Namespace) -> int:
    """Replace this process by the server, so that signals reach it without a detour."""
    check_free(args.address, args.port)
    if args.read_only:
        os.environ["ROBUSTCORE_READ_ONLY"] = "1"
    if args.data_root:
        os.environ["ROBUSTCORE_DATA_ROOTS"] = os.pathsep.join(_root(root) for root in args.data_root)
    host = f"[{args.address}]" if ":" in args.address else args.address
    print(f"The dashboard starts at http://{host}:{args.port} (Ctrl+C stops it).", flush=True)
    if args.address not in _LOOPBACK:
        print("It listens beyond this machine: anyone who reaches this address can use it.", flush=True)
    command = [sys.executable, "-m", "dashboard.server", "--address", args.address, "--port", str(args.port)]
    os.execv(sys.executable, command)


def _root(folder: str) -> str:
    """A data root as an absolute path."""
    path = os.path.abspath(os.path.expanduser(folder))
    if not os.path.isdir(path):
        raise InvalidArgumentError(f"The data root {folder} is no folder. Name one that is there.")
    if os.pathsep in path:
        raise InvalidArgumentError(f"A data root has no {os.pathsep!r} in its path; {folder} has. Give a link to it.")
    return path


def check_free(address: str, port: int) -> None:
    """Raise an `InvalidArgumentError` when a server cannot listen there."""
    if not 1 <= port <= 65535:
        raise InvalidArgumentError(f"A port is an integer from 1 to 65535, not {port}.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InvalidArgumentError(
                f"Port {port} on {address} is in use already. Choose another one, for example --port {port % 65535 + 1}."
            ) from error
        reason = error.strerror or str(error)
        raise InvalidArgumentError(f"The dashboard cannot listen on {address}, port {port} ({reason}).") from error
