"""`python -m benchmarks [NAME ...]`: run all benchmarks, or those named; each prints its tables.

A benchmark is a module or package of this one with a docstring, which says what it measures, and `main()`. Options behind one
name are that benchmark's own: its `main` takes them as a list, and its answer, where it is a number, is the exit status.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import platform
import sys

import benchmarks


def names() -> list[str]:
    """The benchmarks, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(arguments: list[str]) -> int:
    chosen = list(itertools.takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(chosen) :]
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"There is no benchmark named {unknown[0]!r}. Known: {', '.join(names())}.", file=sys.stderr)
        return 2
    if options and len(chosen) != 1:
        print(f"Options such as {options[0]} belong to one benchmark; name it before them.", file=sys.stderr)
        return 2
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    status = 0
    for name in chosen or names():
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        takes_options = bool(inspect.signature(module.main).parameters)
        if options and not takes_options:
            print(f"The benchmark {name} has no options; leave out {options[0]}.", file=sys.stderr)
            return 2
        status = max(status, (module.main(options) if takes_options else module.main()) or 0)
        print()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
