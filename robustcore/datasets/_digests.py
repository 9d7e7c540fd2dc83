"""Content digests of many files, kept in the cache so that only new and changed files are read again."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robustcore import paths
from robustcore.errors import DatasetError, StoreError

_log = logging.getLogger(__name__)

_READERS = min(8, os.cpu_count() or 1)


def of(root: Path, files: Sequence[str]) -> list[str]:
    """SHA-256 (hex) of each file's content; `files` are relative to `root`."""
    ledger = paths.cache() / "folders" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
    known = _load(ledger)
    stamps = {file: _stamp(root / file) for file in files}
    fresh = [file for file in files if known.get(file, [None])[:-1] != stamps[file]]
    if fresh:
        _log.info("Reading %d files of %s for its fingerprint.", len(fresh), root)
        with concurrent.futures.ThreadPoolExecutor(_READERS) as pool:
            digests = pool.map(_digest, (root / file for file in fresh))
            known |= {file: [*stamps[file], digest] for file, digest in zip(fresh, digests, strict=True)}
        _save(ledger, known)
    return [known[file][-1] for file in files]


def _stamp(path: Path) -> list[int]:
    """Size, time of change, and time of change of the entry, which a restored date does not hide."""
    try:
        status = path.stat()
    except OSError as error:
        raise DatasetError(f"The file {path} cannot be read ({error.strerror or error}).") from error
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"The file {path} cannot be read ({error.strerror or error}).") from error


def _load(ledger: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads(ledger.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The digests in %s cannot be read (%s) and are made again.", ledger, error)
        return {}
    if not isinstance(known, dict):
        return {}
    return {file: entry for file, entry in known.items() if isinstance(entry, list) and len(entry) == 4}


def _save(ledger: Path, known: dict[str, list[Any]]) -> None:
    scratch = ledger.with_name(f".{ledger.name}.{os.getpid()}")
    try:
        paths.writable_cache("folders")
        try:
            scratch.write_text(json.dumps(known))
            os.replace(scratch, ledger)
        finally:
            scratch.unlink(missing_ok=True)
    except (OSError, StoreError) as error:
        _log.warning("The digests of the files are not kept: %s", error)
