"""Merge: take over the results of another file, from another machine say."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from robustcore.errors import StoreError
from robustcore.evaluation.store import codec, database, queries
from robustcore.evaluation.store.store import Layer, Store


@dataclasses.dataclass(frozen=True)
class Collision:
    """A unit that two files have with different predictions for the same images.

    Attributes:
        equal_counts: whether they agree in the numbers of correct answers, as runs on different devices mostly do.
    """

    model: str
    dataset: str
    condition: str
    shard: int
    equal_counts: bool


@dataclasses.dataclass
class Merged:
    """What a merge did: units that came new, units of more images that replaced ours, units that both had, collisions
    (ours were kept), and damaged units that were left behind."""

    added: int = 0
    larger: int = 0
    same: int = 0
    damaged: int = 0
    collisions: list[Collision] = dataclasses.field(default_factory=list)


def merge(store: Store, other: Path) -> Merged:
    """Take over the results of another file.

    Where both have a unit, the one of more images stays; of equally many ours stays, and different predictions are
    reported as a collision. Damaged units of the other file are left behind.

    Raises:
        StoreError: the other file is missing, no results file or of another version.
    """
    if not other.is_file():
        raise StoreError(f"There is no results file {other}.")
    if other.resolve() == store.path.resolve():
        raise StoreError(f"{other} is this cache's own results file; name another one.")
    merged = Merged()
    with closing(Layer(other, shipped=False).connect()) as source:
        for id_, *place, shards in _read(source, other, _CELLS):
            with store.writing() as target:
                ours = _take_cell(source, target, place)
                if ours is None:
                    merged.damaged += shards
                    continue
                for unit in _read(source, other, queries.UNITS, id_):
                    _take_unit(source, target, id_, ours, unit, merged)
                queries.recount(target, ours)
        with store.writing() as target:
            fingerprints = {fingerprint for (fingerprint,) in target.execute("SELECT fingerprint FROM datasets")}
            for dataset, path, classes, side, images in _sources(source, other):
                if dataset in fingerprints:
                    queries.keep_source(target, dataset, path, classes, side, images)
    return merged


def _sources(source: sqlite3.Connection, path: Path) -> list[tuple[str, str, str, int, int]]:
    """What the other file knows of its datasets, as far as it can be read."""
    with database.translated(path):
        try:
            return queries.sources(source)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return []


_CELLS = "SELECT id, dataset, model, condition, seed, precision, shards FROM cells ORDER BY id"


def _read(source: sqlite3.Connection, path: Path, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, up to the first that a damaged file cannot give."""
    with database.translated(path):
        try:
            yield from source.execute(query, values)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise


def _take_cell(source: sqlite3.Connection, target: sqlite3.Connection, place: list[Any]) -> int | None:
    """The id that a cell of the other file has in ours; None where what it refers to cannot be read."""
    ids = []
    for table, id_ in zip(("datasets", "models", "conditions"), place, strict=False):
        columns = queries.NAMED[table]
        row = source.execute(f"SELECT fingerprint, {', '.join(columns)} FROM {table} WHERE id = ?", (id_,)).fetchone()
        if row is None:
            return None
        if table == "models" and (probe := queries.probe(source, row[0])) is not None:
            queries.keep_probe(target, row[0], *probe)
        ids.append(queries.named(target, table, row[0], dict(zip(columns, row[1:], strict=True))))
    return queries.placed(target, (ids[0], ids[1], ids[2], place[3], place[4]))


def _take_unit(
    source: sqlite3.Connection, target: sqlite3.Connection, cell: int, place: int, unit: tuple[Any, ...], merged: Merged
) -> None:
    """Copy a unit, unless it is damaged or ours is as good."""
    try:
        damaged = queries.damage(source, cell, unit)
    except sqlite3.DatabaseError as error:
        damaged = str(error)
    if damaged:
        merged.damaged += 1
        return
    shard, n, correct, checksum = unit[0], unit[1], unit[3], unit[9]
    ours = target.execute(
        "SELECT n, correct, checksum FROM units WHERE cell = ? AND shard = ?", (place, shard)
    ).fetchone()
    if ours is not None and ours[0] >= n:
        # Equal predictions may be stored as other bytes: in an older form, or deflated by another library.
        if ours[0] > n or ours[2] == checksum or _bytes(source, cell, shard) == _bytes(target, place, shard):
            merged.same += 1
            return
        names = target.execute(f"{queries.NAMED_CELLS} WHERE cells.id = ?", (place,)).fetchone()
        merged.collisions.append(Collision(names[1], names[2], queries.readable(names[3]), shard, ours[1] == correct))
        return
    predictions = queries.read(source, cell, shard)
    assert predictions is not None
    run = source.execute(
        "SELECT identity, date, device, versions, command FROM runs WHERE id = ?", (unit[8],)
    ).fetchone()
    queries.insert_unit(
        target,
        (place, shard),
        queries.counts(source, (cell, shard)),
        codec.encode(predictions),
        seconds=unit[6],
        date=unit[7],
        run=queries.copied_run(target, run),
    )
    if ours is None:
        merged.added += 1
    else:
        merged.larger += 1


def _bytes(connection: sqlite3.Connection, cell: int, shard: int) -> bytes:
    """A unit's predictions in the serial form; nothing where they are missing or damaged, which `verify` deals with."""
    try:
        predictions = queries.read(connection, cell, shard)
    except StoreError:
        return b""
    return b"" if predictions is None else predictions.to_bytes()
