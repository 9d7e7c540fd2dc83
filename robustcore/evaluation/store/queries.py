"""Rows of the results file: each function is one question or one change on an open connection."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcore.errors import StoreError
from robustcore.evaluation import provenance
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.plan import SHARD, Cell, Key, Unit
from robustcore.evaluation.provenance import Run
from robustcore.evaluation.store import codec
from robustcore.evaluation.store.codec import Encoded
from robustcore.evaluation.store.predictions import Counts, Predictions

COUNTS = ("n", "answers", "correct", "top5", "confidence")
# The columns of what cells refer to, without the fingerprint.
PROBES = 8  # images of `robustcore.models.probes`
NAMED = {"models": ("name", "classes"), "datasets": ("name", "split"), "conditions": ("kind", "name", "canonical")}
# (id, model, dataset, canonical condition, its fingerprint, shards, n) of every cell
NAMED_CELLS = (
    "SELECT cells.id, models.name, datasets.name, conditions.canonical, conditions.fingerprint, cells.shards, cells.n "
    "FROM cells JOIN models ON models.id = cells.model JOIN datasets ON datasets.id = cells.dataset "
    "JOIN conditions ON conditions.id = cells.condition"
)
# A cell's units, as `damage` takes them.
UNITS = (
    "SELECT shard, n, answers, correct, top5, confidence, seconds, date, run, checksum FROM units WHERE cell = ? "
    "ORDER BY shard"
)


def cells(connection: sqlite3.Connection, wanted: Iterable[Cell]) -> dict[Key, dict[str, Any]]:
    """The `cells` rows, with their totals, of those cells that exist."""
    keys = {cell.key for cell in wanted}
    rows_by_key: dict[Key, dict[str, Any]] = {}
    for dataset in {key.dataset for key in keys}:
        models = sorted({key.model for key in keys if key.dataset == dataset})
        rows = connection.execute(
            "SELECT models.fingerprint, conditions.fingerprint, cells.seed, cells.precision, cells.id, cells.prefix, "
            "cells.n, cells.answers, cells.correct, cells.top5, cells.confidence, cells.updated "
            "FROM cells JOIN models ON models.id = cells.model JOIN conditions ON conditions.id = cells.condition "
            "WHERE cells.dataset = (SELECT id FROM datasets WHERE fingerprint = ?) "
            "AND cells.model IN (SELECT id FROM models WHERE fingerprint IN (SELECT value FROM json_each(?)))",
            (dataset, json.dumps(models)),
        )
        for model, condition, seed, precision, *rest in rows:
            key = Key(model, dataset, condition, seed, precision)
            if key in keys:
                rows_by_key[key] = dict(zip(("id", "prefix", *COUNTS, "updated"), rest, strict=True))
    return rows_by_key


def subjects(connection: sqlite3.Connection, dataset: str) -> list[tuple[str, str, str]]:
    """(name, fingerprint, classes as JSON) of the models of which anything is stored on a dataset."""
    return connection.execute(
        "SELECT name, fingerprint, classes FROM models WHERE id IN (SELECT model FROM cells WHERE n > 0 "
        "AND dataset = (SELECT id FROM datasets WHERE fingerprint = ?)) ORDER BY name",
        (dataset,),
    ).fetchall()


def sides(connection: sqlite3.Connection) -> list[int]:
    """The sides of images with which data sets have been evaluated, in pixels."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone():
        return []
    return [side for (side,) in connection.execute("SELECT DISTINCT side FROM sources ORDER BY side")]


def conditions(connection: sqlite3.Connection, dataset: str, kind: str) -> list[str]:
    """The canonical forms of the conditions of a kind under which anything is stored on a dataset, sorted."""
    rows = connection.execute(
        "SELECT DISTINCT canonical FROM conditions WHERE kind = ? AND id IN (SELECT condition FROM cells WHERE n > 0 "
        "AND dataset = (SELECT id FROM datasets WHERE fingerprint = ?)) ORDER BY canonical",
        (kind, dataset),
    )
    return [form for (form,) in rows]


