"""The queue's file: `jobs.sqlite` under the cache. Rows in, rows out; `jobs` says what they mean."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from robustcore import paths, processes
from robustcore.errors import JobError
from robustcore.evaluation.provenance import now
from robustcore.evaluation.store import database

VERSION = 1
_TABLES = (
    """CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0, control TEXT, created TEXT NOT NULL, began TEXT, ended TEXT,
    host TEXT, pid INTEGER, process TEXT, heartbeat REAL, log TEXT,
    total INTEGER, done INTEGER, cached INTEGER, failed INTEGER, rate REAL, seconds_left REAL,
    message TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE job_cells (
    job INTEGER NOT NULL, place INTEGER NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    severity INTEGER, strength TEXT, condition TEXT NOT NULL,
    total INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (job, place)) WITHOUT ROWID""",
    # At most one row: the process that works the queue off.
    "CREATE TABLE worker (one INTEGER PRIMARY KEY CHECK (one = 1), host TEXT, pid INTEGER, process TEXT, log TEXT)",
)


def path() -> Path:
    """The file."""
    return paths.cache() / "jobs.sqlite"


@contextmanager
def reading() -> Iterator[sqlite3.Connection | None]:
    """A connection for reading, or None where no job was ever submitted."""
    file = path()
    if not file.exists():
        yield None
        return
    with database.translated(file), closing(database.connect(file)) as connection:
        yield connection if _version(connection, file) else None


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction; the file is created if it is missing."""
    with closing(connect()) as connection, database.translated(path()), database.transaction(connection):
        yield connection


def connect() -> sqlite3.Connection:
    """A connection for frequent writes; the file is created if it is missing."""
    paths.writable_cache()
    file = path()
    with database.translated(file):
        connection = database.connect(file, write=True)
        try:
            # A power failure may lose a job's progress, not its results: they are in the store.
            connection.execute("PRAGMA synchronous = NORMAL")
            if not _version(connection, file):
                with database.transaction(connection):
                    if not _version(connection, file):  # unless another process has created it meanwhile
                        for table in _TABLES:
                            connection.execute(table)
                        connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            connection.close()
            raise
    return connection


def _version(connection: sqlite3.Connection, file: Path) -> int:
    """The file's version, 0 for an empty one; a `JobError` for one that this release does not read."""
    connection.row_factory = sqlite3.Row
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version not in (0, VERSION):
        raise JobError(
            f"The job file {file} has version {version}; this release reads version {VERSION}. "
            "Move it away, or choose another cache folder."
        )
    return version


def begin(connection: sqlite3.Connection, job: int) -> None:
    """Mark a queued job as running in this process."""
    log = connection.execute("SELECT log FROM worker WHERE pid = ?", (os.getpid(),)).fetchone()
    connection.execute(
        "UPDATE jobs SET state = 'running', control = NULL, host = ?, pid = ?, process = ?, heartbeat = ?, log = ?, "
        "began = ?, ended = NULL, message = '' WHERE id = ?",
        (
            socket.gethostname(),
            os.getpid(),
            processes.start_time(os.getpid()),
            time.time(),
            log and log["log"],
            now(),
            job,
        ),
    )


def end(connection: sqlite3.Connection, job: int, state: str, message: str = "") -> None:
    """Mark a job as ended."""
    connection.execute(
        "UPDATE jobs SET state = ?, control = NULL, ended = ?, message = ?, seconds_left = NULL WHERE id = ?",
        (state, now(), message, job),
    )
