"""The command line: finds the commands in `robustcore.commands`, runs one, and turns errors into one sentence."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Any

import robustcore.commands
from robustcore import plugins
from robustcore.errors import RobustcoreError


def commands() -> list[ModuleType]:
    """The command modules: each has NAME, HELP, configure(parser) and run(args) -> exit status."""
    walk = pkgutil.walk_packages(robustcore.commands.__path__, "robustcore.commands.")
    names = [module.name for module in walk if not module.ispkg and not module.name.rpartition(".")[2].startswith("_")]
    return sorted((importlib.import_module(name) for name in names), key=lambda module: str(module.NAME))


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command's flags."""
    parser = _Parser(prog="robustcore", description="How image classifiers break, and what fixes them.")
    parser.add_argument("--version", action="version", version=f"robustcore {version('robustcore')}")
    parts = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in commands():
        part = parts.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.configure(part)
        part.set_defaults(run=module.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser with the flags of every command. Sub-parsers are of their parent's class: those of commands and of their actions.

    So these flags may stand before the command, behind it, or behind its action.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        _add_plugin_flag(self)
        self.add_argument(
            "--cache", metavar="DIR", default=argparse.SUPPRESS, help="folder for everything computed here"
        )
        self.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )


def _add_plugin_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plugin",
        action="append",
        default=argparse.SUPPRESS,
        metavar="FILE|MODULE",
        help="load what this file, package or module registers (see docs/extending.md); repeatable, also ROBUSTCORE_PLUGINS",
    )


def load_plugins(argv: Sequence[str] | None = None) -> None:
    """Load the plug-ins that the command line, the environment and installed packages name; say which ones fail, and why.

    They are loaded before the parser is built, so that what they register is among the choices of the commands.
    """
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_plugin_flag(early)
    try:
        args, _ = early.parse_known_args(argv)
    except argparse.ArgumentError:  # --plugin without a name: the whole parser says so
        return
    plugins.load_all(getattr(args, "plugin", []))
    for problem in plugins.failures().values():
        print(f"robustcore: {problem}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 success, 1 an error (one sentence on standard error), 2 a usage error, 130 interrupted."""
    load_plugins(argv)
    args = build_parser().parse_args(argv)
    debug = getattr(args, "debug", False)
    if getattr(args, "cache", None):
        os.environ["ROBUSTCORE_CACHE"] = args.cache
    try:
        return int(args.run(args) or 0)
    except KeyboardInterrupt:
        print("Interrupted. What was finished is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output (head, less) has gone: nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RobustcoreError as error:
        if debug:
            raise
        print(f"robustcore: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if debug:
            raise
        print(f"robustcore: {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