def released(
    connection: sqlite3.Connection, datasets: Iterable[str], models: Iterable[str]
) -> list[tuple[str, str, int, int]]:
    """(canonical form, fingerprint, models, the most images) of the released corruptions with results of some models on some
    data sets, both by their fingerprints."""
    return connection.execute(
        "SELECT conditions.canonical, conditions.fingerprint, count(DISTINCT cells.model), max(cells.n) FROM conditions "
        "JOIN cells ON cells.condition = conditions.id WHERE conditions.kind = 'corruption' AND cells.n > 0 "
        "AND conditions.canonical ->> 'storage' = 'released' "
        "AND cells.dataset IN (SELECT id FROM datasets WHERE fingerprint IN (SELECT value FROM json_each(?))) "
        "AND cells.model IN (SELECT id FROM models WHERE fingerprint IN (SELECT value FROM json_each(?))) "
        "GROUP BY conditions.id ORDER BY conditions.canonical",
        (json.dumps(sorted(datasets)), json.dumps(sorted(models))),
    ).fetchall()


def model_names(connection: sqlite3.Connection) -> dict[str, str]:
    """Fingerprint -> name of every model of which anything is stored."""
    return dict(connection.execute("SELECT fingerprint, name FROM models").fetchall())


def counted(connection: sqlite3.Connection, dataset: str) -> list[tuple[str, str, str, int, str, int, int, int]]:
    """(model, its fingerprint, the condition's, seed, precision, n, answers, correct) of every cell on a dataset."""
    return connection.execute(
        "SELECT models.name, models.fingerprint, conditions.fingerprint, cells.seed, cells.precision, cells.n, cells.answers, "
        "cells.correct FROM cells JOIN models ON models.id = cells.model JOIN conditions ON conditions.id = cells.condition "
        "WHERE cells.n > 0 AND cells.dataset = (SELECT id FROM datasets WHERE fingerprint = ?)",
        (dataset,),
    ).fetchall()


def unit_counts(connection: sqlite3.Connection, cell: int, unit: Unit) -> tuple[Counts | None, str]:
    """The counts of a unit's images and their date: the row's own, or from the predictions where the row has more."""
    row = connection.execute(
        "SELECT n, answers, correct, top5, confidence, date FROM units WHERE cell = ? AND shard = ?", (cell, unit.shard)
    ).fetchone()
    if row is None:
        return None, ""
    if row[0] > unit.n:
        predictions = read(connection, cell, unit.shard)
        return (None, "") if predictions is None else (predictions.prefix(unit.n).counts(), provenance.date(row[5]))
    values = connection.execute(
        "SELECT name, total FROM unit_values WHERE cell = ? AND shard = ?", (cell, unit.shard)
    ).fetchall()
    return Counts(row[0], row[1], row[2], row[3], row[4], dict(values)), provenance.date(row[5])


