"""Derived data under the cache: one JSON file for each, found by a digest, bounded in all.

A file is a line with the SHA-256 of the rest, then the value as `codec` writes it. It appears whole or not at all; one that
is damaged is derived again. The digest covers robustcore's own source, its printed tables, plug-ins and the versions of the
libraries that compute, so that what another release derived is never met. The oldest files go when all of them exceed `LIMIT`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar, cast

from robustcore import paths, plugins
from robustcore.derived import codec
from robustcore.errors import InvalidArgumentError, StoreError

LIMIT = 256 << 20  # bytes of all files together
_KEPT = 0.75  # of the limit, after the oldest have gone
_ABANDONED = 3600  # seconds after which a file that is not yet whole never will be
_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "torch", "torchvision", "opencv-python-headless")
_MISSING = object()

Value = TypeVar("Value")
_log = logging.getLogger(__name__)


def digest(*parts: Any) -> str:
    """SHA-256 (hex) over values that `codec` can write."""
    text = json.dumps([codec.encode(part) for part in parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def code() -> str:
    """SHA-256 (hex) over robustcore's source and printed tables, and the versions of the libraries that compute."""
    package = Path(paths.__file__).parent
    total = hashlib.sha256()
    for path in [*sorted(package.rglob("*.py")), *sorted((paths.assets() / "published").glob("*.csv"))]:
        total.update(f"\0{path.name}\0".encode() + path.read_bytes())
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            total.update(f"\0{library} {version(library)}".encode())
    return total.hexdigest()


def once(kind: str, key: str, derive: Callable[[], Value]) -> Value:
    """What is kept under a key, else what `derive` gives, which is kept.

    Args:
        kind: the name of a folder: what is derived.
        key: of `digest`, over everything that it is derived from but the code.
        derive: gives a value that `codec` can write.
    """
    kept = get(kind, key, _MISSING)
    if kept is not _MISSING:
        return cast(Value, kept)
    value = derive()
    put(kind, key, value)
    return value


def get(kind: str, key: str, default: Any = None) -> Any:
    """What is kept under a key; the default where nothing is, or where the file is damaged."""
    path = _path(kind, key)
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return default
    except OSError as error:
        _log.warning("The derived data in %s cannot be read (%s).", path, error)
        return default
    checksum, _, body = text.partition(b"\n")
    if checksum.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        _log.warning("The derived data in %s are damaged and are derived again.", path)
        return default
    try:
        value = codec.decode(json.loads(body))
    except (InvalidArgumentError, ValueError) as error:
        _log.warning("The derived data in %s are derived again (%s).", path, error)
        return default
    with contextlib.suppress(OSError):  # somebody else's cache, or pruned meanwhile
        os.utime(path)
    return value


def put(kind: str, key: str, value: Any) -> bool:
    """Keep a value under a key, and say whether it is kept; where the cache cannot be written, a warning is logged."""
    body = json.dumps(codec.encode(value), separators=(",", ":"), ensure_ascii=True).encode()
    path = _path(kind, key)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        paths.writable_cache("derived", kind)
        scratch.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        os.replace(scratch, path)
        _prune(paths.cache() / "derived", path)
        return True
    except (OSError, StoreError) as error:
        _log.warning("Derived data cannot be kept: %s", error)
        return False
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)


def _path(kind: str, key: str) -> Path:
    return paths.cache() / "derived" / kind / f"{digest(key, code(), plugins.versions())}.json"


def _prune(folder: Path, latest: Path) -> None:
    """Remove the files that were used longest ago where all together exceed the limit, but never the latest: who asked for it has yet
    to read it."""
    files = []
    for path in folder.rglob("*.json*"):
        with contextlib.suppress(OSError):
            stat = path.stat()
            if path.suffix == ".json":
                files.append((stat.st_mtime_ns, stat.st_size, path))
            elif time.time() - stat.st_mtime > _ABANDONED:  # of a process that was killed while writing
                path.unlink()
    size = sum(each for _, each, _ in files)
    if size <= LIMIT:
        return
    for _, each, path in sorted(files):
        if size <= _KEPT * LIMIT:
            return
        if path != latest:
            path.unlink(missing_ok=True)
            size -= each
