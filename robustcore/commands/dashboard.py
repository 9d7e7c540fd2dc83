"""`robustcore dashboard`: check the address, say it, and become the server."""

from __future__ import annotations

import argparse
import errno
import os
import re
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from robustcore.errors import InvalidArgumentError

NAME = "dashboard"
HELP = "Open the dashboard in the browser."

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: 8501)")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="name under which a reverse proxy hands requests on, for example robust.example.org, or *.example.org; "
        "repeatable. A dashboard on this machine alone answers to 127.0.0.1, localhost and these names",
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="for demonstrations: nothing can be launched, uploaded or deleted, and no model is fetched",
    )
    parser.add_argument(
        "--results",
        default="",
        metavar="FILE",
        help="show the results in this file, as 'robustcore results pack' writes it, instead of this machine's; read-only",
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
    names = [host_name(name) for name in args.host_name]
    check_free(args.address, args.port)
    if args.results:
        _open_results(args.results)
    if args.read_only or args.results:
        os.environ["ROBUSTCORE_READ_ONLY"] = "1"
    if args.data_root:
        os.environ["ROBUSTCORE_DATA_ROOTS"] = os.pathsep.join(_root(root) for root in args.data_root)
    host = f"[{args.address}]" if ":" in args.address else args.address
    print(f"The dashboard starts at http://{host}:{args.port} (Ctrl+C stops it).", flush=True)
    if names:
        print(f"It also answers to {', '.join(names)}, as a proxy in front of it calls it.", flush=True)
    if args.address not in _LOOPBACK:
        print("It listens beyond this machine: anyone who reaches this address can use it.", flush=True)
    command = [sys.executable, "-m", "dashboard.server", "--address", args.address, "--port", str(args.port)]
    command += [word for name in names for word in ("--host-name", name)]
    os.execv(sys.executable, command)


def host_name(name: str) -> str:
    """A host name, checked, in lower case.

    Raises:
        InvalidArgumentError: an address with its scheme, port or path, or no name at all.
    """
    if re.fullmatch(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*", name.lower()):
        return name.lower()
    hint = (urlsplit(name if "//" in name else f"//{name}").hostname or "") if name.isprintable() else ""
    raise InvalidArgumentError(
        f"A host name is a name alone, such as robust.example.org or *.example.org, not {name[:200]!r}."
        + (f" Write --host-name {hint}." if hint and hint != name else "")
    )


def _open_results(file: str) -> None:
    """Let the server read this file.

    Raises:
        StoreError: it is missing, or no results file that this release reads.
    """
    from robustcore import paths
    from robustcore.errors import StoreError
    from robustcore.evaluation.store.store import Layer

    path = os.path.abspath(os.path.expanduser(file))
    if not os.path.isfile(path):
        raise StoreError(f"There is no results file {file}. 'robustcore results pack FILE' writes one.")
    with Layer(Path(path), shipped=False, frozen=True).open():
        os.environ[paths.RESULTS] = path


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
