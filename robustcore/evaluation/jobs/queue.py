"""The queue's file: `jobs.sqlite` under the cache. Rows in, rows out; `jobs` says what they mean."""

from __future__ import annotations

import dataclasses
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

VERSION = 3
_TABLES = (
    """CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0, control TEXT, created TEXT NOT NULL, began TEXT, ended TEXT,
    host TEXT, pid INTEGER, process TEXT, heartbeat REAL, log TEXT,
    total INTEGER, done INTEGER, cached INTEGER, failed INTEGER, rate REAL, seconds_left REAL,
    message TEXT NOT NULL DEFAULT '', events TEXT NOT NULL DEFAULT '[]')""",
    """CREATE TABLE job_cells (
    job INTEGER NOT NULL, place INTEGER NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    severity INTEGER, strength TEXT, condition TEXT NOT NULL,
    total INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (job, place)) WITHOUT ROWID""",
    # At most one row: the process that works the queue off. It counts `beat` up while it is alive.
    "CREATE TABLE worker (one INTEGER PRIMARY KEY CHECK (one = 1), host TEXT, pid INTEGER, process TEXT, log TEXT, "
    "beat INTEGER NOT NULL DEFAULT 0)",
)
# What each host has seen of another host's worker: its beat, and since when, in seconds since the boot of the host that
# looks: clocks of two hosts are never compared. `pid`, `process`, `log` are of the process that waits for the queue.
_SIGHTINGS = (
    "CREATE TABLE sightings (host TEXT PRIMARY KEY, worker TEXT NOT NULL, beat INTEGER NOT NULL, since REAL NOT NULL, "
    "pid INTEGER, process TEXT, log TEXT)"
)
_TO_VERSION_2 = ("ALTER TABLE worker ADD COLUMN beat INTEGER NOT NULL DEFAULT 0", _SIGHTINGS)
# What happened that a person should know of: notes, as JSON.
_TO_VERSION_3 = ("ALTER TABLE jobs ADD COLUMN events TEXT NOT NULL DEFAULT '[]'",)
_STEPS = {0: (*_TABLES, _SIGHTINGS), 1: (*_TO_VERSION_2, *_TO_VERSION_3), 2: _TO_VERSION_3}
SILENCE_SECONDS = 45.0  # a process of another host that has not been heard of for so long counts as gone: nine beats, and the queue goes on within a minute


@dataclasses.dataclass(frozen=True)
class Process:
    """A process of some host; equal values are the same process."""

    host: str
    pid: int
    started: str

    @classmethod
    def own(cls) -> Process:
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Process:
        """A process of this host."""
        return cls(socket.gethostname(), pid, processes.start_time(pid) or "")

    @classmethod
    def in_row(cls, row: sqlite3.Row) -> Process:
        """That of a row of jobs or of the worker."""
        return cls(row["host"] or "", row["pid"] or 0, row["process"] or "")

    @property
    def here(self) -> bool:
        """Whether it is of this host, where it can be asked after."""
        return self.host == socket.gethostname()

    def is_running(self) -> bool:
        """For a process of this host."""
        return processes.is_alive(self.pid, self.started)

    @property
    def place(self) -> tuple[str, int, str]:
        """The values of the columns host, pid and process."""
        return self.host, self.pid, self.started


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
        version = _version(connection, file)
        if version in (0, VERSION):
            yield connection if version else None
            return
    connect().close()  # brings it to this version
    with reading() as connection_:
        yield connection_


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
            if _version(connection, file) != VERSION:
                with database.transaction(connection):
                    # Looked at again: another process may have done it meanwhile.
                    for statement in _STEPS.get(_version(connection, file), ()):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            connection.close()
            raise
    return connection


def _version(connection: sqlite3.Connection, file: Path) -> int:
    """The file's version, 0 for an empty one; a `JobError` for one that this release does not read."""
    connection.row_factory = sqlite3.Row
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise JobError(
            f"The job file {file} has version {version}; this release reads version {VERSION}. "
            "Move it away, or choose another cache folder."
        )
    return version


def worker(connection: sqlite3.Connection) -> Process | None:
    """The process that works the queue off; None where there is none, or where it is gone: its process has ended, or
    it is one of another host that this host has seen silent for `SILENCE_SECONDS`."""
    row = connection.execute("SELECT * FROM worker").fetchone()
    if row is None:
        return None
    process = Process.in_row(row)
    if process.here:
        return process if process.is_running() else None
    return None if _silence(connection, row) > SILENCE_SECONDS else process


