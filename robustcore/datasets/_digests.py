"""Content digests of many files, cached so that only new and changed files are read again."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from robustcore import paths
from robustcore.errors import DatasetError, ImageError, StoreError
from robustcore.images import decode
from robustcore.paths import printable

_log = logging.getLogger(__name__)

DECODER = 1  # raised when `images.decode` reads, or refuses, other files than before
_READERS = min(8, os.cpu_count() or 1)


def of(root: Path, files: Sequence[str]) -> list[str]:
    """SHA-256 (hex) of each file's content; `files` are relative to `root`."""
    return _answers(root, files, "folders", _digest, "for its fingerprint")


def unreadable(root: Path, files: Sequence[str]) -> dict[str, str]:
    """Those of the files that are no images that can be read, and why, in a sentence each."""
    answers = _answers(root, files, f"readable-{DECODER}", _why_unreadable, "for images that cannot be read")
    return {file: answer for file, answer in zip(files, answers, strict=True) if answer}


def _answers(root: Path, files: Sequence[str], folder: str, ask: Callable[[Path], str], purpose: str) -> list[str]:
    """What `ask` answers for each file, asked anew only for files of another size or time of change."""
    ledger = paths.cache() / folder / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
    entries = _load(ledger)
    stamps = {file: _stamp(root / file) for file in files}
    fresh = [file for file in files if entries.get(file, [None])[:-1] != stamps[file]]
    if fresh:
        _log.info("Reading %d files of %s %s.", len(fresh), printable(str(root)), purpose)
        with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
            answers = pool.map(ask, (root / file for file in fresh))
            entries |= {file: [*stamps[file], answer] for file, answer in zip(fresh, answers, strict=True)}
        _save(ledger, entries)
    return [entries[file][-1] for file in files]


def _why_unreadable(path: Path) -> str:
    try:
        decode(path, check_only=True)
    except ImageError as error:
        return str(error)
    return ""


def _stamp(path: Path) -> list[int]:
    """Size, modification time, and change time, which resetting the modification time does not hide."""
    try:
        status = path.stat()
    except OSError as error:
        raise DatasetError(f"The file {printable(str(path))} cannot be read ({error.strerror or error}).") from error
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"The file {printable(str(path))} cannot be read ({error.strerror or error}).") from error


def _load(ledger: Path) -> dict[str, list[Any]]:
    try:
        entries = json.loads(ledger.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The digests in %s cannot be read (%s) and are computed again.", ledger, error)
        return {}
    if not isinstance(entries, dict):
        return {}
    return {file: entry for file, entry in entries.items() if isinstance(entry, list) and len(entry) == 4}


def _save(ledger: Path, entries: dict[str, list[Any]]) -> None:
    scratch = ledger.with_name(f".{ledger.name}.{os.getpid()}")
    try:
        paths.writable_cache(ledger.parent.name)
        try:
            scratch.write_text(json.dumps(entries))
            os.replace(scratch, ledger)
        finally:
            scratch.unlink(missing_ok=True)
    except (OSError, StoreError) as error:
        _log.warning("The digests of the files cannot be cached: %s", error)
