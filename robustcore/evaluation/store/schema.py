"""The results file: its tables, its version, and how it is opened.

One SQLite file. Pages read `cells` (one small row for each model, dataset and condition, with the totals of its units)
and sometimes `units`; the per-image predictions are in a table of their own, which such reads never touch. The view
`results` shows the cells with their names and metrics to anything that reads SQLite, without this package:

    import sqlite3, pandas
    pandas.read_sql("SELECT * FROM results", sqlite3.connect("cache/results/results.sqlite"))

A row of it is one model under one condition: names, seed, precision, n images, correct answers, accuracy, top5 and
confidence (0 .. 1), the fingerprints, and the date. Where no answer is right (unknown shapes) correct, accuracy and top5
are NULL. `units` has the same for every shard of 256 images, with the seconds it
took, its date (seconds since 1970), its checksum, and the `runs` row that says device, versions and command.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from robustcore.errors import StoreError
from robustcore.evaluation.store import database

APPLICATION_ID = 0x52424353  # marks a SQLite file as one of ours
VERSION = 8
READABLE = 5  # the oldest version that can be read as it is: 6 has one more table
# Conditions whose images have no right answer, by name and by kind; a view cannot ask the operations, and a test holds them together.
UNLABELLED = ("scenes/unknown",)
UNLABELLED_KIND = "unknown"

TABLES = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL, classes TEXT NOT NULL);
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL, split TEXT NOT NULL);
CREATE TABLE conditions (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    canonical TEXT NOT NULL);
-- What a model answers to the probe images, float32 (8, classes), and what has to be said beside its numbers (JSON).
CREATE TABLE probes (model TEXT PRIMARY KEY, answers BLOB NOT NULL, notes TEXT NOT NULL) WITHOUT ROWID;
-- Where a dataset is (the path of a folder, or ""), its classes (JSON), the images' side and number: what its results are
-- shown with where the folder is not here.
CREATE TABLE sources (
    dataset TEXT NOT NULL, path TEXT NOT NULL, classes TEXT NOT NULL, side INTEGER NOT NULL, images INTEGER NOT NULL,
    PRIMARY KEY (dataset, path)) WITHOUT ROWID;
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
    -- The date in seconds since 1970; the checksum is the first 8 bytes of a SHA-256.
    seconds REAL NOT NULL, date INTEGER NOT NULL, run INTEGER NOT NULL REFERENCES runs(id), checksum BLOB NOT NULL,
    PRIMARY KEY (cell, shard)) WITHOUT ROWID;
CREATE TABLE unit_values (
    cell INTEGER NOT NULL, shard INTEGER NOT NULL, name TEXT NOT NULL, total REAL NOT NULL,
    PRIMARY KEY (cell, shard, name)) WITHOUT ROWID;
-- The id says the place, so that neither an index nor columns are needed. `labels` is null where `data` has its own.
CREATE TABLE predictions (
    id INTEGER PRIMARY KEY, labels INTEGER REFERENCES labels(id), data BLOB NOT NULL,
    cell INTEGER AS (id >> 20) VIRTUAL, shard INTEGER AS (id & 1048575) VIRTUAL);
CREATE TABLE labels (id INTEGER PRIMARY KEY, data BLOB NOT NULL UNIQUE);
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
"""

_LABELLED = f"""CASE WHEN conditions.kind != '{UNLABELLED_KIND}' AND conditions.name NOT IN ({", ".join(f"'{name}'" for name in UNLABELLED)}) THEN"""
# The answers that can be right: where some images have no label, those of the others; none of them where all lack one.
_JUDGED = """(1.0 * answers * coalesce((SELECT sum(total) FROM unit_values
    WHERE unit_values.cell = cells.id AND unit_values.name = 'labelled'), n) / n)"""
VIEW = f"""CREATE VIEW results AS SELECT
    models.name AS model, datasets.name AS dataset, datasets.split AS split, conditions.kind AS kind,
    conditions.name AS name, json_extract(canonical, '$.severity') AS severity,
    json_extract(canonical, '$.strength') AS strength, json_extract(canonical, '$.variant') AS variant,
    coalesce(json_extract(canonical, '$.storage'), 'memory') AS storage,
    coalesce(json_extract(canonical, '$.params'), '') AS params, seed, precision, n, {_LABELLED} correct END AS correct,
    {_LABELLED} 1.0 * correct / nullif({_JUDGED}, 0) END AS accuracy,
    {_LABELLED} 1.0 * top5 / nullif({_JUDGED}, 0) END AS top5,
    confidence / answers AS confidence,
    models.fingerprint AS model_fingerprint, datasets.fingerprint AS dataset_fingerprint,
    conditions.fingerprint AS condition_fingerprint, updated
    FROM cells JOIN models ON models.id = cells.model JOIN datasets ON datasets.id = cells.dataset
    JOIN conditions ON conditions.id = cells.condition WHERE n > 0"""


def _new_view(connection: sqlite3.Connection) -> None:
    """Version 2: the view says a condition's variant and parameters too. Version 4: and no accuracy where no answer is right.
    Version 7: accuracy is over the images with a label. Version 8: unknown images of every kind have none."""
    connection.execute("DROP VIEW results")
    connection.execute(VIEW)


