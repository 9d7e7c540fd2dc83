"""`python -m benchmarks [NAME ...]`: run all benchmarks, or those named; each prints its tables.

A benchmark is a module of this package with a docstring, which says what it measures, and `main()`.
"""

from __future__ import annotations

import importlib
import pkgutil
import platform
import sys

import benchmarks


def names() -> list[str]:
    """The benchmarks, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))


def main(chosen: list[str]) -> int:
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"There is no benchmark named {unknown[0]!r}. Known: {', '.join(names())}.", file=sys.stderr)
        return 2
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    for name in chosen or names():
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        module.main()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
