"""`python -m benchmarks [--write FILE] [NAME ...]`: run all benchmarks, or those named; each prints its tables.

A benchmark is a module or package of this one with a docstring, which says what it measures, and `main()`. Options behind one
name are that benchmark's own: its `main` takes them as a list, and its answer, where it is a number, is the exit status.
With `--write` the tables are also sections of a Markdown file, with the machine and the day; a section of a benchmark that is not
run now stays as it is.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import inspect
import io
import itertools
import os
import pkgutil
import platform
import re
import sys
from pathlib import Path
from typing import TextIO

import benchmarks

_HEAD = (
    "# Benchmarks\n\nWritten by `make bench`. Every section is the output of one benchmark, which `python -m benchmarks NAME` runs "
    "alone; its figures are of the machine and the day in its first line.\n"
)


class Tee(io.TextIOBase):
    """What is written is shown at once, and kept."""

    def __init__(self, shown: TextIO) -> None:
        self._shown = shown
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return self._shown.write(text)

    def flush(self) -> None:
        self._shown.flush()


def with_section(document: str, name: str, summary: str, machine: str, output: str) -> str:
    """The Markdown document with a benchmark's section, in the order of the names; one that it has of it is replaced."""
    parts = re.split(r"^## (\S+)\n", document, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    sections[name] = f"\n{summary}\n\n```text\n{machine}\n\n{output.strip()}\n```\n\n"
    return f"{_HEAD}\n" + "".join(f"## {title}\n{sections[title]}" for title in sorted(sections)).rstrip() + "\n"


def machine() -> str:
    """Processor, cores, Python and day, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    day = datetime.datetime.now(datetime.UTC).date()
    return f"{_processor()}, {cores} cores, Python {platform.python_version()}, {day}"


def _processor() -> str:
    """Its model, where Linux says it."""
    facts = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*:\s*(.+)$", facts.read_text(), re.MULTILINE) if facts.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def names() -> list[str]:
    """The benchmarks, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: list[str]) -> int:
    file = None
    if arguments[:1] == ["--write"]:
        if len(arguments) < 2:
            print("--write needs the file that the tables are written to.", file=sys.stderr)
            return 2
        file, arguments = Path(arguments[1]), arguments[2:]
    chosen = list(itertools.takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(chosen) :]
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"There is no benchmark named {unknown[0]!r}. Known: {', '.join(names())}.", file=sys.stderr)
        return 2
    if options and len(chosen) != 1:
        print(f"Options such as {options[0]} belong to one benchmark; name it before them.", file=sys.stderr)
        return 2
    print(f"{machine()}\n")
    status = 0
    for name in chosen or names():
        module = importlib.import_module(f"benchmarks.{name}")
        summary = (module.__doc__ or "").strip().splitlines()[0]
        print(f"== {name}: {summary}")
        takes_options = bool(inspect.signature(module.main).parameters)
        if options and not takes_options:
            print(f"The benchmark {name} has no options; leave out {options[0]}.", file=sys.stderr)
            return 2
        tee = Tee(sys.stdout)
        with contextlib.redirect_stdout(tee):
            status = max(status, (module.main(options) if takes_options else module.main()) or 0)
        print()
        if file is not None:
            document = file.read_text() if file.exists() else ""
            file.write_text(with_section(document, name, summary, machine(), tee.text))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