def _places(connection: sqlite3.Connection) -> None:
    """Version 3: predictions are found by their place, may share their labels, and units need fewer bytes. What was
    computed stays as it is: a checksum is cut to its first half, which is still one over the same bytes."""
    connection.create_function("unhexed", 1, bytes.fromhex, deterministic=True)
    for statement in (
        "ALTER TABLE units RENAME TO old_units",
        "CREATE TABLE units (cell INTEGER NOT NULL REFERENCES cells(id), shard INTEGER NOT NULL, n INTEGER NOT NULL, "
        "answers INTEGER NOT NULL, correct INTEGER NOT NULL, top5 INTEGER, confidence REAL, seconds REAL NOT NULL, "
        "date INTEGER NOT NULL, run INTEGER NOT NULL REFERENCES runs(id), checksum BLOB NOT NULL, "
        "PRIMARY KEY (cell, shard)) WITHOUT ROWID",
        "INSERT INTO units SELECT cell, shard, n, answers, correct, top5, confidence, seconds, "
        "CAST(strftime('%s', date) AS INTEGER), run, unhexed(substr(checksum, 1, 16)) FROM old_units",
        "DROP TABLE old_units",
        "CREATE TABLE labels (id INTEGER PRIMARY KEY, data BLOB NOT NULL UNIQUE)",
        "ALTER TABLE predictions RENAME TO old_predictions",
        "CREATE TABLE predictions (id INTEGER PRIMARY KEY, labels INTEGER REFERENCES labels(id), data BLOB NOT NULL, "
        "cell INTEGER AS (id >> 20) VIRTUAL, shard INTEGER AS (id & 1048575) VIRTUAL)",
        "INSERT INTO predictions (id, data) SELECT cell << 20 | shard, data FROM old_predictions ORDER BY cell, shard",
        "DROP TABLE old_predictions",
    ):
        connection.execute(statement)


def _probes(connection: sqlite3.Connection) -> None:
    """Version 5: answers to probe images. Results from before have none, which is said where they are shown."""
    connection.execute(
        "CREATE TABLE probes (model TEXT PRIMARY KEY, answers BLOB NOT NULL, notes TEXT NOT NULL) WITHOUT ROWID"
    )


def _sources(connection: sqlite3.Connection) -> None:
    """Version 6: where a dataset is, and one canonical form of equal conditions."""
    from robustcore.evaluation.store import canonical_forms  # imports what reads this module

    connection.execute(
        "CREATE TABLE sources (dataset TEXT NOT NULL, path TEXT NOT NULL, classes TEXT NOT NULL, side INTEGER NOT NULL, "
        "images INTEGER NOT NULL, PRIMARY KEY (dataset, path)) WITHOUT ROWID"
    )
    canonical_forms.settle(connection)


# From version -> what brings a file to the next one; run in one transaction, in order.
MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {
    1: _new_view,
    2: _places,
    3: _new_view,
    4: _probes,
    5: _sources,
    6: _new_view,
    7: _new_view,
}


def connect(path: Path, *, write: bool = False, immutable: bool = False) -> sqlite3.Connection:
    """A connection to a results file whose version was checked.

    Args:
        path: the file. With `write` it is created if it is missing, and migrated if it is older.
        write: whether it will be written.
        immutable: for shipped files.

    Raises:
        StoreError: no results file, or one of a version that this release does not read.
    """
    with database.translated(path):
        connection = database.connect(path, write=write, immutable=immutable)
        try:
            state = _State.of(connection)
            if state.current or (immutable and state.readable):
                return connection
            if write:
                with database.transaction(connection):
                    _upgrade(connection, path)
                return connection
            if state.empty:  # another process is creating it: there is nothing in it yet
                connection.close()
                return nothing()
            if not state.migratable or immutable:
                raise state.refusal(path)
            connection.close()
            connect(path, write=True).close()  # brings it to this version, where it can be written
            return connect(path)
        except BaseException:
            connection.close()
            raise


def nothing() -> sqlite3.Connection:
    """A connection to empty results in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _create(connection)
    return connection


@dataclasses.dataclass(frozen=True)
class _State:
    """What kind of file it is."""

    version: int
    mark: int
    tables: int

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> _State:
        # One statement, so that it cannot fall between two states of a file that is being made.
        return cls(
            *connection.execute(
                "SELECT (SELECT user_version FROM pragma_user_version), "
                "(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)"
            ).fetchone()
        )

    @property
    def current(self) -> bool:
        return self.version == VERSION and self.mark == APPLICATION_ID

    @property
    def readable(self) -> bool:
        return READABLE <= self.version <= VERSION and self.mark == APPLICATION_ID

    @property
    def empty(self) -> bool:
        return (self.version, self.mark, self.tables) == (0, 0, 0)

    @property
    def migratable(self) -> bool:
        steps = range(self.version, VERSION)
        return self.mark == APPLICATION_ID and self.version < VERSION and all(step in MIGRATIONS for step in steps)

    def refusal(self, path: Path) -> StoreError:
        if self.mark != APPLICATION_ID:
            return StoreError(
                f"The file {path} is not a results file (another SQLite database). "
                "Move it away, or choose another cache folder."
            )
        what = f"The results file {path} has version {self.version}; this release reads version {VERSION}."
        if self.version > VERSION:
            return StoreError(
                f"{what} It comes from a newer release: update robustcore, or choose another cache folder."
            )
        return StoreError(
            f"{what} It comes from an older release and cannot be brought to this version; choose another cache folder."
        )


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or migrate an older one. Looked at again inside the transaction: another process
    may have done it meanwhile."""
    state = _State.of(connection)
    if state.current:
        return
    if state.empty:
        _create(connection)
        return
    if not state.migratable:
        raise state.refusal(path)
    for version in range(state.version, VERSION):
        MIGRATIONS[version](connection)
    _mark(connection)


def _create(connection: sqlite3.Connection) -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(VIEW)
    _mark(connection)


def _mark(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
