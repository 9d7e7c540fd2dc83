"""The .py files of a plug-in, and their digest."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_INSTALLED = ("site-packages", "dist-packages")


def of_module(module: str) -> list[Path]:
    """The .py files of a module: all of its package, or the file and those beside it that it imports."""
    top = module.partition(".")[0]
    for name in dict.fromkeys((top, module)):
        loaded_ = sys.modules.get(name)
        spec = getattr(loaded_, "__spec__", None)
        if spec is None and loaded_ is None:
            spec = importlib.util.find_spec(name)
        file = getattr(loaded_, "__file__", None) or (spec.origin if spec else None)
        if file and Path(file).suffix == ".py" and Path(file).is_file():
            path = Path(file).resolve()
            return of_package(path.parent) if path.name == "__init__.py" else of_file(path)
    return []


def of_package(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.rglob("*.py") if not any(part.startswith(".") for part in p.parts[len(folder.parts) :])
    )


def of_file(path: Path) -> list[Path]:
    """A file and, of the files and packages beside it, those that it imports, and so on."""
    files: dict[Path, None] = {}
    waiting = [path]
    installed = path.parent.name in _INSTALLED
    while waiting:
        file = waiting.pop()
        if file in files:
            continue
        files[file] = None
        if installed:
            continue
        for top in _imported(file):
            beside = path.parent / f"{top}.py"
            waiting += [beside] if beside.is_file() else of_package(path.parent / top)
    return sorted(files)


def _imported(file: Path) -> Iterator[str]:
    """The first parts of the modules that a file imports, anywhere in it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # said when it is run
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def digest(files: list[Path]) -> str:
    """SHA-256 over names and contents; where the folder is makes no difference."""
    if not files:
        return ""
    folder = Path(os.path.commonpath([file.parent for file in files]))
    sha = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        sha.update(f"{file.relative_to(folder).as_posix()} {len(content)}\n".encode())
        sha.update(content)
    return sha.hexdigest()