def values(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """Cell id -> the totals of its further per-image numbers."""
    sums: dict[int, dict[str, float]] = {}
    rows = connection.execute(
        "SELECT cell, name, sum(total) FROM unit_values WHERE cell IN (SELECT value FROM json_each(?)) GROUP BY cell, name",
        (json.dumps(list(ids)),),
    )
    for cell, name, total in rows:
        sums.setdefault(cell, {})[name] = total
    return sums


_DECODED_TOGETHER = 200  # cells
_STORED = "SELECT predictions.data, labels.data FROM predictions LEFT JOIN labels ON labels.id = predictions.labels"


def stored(connection: sqlite3.Connection, place: tuple[int, int]) -> Encoded | None:
    """One unit's predictions as the file has them."""
    row = connection.execute(f"{_STORED} WHERE predictions.id = ?", (_id(place),)).fetchone()
    return None if row is None else Encoded(row[0], row[1] or b"")


def read(connection: sqlite3.Connection, cell: int, shard: int) -> Predictions | None:
    """One unit's predictions."""
    encoded = stored(connection, (cell, shard))
    return None if encoded is None else codec.decode(encoded.data, encoded.labels)


def predictions(connection: sqlite3.Connection, cell: int) -> Iterator[tuple[int, Predictions]]:
    """(shard, predictions) of every unit of a cell, in order."""
    for shard, data, labels in _of_cell(connection, cell):
        yield shard, codec.decode(data, labels)


def answers(connection: sqlite3.Connection, ids: Sequence[int]) -> Iterator[tuple[int, int, Predictions]]:
    """(cell, shard, labels and best classes) of every unit of some cells, shard by shard."""
    for first in range(0, len(ids), _DECODED_TOGETHER):
        rows = [(cell, *row) for cell in ids[first : first + _DECODED_TOGETHER] for row in _of_cell(connection, cell)]
        units = codec.decode_answers([(data, labels) for _, _, data, labels in rows])
        for (cell, shard, *_), unit in zip(rows, units, strict=True):
            yield cell, shard, unit


def _of_cell(connection: sqlite3.Connection, cell: int) -> sqlite3.Cursor:
    query = _STORED.replace("SELECT", "SELECT predictions.shard,", 1)
    return connection.execute(f"{query} WHERE predictions.id BETWEEN ? AND ? ORDER BY predictions.id", _ids(cell))


def _id(place: tuple[int, int]) -> int:
    """The id of the predictions at (cell, shard): one number says both."""
    return place[0] << 20 | place[1]


def _ids(cell: int) -> tuple[int, int]:
    """The first and the last id that a cell's predictions can have."""
    return _id((cell, 0)), _id((cell + 1, 0)) - 1


def total(parts: Sequence[Counts]) -> Counts:
    """The sum of several units' counts; what one of them lacks is lacking."""
    top5 = [part.top5 for part in parts]
    confidence = [part.confidence for part in parts]
    names = set.intersection(*(set(part.values) for part in parts)) if parts else set()
    return Counts(
        n=sum(part.n for part in parts),
        answers=sum(part.answers for part in parts),
        correct=sum(part.correct for part in parts),
        top5=None if None in top5 else sum(v for v in top5 if v is not None),
        confidence=None if None in confidence else sum(v for v in confidence if v is not None),
        values={name: sum(part.values[name] for part in parts) for name in sorted(names)},
    )


def cell_id(connection: sqlite3.Connection, cell: Cell) -> int:
    """The id of a cell's row; the row, and those that it refers to, are created if they are missing."""
    key, condition = cell.key, cell.condition
    model = named(
        connection, "models", key.model, {"name": cell.model.name, "classes": json.dumps(list(cell.model.classes))}
    )
    dataset = named(connection, "datasets", key.dataset, {"name": cell.dataset, "split": cell.split})
    condition_id = named(
        connection,
        "conditions",
        key.condition,
        {"kind": condition.kind, "name": condition.name, "canonical": condition.canonical()},
    )
    return placed(connection, (dataset, model, condition_id, key.seed, key.precision))


def placed(connection: sqlite3.Connection, place: tuple[int, int, int, int, str]) -> int:
    """The id of the cell of (dataset, model, condition, seed, precision), created if it is missing."""
    connection.execute(
        "INSERT OR IGNORE INTO cells (dataset, model, condition, seed, precision) VALUES (?, ?, ?, ?, ?)", place
    )
    row = connection.execute(
        "SELECT id FROM cells WHERE dataset = ? AND model = ? AND condition = ? AND seed = ? AND precision = ?", place
    ).fetchone()
    return int(row[0])


def named(connection: sqlite3.Connection, table: str, fingerprint: str, fields: Mapping[str, str]) -> int:
    """The id of a row of models, datasets or conditions, created if it is missing."""
    row = connection.execute(f"SELECT id FROM {table} WHERE fingerprint = ?", (fingerprint,)).fetchone()
    if row is None:
        names = ", ".join(["fingerprint", *fields])
        marks = ", ".join("?" * (len(fields) + 1))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", (fingerprint, *fields.values()))
        row = connection.execute(f"SELECT id FROM {table} WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return int(row[0])


def run_id(connection: sqlite3.Connection, run: Run) -> int:
    """The id of a run's row, created if it is missing."""
    versions = json.dumps(dict(run.versions), sort_keys=True)
    return copied_run(connection, (run.identity, run.date, run.device, versions, run.command))


def copied_run(connection: sqlite3.Connection, run: tuple[str, str, str, str, str]) -> int:
    """The id of the run of (identity, date, device, versions, command), created if it is missing."""
    connection.execute(
        "INSERT OR IGNORE INTO runs (identity, date, device, versions, command) VALUES (?, ?, ?, ?, ?)", run
    )
    return int(connection.execute("SELECT id FROM runs WHERE identity = ?", (run[0],)).fetchone()[0])


def checksum(counts: Counts, predictions: Encoded) -> bytes:
    """Over a unit's counts and predictions, 8 bytes."""
    head = json.dumps([getattr(counts, name) for name in COUNTS] + [sorted(counts.values.items())])
    return hashlib.sha256(head.encode() + predictions.data + predictions.labels).digest()[:8]


def insert_unit(
    connection: sqlite3.Connection,
    place: tuple[int, int],
    counts: Counts,
    predictions: Encoded,
    *,
    seconds: float,
    date: int,
    run: int,
) -> None:
    """Write one unit's rows at (cell, shard), over what stood there; the date in seconds since 1970."""
    connection.execute(
        "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*place, *(getattr(counts, name) for name in COUNTS), seconds, date, run, checksum(counts, predictions)),
    )
    connection.execute("DELETE FROM unit_values WHERE cell = ? AND shard = ?", place)
    connection.executemany(
        "INSERT INTO unit_values VALUES (?, ?, ?, ?)", [(*place, name, sum_) for name, sum_ in counts.values.items()]
    )
    connection.execute(
        "INSERT OR REPLACE INTO predictions (id, labels, data) VALUES (?, ?, ?)",
        (_id(place), _labels_id(connection, predictions.labels), predictions.data),
    )


def _labels_id(connection: sqlite3.Connection, labels: bytes) -> int | None:
    """The id of these labels' row, created if it is missing; None for predictions that have their own."""
    if not labels:
        return None
    connection.execute("INSERT OR IGNORE INTO labels (data) VALUES (?)", (labels,))
    return int(connection.execute("SELECT id FROM labels WHERE data = ?", (labels,)).fetchone()[0])


def remove_unit(connection: sqlite3.Connection, place: tuple[int, int]) -> None:
    """Delete one unit's rows at (cell, shard)."""
    for table in ("units", "unit_values"):
        connection.execute(f"DELETE FROM {table} WHERE cell = ? AND shard = ?", place)
    connection.execute("DELETE FROM predictions WHERE id = ?", (_id(place),))


def remove_cell(connection: sqlite3.Connection, cell: int) -> None:
    """Delete a cell's row and all its units'."""
    for table in ("units", "unit_values", "failures"):
        connection.execute(f"DELETE FROM {table} WHERE cell = ?", (cell,))
    connection.execute("DELETE FROM predictions WHERE id BETWEEN ? AND ?", _ids(cell))
    connection.execute("DELETE FROM cells WHERE id = ?", (cell,))


def move_units(connection: sqlite3.Connection, cell: int, into: int) -> None:
    """Move a cell's units to another cell and delete it; where both have a unit, that of more images stays."""
    have = dict(connection.execute("SELECT shard, n FROM units WHERE cell = ?", (into,)).fetchall())
    for shard, n in connection.execute("SELECT shard, n FROM units WHERE cell = ?", (cell,)).fetchall():
        if have.get(shard, 0) >= n:
            continue
        remove_unit(connection, (into, shard))
        for table in ("units", "unit_values"):
            connection.execute(f"UPDATE {table} SET cell = ? WHERE cell = ? AND shard = ?", (into, cell, shard))
        connection.execute("UPDATE predictions SET id = ? WHERE id = ?", (_id((into, shard)), _id((cell, shard))))
    remove_cell(connection, cell)
    recount(connection, into)


def sources(connection: sqlite3.Connection) -> list[tuple[str, str, str, int, int]]:
    """(dataset's fingerprint, path, classes as JSON, side, images) of the datasets that are known beyond their names."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone():
        return []  # a shipped file of version 5
    return connection.execute(
        "SELECT dataset, path, classes, side, images FROM sources ORDER BY dataset, path"
    ).fetchall()


def keep_source(connection: sqlite3.Connection, dataset: str, path: str, classes: str, side: int, images: int) -> None:
    """Keep where a dataset is, its classes (JSON), its side, and the largest number of images that it was seen with."""
    connection.execute(
        "INSERT INTO sources (dataset, path, classes, side, images) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (dataset, path) DO UPDATE SET images = max(images, excluded.images)",
        (dataset, path, classes, side, images),
    )


def cards(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(model's name, its card as JSON) of a packed file; none in others."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'cards'").fetchone():
        return []
    return connection.execute(
        "SELECT models.name, cards.card FROM cards JOIN models ON models.fingerprint = cards.model ORDER BY models.name"
    ).fetchall()


def probe(connection: sqlite3.Connection, model: str) -> tuple[npt.NDArray[np.float32], str] | None:
    """What the model of that fingerprint answers to the probe images, (8, classes), and its notes as JSON."""
    row = connection.execute("SELECT answers, notes FROM probes WHERE model = ?", (model,)).fetchone()
    return None if row is None else (np.frombuffer(row[0], "<f4").reshape(PROBES, -1), str(row[1]))


def keep_probe(connection: sqlite3.Connection, model: str, answers: npt.NDArray[np.float32], notes: str) -> None:
    """Keep a model's answers to the probe images; those that are there already stay."""
    data = answers.astype("<f4").tobytes()
    connection.execute("INSERT OR IGNORE INTO probes (model, answers, notes) VALUES (?, ?, ?)", (model, data, notes))


def remove_unused(connection: sqlite3.Connection) -> None:
    """Delete what no cell and no unit refers to any more."""
    for table in ("models", "datasets", "conditions"):
        connection.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT {table[:-1]} FROM cells)")
    connection.execute("DELETE FROM sources WHERE dataset NOT IN (SELECT fingerprint FROM datasets)")
    connection.execute("DELETE FROM probes WHERE model NOT IN (SELECT fingerprint FROM models)")
    connection.execute("DELETE FROM runs WHERE id NOT IN (SELECT run FROM units)")
    connection.execute("DELETE FROM labels WHERE id NOT IN (SELECT labels FROM predictions WHERE labels IS NOT NULL)")


def shards(connection: sqlite3.Connection, cell: int) -> list[int]:
    """The shards of a cell that have predictions, in order."""
    query = "SELECT shard FROM predictions WHERE id BETWEEN ? AND ? ORDER BY id"
    return [shard for (shard,) in connection.execute(query, _ids(cell))]


def recount(connection: sqlite3.Connection, cell: int) -> None:
    """Bring a cell's totals up to its units."""
    rows = connection.execute(
        "SELECT shard, n, answers, correct, top5, confidence, date FROM units WHERE cell = ? ORDER BY shard", (cell,)
    ).fetchall()
    sums = total([Counts(*row[1:6]) for row in rows])
    prefix = 0
    for shard, n, *_ in rows:
        if shard * SHARD != prefix:
            break
        prefix += n
    connection.execute(
        "UPDATE cells SET shards = ?, prefix = ?, n = ?, answers = ?, correct = ?, top5 = ?, confidence = ?, updated = ? "
        "WHERE id = ?",
        (
            len(rows),
            prefix,
            *(getattr(sums, name) for name in COUNTS),
            provenance.date(max(r[6] for r in rows)) if rows else "",
            cell,
        ),
    )


def counts(connection: sqlite3.Connection, place: tuple[int, int]) -> Counts:
    """The counts of the unit at (cell, shard), as they were stored."""
    sums = connection.execute("SELECT name, total FROM unit_values WHERE cell = ? AND shard = ?", place).fetchall()
    columns = ", ".join(COUNTS)
    row = connection.execute(f"SELECT {columns} FROM units WHERE cell = ? AND shard = ?", place).fetchone()
    return Counts(**dict(zip(COUNTS, row, strict=True)), values=dict(sums))


def damage(connection: sqlite3.Connection, cell: int, unit: tuple[Any, ...]) -> str:
    """What is wrong with a unit, a row of `UNITS`; "" where nothing is."""
    place = (cell, unit[0])
    predictions = stored(connection, place)
    if predictions is None:
        return "its predictions are missing"
    sums = dict(
        connection.execute("SELECT name, total FROM unit_values WHERE cell = ? AND shard = ?", place).fetchall()
    )
    counts = Counts(unit[1], unit[2], unit[3], unit[4], unit[5], sums)
    if checksum(counts, predictions) != unit[9]:
        return "its checksum does not agree"
    try:
        recounted = codec.decode(predictions.data, predictions.labels).counts()
    except StoreError as error:
        return str(error)
    return (
        ""
        if (recounted.n, recounted.correct) == (counts.n, counts.correct)
        else "its counts are not those of its predictions"
    )


def readable(canonical: str) -> str:
    """A stored condition for people."""
    return str(Condition.from_dict(json.loads(canonical)))
