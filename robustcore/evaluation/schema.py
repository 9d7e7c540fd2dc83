"""The results file: its tables, its version, and how it is opened.

One SQLite file. Pages read `cells` (one small row for each model, dataset and condition, with the totals of its units)
and sometimes `units`; the per-image predictions lie in a table of their own, which such reads never touch. The view
`results` shows the cells with their names and metrics to anything that reads SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from robustcore.errors import StoreError

APPLICATION_ID = 0x52424353  # marks a SQLite file as one of ours
VERSION = 1

TABLES = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL, classes TEXT NOT NULL);
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL, split TEXT NOT NULL);
CREATE TABLE conditions (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    canonical TEXT NOT NULL);
CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    dataset INTEGER NOT NULL REFERENCES datasets(id), model INTEGER NOT NULL REFERENCES models(id),
    condition INTEGER NOT NULL REFERENCES conditions(id), seed INTEGER NOT NULL, precision TEXT NOT NULL,
    -- Totals over the cell's units, written in the transaction that writes a unit.
    -- `prefix` is the number of images without a gap from the first one on; it equals n but while a run is going on.
    shards INTEGER NOT NULL DEFAULT 0, prefix INTEGER NOT NULL DEFAULT 0, n INTEGER NOT NULL DEFAULT 0,
    answers INTEGER NOT NULL DEFAULT 0, correct INTEGER NOT NULL DEFAULT 0, top5 INTEGER, confidence REAL,
    updated TEXT NOT NULL DEFAULT '',
    UNIQUE (dataset, model, condition, seed, precision));
CREATE TABLE units (
    cell INTEGER NOT NULL REFERENCES cells(id), shard INTEGER NOT NULL,
    n INTEGER NOT NULL, answers INTEGER NOT NULL, correct INTEGER NOT NULL, top5 INTEGER, confidence REAL,
    seconds REAL NOT NULL, date TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs(id), checksum TEXT NOT NULL,
    PRIMARY KEY (cell, shard)) WITHOUT ROWID;
CREATE TABLE unit_values (
    cell INTEGER NOT NULL, shard INTEGER NOT NULL, name TEXT NOT NULL, total REAL NOT NULL,
    PRIMARY KEY (cell, shard, name)) WITHOUT ROWID;
CREATE TABLE predictions (
    id INTEGER PRIMARY KEY, cell INTEGER NOT NULL, shard INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (cell, shard));
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, date TEXT NOT NULL, device TEXT NOT NULL,
    versions TEXT NOT NULL, command TEXT NOT NULL);
CREATE TABLE failures (
    cell INTEGER NOT NULL, shard INTEGER NOT NULL, n INTEGER NOT NULL, reason TEXT NOT NULL, date TEXT NOT NULL,
    PRIMARY KEY (cell, shard)) WITHOUT ROWID;
CREATE TABLE claims (
    cell TEXT NOT NULL, shard INTEGER NOT NULL, owner TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY (cell, shard)) WITHOUT ROWID;
CREATE INDEX claims_by_owner ON claims (owner);
CREATE VIEW results AS SELECT
    models.name AS model, datasets.name AS dataset, datasets.split AS split, conditions.kind AS kind,
    conditions.name AS name, json_extract(conditions.canonical, '$.severity') AS severity,
    json_extract(conditions.canonical, '$.strength') AS strength,
    coalesce(json_extract(conditions.canonical, '$.storage'), 'memory') AS storage, seed, precision, n,
    correct, 1.0 * correct / answers AS accuracy, 1.0 * top5 / answers AS top5, confidence / answers AS confidence,
    models.fingerprint AS model_fingerprint, datasets.fingerprint AS dataset_fingerprint,
    conditions.fingerprint AS condition_fingerprint, updated
    FROM cells JOIN models ON models.id = cells.model JOIN datasets ON datasets.id = cells.dataset
    JOIN conditions ON conditions.id = cells.condition WHERE n > 0;
"""

# From version -> what brings a file to the next one; run in one transaction, in order.
MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {}

_BUSY_SECONDS = 30.0


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as one sentence each."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The disk is full: {path} cannot grow. What was finished is kept; free some space and start again."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreError(
            f"The results file {path} cannot be written (no permission). "
            "Choose another cache folder with --cache DIR or the environment variable ROBUSTCORE_CACHE."
        )
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path} is not a results file (not SQLite). Move it away, or choose another cache folder.")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(
            f"The results file {path} is damaged ({error}). 'robustcore results verify' keeps what can be kept."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"The results file {path} was locked by another process for over {_BUSY_SECONDS:.0f} s.")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"The results file {path} cannot be opened; the folder is missing or not accessible.")
    return StoreError(f"The results file {path} cannot be used ({error}).")


def connect(path: Path, *, write: bool = False, immutable: bool = False) -> sqlite3.Connection:
    """A checked connection in autocommit mode.

    Args:
        path: the file. With `write` it is created if it is missing and brought to this version if it is older.
        write: whether it will be written.
        immutable: for shipped files: opened without locks or side files, from a read-only place as well.
    """
    with translated(path):
        mode = "ro" if immutable or not write else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}" + ("&immutable=1" if immutable else "")
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            if write:
                connection.execute("PRAGMA journal_mode = WAL")
                # Every commit reaches the disk: a finished unit outlives a power cut.
                connection.execute("PRAGMA synchronous = FULL")
            _check_version(connection, path, write=write)
        except BaseException:
            connection.close()
            raise
        return connection


def _check_version(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if version == VERSION and mark == APPLICATION_ID:
        return
    if write:
        with transaction(connection):
            _upgrade(connection, path)
        return
    _refuse(connection, path)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables in a new file, or migrate an older one. Asked again inside the transaction: another process
    may have done it."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if version == 0 and empty:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    elif mark != APPLICATION_ID or version > VERSION:
        _refuse(connection, path)
    else:
        while version < VERSION:
            if version not in MIGRATIONS:
                _refuse(connection, path)
            MIGRATIONS[version](connection)
            version += 1
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _refuse(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if mark != APPLICATION_ID:
        raise StoreError(
            f"{path} is not a results file (another SQLite database). Move it away, or choose another cache folder."
        )
    direction = "newer" if version > VERSION else "older"
    advice = "Update robustcore" if version > VERSION else "Open it for writing once, so that it is migrated"
    raise StoreError(
        f"The results file {path} has version {version}; this release reads version {VERSION}. "
        f"It comes from a{'n' if direction == 'older' else ''} {direction} release. {advice}, or choose another cache folder."
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything inside happens, or nothing does."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # A full disk rolls back by itself; then there is nothing left to undo.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
