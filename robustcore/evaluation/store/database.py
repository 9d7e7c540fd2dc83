"""SQLite with care: connections, transactions, and its errors as one sentence each."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustcore.errors import StoreError

BUSY_SECONDS = 30.0


def connect(path: Path, *, write: bool = False, immutable: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread.

    Args:
        path: the file; with `write` it is created if it is missing, in WAL mode.
        write: whether it will be written. Every commit reaches the disk.
        immutable: for files that are never written: no locks and no side files, so that a read-only place will do.
    """
    mode = "rwc" if write and not immutable else "ro"
    uri = f"{path.absolute().as_uri()}?mode={mode}" + ("&immutable=1" if immutable else "")
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    if write:
        try:
            _wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
    return connection


def _wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, so that readers and a writer do not wait for each other. The switch itself does not
    wait for a reader, as everything else does; so it is tried again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything inside happens, or nothing does."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk rolls back by itself; then there is nothing left to undo.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of SQLite and of texts in a file as `StoreError`s of one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, error)) from error
    except UnicodeDecodeError as error:  # not even SQLite's own sentence about the file is text
        raise StoreError(_damaged(path, "it holds texts that are none")) from error


def _damaged(path: Path, why: str) -> str:
    return f"The file {path} is damaged ({why}). 'robustcore results verify' keeps what can be kept."


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return f"The disk is full: {path} cannot grow. What was finished is kept; free some space and start again."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return (
            f"The file {path} cannot be written (no permission). "
            "Choose another cache folder with --cache DIR or the environment variable ROBUSTCORE_CACHE."
        )
    if code == sqlite3.SQLITE_NOTADB:
        return f"The file {path} is not a results file (not SQLite). Move it away, or choose another cache folder."
    if code == sqlite3.SQLITE_CORRUPT:
        return _damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The file {path} was locked by another process for over {BUSY_SECONDS:.0f} s. Try again later."
    if code == sqlite3.SQLITE_CANTOPEN:
        return f"The file {path} cannot be opened; its folder is missing or not accessible."
    return f"The file {path} cannot be used ({error})."