def watch(connection: sqlite3.Connection) -> float:
    """For a worker of another host: note its beat where it has changed since this host last looked. Returns the seconds
    for which it has been silent, by this host's clock."""
    row = connection.execute("SELECT * FROM worker").fetchone()
    seconds = _silence(connection, row)
    if seconds < 0:
        process = Process.in_row(row)
        connection.execute(
            "INSERT INTO sightings (host, worker, beat, since) VALUES (?, ?, ?, ?) ON CONFLICT (host) DO UPDATE SET "
            "worker = excluded.worker, beat = excluded.beat, since = excluded.since",
            (socket.gethostname(), repr(process.place), row["beat"], time.monotonic()),
        )
    return max(seconds, 0.0)


def _silence(connection: sqlite3.Connection, row: sqlite3.Row) -> float:
    """The seconds since which this host has seen the worker's beat as it is; below 0 where it has not seen that beat yet,
    or where it was started anew meanwhile."""
    seen = connection.execute(
        "SELECT since FROM sightings WHERE host = ? AND worker = ? AND beat = ?",
        (socket.gethostname(), repr(Process.in_row(row).place), row["beat"]),
    ).fetchone()
    return -1.0 if seen is None else time.monotonic() - seen["since"]


def successor(connection: sqlite3.Connection) -> Process | None:
    """The process of this host that waits to take the queue over from another host's worker, if it is running."""
    row = connection.execute("SELECT * FROM sightings WHERE host = ?", (socket.gethostname(),)).fetchone()
    if row is None or row["pid"] is None:
        return None
    process = Process.in_row(row)
    return process if process.is_running() else None


def set_successor(connection: sqlite3.Connection, process: Process, log: str) -> None:
    """Note the process that waits to take the queue over."""
    connection.execute(
        "UPDATE sightings SET pid = ?, process = ?, log = ? WHERE host = ?", (*process.place[1:], log, process.host)
    )


def succeed(connection: sqlite3.Connection, process: Process) -> None:
    """Make the process that waits for the queue the one that works it off."""
    row = connection.execute(
        "SELECT log FROM sightings WHERE host = ? AND pid = ? AND process = ?", process.place
    ).fetchone()
    set_worker(connection, process, (row and row["log"]) or "")


def set_worker(connection: sqlite3.Connection, process: Process, log: str) -> None:
    """Make a process the one that works the queue off."""
    connection.execute(
        "INSERT OR REPLACE INTO worker (one, host, pid, process, log) VALUES (1, ?, ?, ?, ?)", (*process.place, log)
    )


def remove_worker(connection: sqlite3.Connection, process: Process) -> None:
    """Let a process no longer be the one that works the queue off; nothing where it is not."""
    connection.execute("DELETE FROM worker WHERE host = ? AND pid = ? AND process = ?", process.place)


def beat(connection: sqlite3.Connection, process: Process) -> None:
    """Count up that the worker is alive; nothing where another process has become the worker."""
    connection.execute("UPDATE worker SET beat = beat + 1 WHERE host = ? AND pid = ? AND process = ?", process.place)


def begin(connection: sqlite3.Connection, job: int) -> None:
    """Mark a queued job as running in this process."""
    own = Process.own()
    log = connection.execute("SELECT log FROM worker WHERE host = ? AND pid = ? AND process = ?", own.place).fetchone()
    connection.execute(
        "UPDATE jobs SET state = 'running', control = NULL, host = ?, pid = ?, process = ?, heartbeat = ?, log = ?, "
        "began = ?, ended = NULL, message = '', events = '[]' WHERE id = ?",
        (*own.place, time.time(), log and log["log"], now(), job),
    )


def is_held(connection: sqlite3.Connection, job: int) -> bool:
    """Whether a job is this process's own: it is running, and was not given to another one while this one was asleep."""
    return (
        connection.execute(
            "SELECT 1 FROM jobs WHERE id = ? AND state = 'running' AND host = ? AND pid = ? AND process = ?",
            (job, *Process.own().place),
        ).fetchone()
        is not None
    )


def end(connection: sqlite3.Connection, job: int, state: str, message: str = "") -> None:
    """Mark this process's job as ended; one that another process has taken up stays that one's."""
    connection.execute(
        "UPDATE jobs SET state = ?, control = NULL, ended = ?, message = ?, seconds_left = NULL WHERE id = ? AND "
        "host = ? AND pid = ? AND process = ?",
        (state, now(), message, job, *Process.own().place),
    )
