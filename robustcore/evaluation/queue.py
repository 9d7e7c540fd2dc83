"""The queue's file: `jobs.sqlite` under the cache. Rows in, rows out; what they mean is said in `jobs`."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from robustcore import paths
from robustcore.errors import JobError
from robustcore.evaluation import process, schema
from robustcore.evaluation.provenance import now

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
    with schema.translated(file), closing(_connect(file, "ro")) as connection:
        yield connection


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction; the file is made where it is missing."""
    with closing(connect()) as connection, schema.translated(path()), schema.transaction(connection):
        yield connection


def connect() -> sqlite3.Connection:
    """A connection for somebody who writes often; the file is made where it is missing."""
    paths.writable_cache()
    with schema.translated(path()):
        return _connect(path(), "rwc")


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and mode == "rwc":
            connection.execute("PRAGMA journal_mode = WAL")
            with schema.transaction(connection):
                if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    for table in _TABLES:
                        connection.execute(table)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version not in (0, VERSION):
            raise JobError(
                f"The job file {file} has version {version}; this release reads version {VERSION}. "
                "Move it away, or choose another cache folder."
            )
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection, job: int) -> None:
    """Mark a queued job as running in this process."""
    log = connection.execute("SELECT log FROM worker WHERE pid = ?", (os.getpid(),)).fetchone()
    connection.execute(
        "UPDATE jobs SET state = 'running', control = NULL, host = ?, pid = ?, process = ?, heartbeat = ?, log = ?, "
        "began = ?, ended = NULL, message = '' WHERE id = ?",
        (
            socket.gethostname(),
            os.getpid(),
            process.start_time(os.getpid()),
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
