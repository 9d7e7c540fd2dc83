"""The store: finished units, in one SQLite file under the cache, over layers of results that ship with the package.

A unit's counts and its predictions land in one transaction, in two tables. What is read is looked up by fingerprints in
the file under the cache first and then in every shipped file of `assets/results/`, which are opened immutable.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcore import arguments, datasets, paths
from robustcore.datasets._base import Dataset
from robustcore.errors import StoreError
from robustcore.evaluation.plan import Cell, Key, Subject, Unit, shard_sizes
from robustcore.evaluation.provenance import Run, now, seconds
from robustcore.evaluation.store import codec, database, queries, schema
from robustcore.evaluation.store.predictions import Counts, Predictions
from robustcore.notes import Note
from robustcore.paths import printable


@dataclasses.dataclass(frozen=True)
class Result:
    """A finished unit: what was predicted, and how long it took."""

    unit: Unit
    predictions: Predictions
    seconds: float


@dataclasses.dataclass(frozen=True)
class Totals:
    """What is stored of one cell, within the images that were asked for.

    Attributes:
        counts: the sums over `counts.n` images, or None where nothing is stored.
        updated: when the newest of it was computed, ISO 8601 in UTC.
        shipped: whether any of it ships with the package.
    """

    counts: Counts | None
    updated: str = ""
    shipped: bool = False


@dataclasses.dataclass(frozen=True)
class Layer:
    """One results file that is read.

    Attributes:
        path: of the file.
        shipped: whether it comes with the package.
        frozen: whether nothing may change it, as a packed file that somebody handed on.
    """

    path: Path
    shipped: bool
    frozen: bool = False

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading, closed at the end; SQLite's errors become sentences."""
        with closing(self.connect()) as connection, database.translated(self.path):
            yield connection

    def connect(self) -> sqlite3.Connection:
        """A connection that the caller closes."""
        if self.shipped or self.frozen:
            return schema.connect(self.path, immutable=True)
        try:
            return schema.connect(self.path)
        except StoreError as error:
            # A file in WAL mode cannot be read from a read-only folder in the ordinary way.
            if isinstance(error.__cause__, sqlite3.OperationalError):
                return schema.connect(self.path, immutable=True)
            raise


class Store:
    """Results on disk. Reading creates nothing; the first write creates the file.

    Args:
        path: the results file; default the one that the environment variable `ROBUSTCORE_RESULTS` names, which is read and
            never written, or else `results/results.sqlite` under the cache.
        shipped: whether the results that ship with the package are read beneath it.
    """

    def __init__(self, path: Path | str | None = None, *, shipped: bool = True) -> None:
        file = "" if path is None else arguments.name(path, "A results file is given by its path")
        opened = paths.opened_results()
        self._frozen = path is None and opened is not None
        own = Path(file).expanduser().absolute() if file else paths.cache() / "results" / "results.sqlite"
        self.path = opened if opened is not None and self._frozen else own
        self._in_cache = path is None
        self._shipped = shipped
        self._writer: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it opens again when it is used."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    # Reading

    def layers(self) -> list[Layer]:
        """The files that are read, the one under the cache first."""
        ships = paths.assets() / "results"  # what lies there is never written by reading it
        layers_ = [Layer(self.path, self.path.parent == ships, self._frozen)] if self.path.exists() else []
        if self._shipped:
            shipped = sorted(ships.glob("*.sqlite"))
            layers_ += [Layer(path, shipped=True) for path in shipped if path != self.path]
        return layers_

    def stored(self, cells: Sequence[Cell]) -> dict[Key, dict[int, int]]:
        """For each cell's key that anything is stored of: shard -> number of its images that are stored."""
        stored: dict[Key, dict[int, int]] = {}
        for layer in self.layers():
            with layer.open() as connection:
                for key, row in queries.cells(connection, cells).items():
                    sizes: Iterable[tuple[int, int]] = enumerate(shard_sizes(row["n"]))
                    if row["prefix"] != row["n"]:
                        sizes = connection.execute("SELECT shard, n FROM units WHERE cell = ?", (row["id"],))
                    shards = stored.setdefault(key, {})
                    for shard, n in sizes:
                        shards[shard] = max(n, shards.get(shard, 0))
        return stored

    def totals(self, cells: Sequence[Cell]) -> list[Totals]:
        """What is stored of each cell, cut to the images that it asks for."""
        totals: dict[Key, Totals] = {}
        left = list(cells)
        for layer in self.layers():
            with layer.open() as connection:
                rows = queries.cells(connection, left)
                # A cell whose row sums exactly the images that are asked for is answered by that row.
                whole = [c for c in left if c.key in rows and rows[c.key]["prefix"] == rows[c.key]["n"] == c.size]
                values = queries.values(connection, [rows[c.key]["id"] for c in whole])
                for cell in whole:
                    row = rows[cell.key]
                    counts = Counts(**{name: row[name] for name in queries.COUNTS}, values=values.get(row["id"], {}))
                    totals[cell.key] = Totals(counts, row["updated"], layer.shipped)
            left = [cell for cell in left if cell.key not in totals]
        if left:
            totals.update(self._collect(left))
        return [totals.get(cell.key, Totals(None)) for cell in cells]

    def _collect(self, cells: Sequence[Cell]) -> dict[Key, Totals]:
        """Totals of cells that no single row answers: unit by unit, over all layers."""
        parts: dict[Key, dict[int, tuple[Counts, str, bool]]] = {}
        for layer in self.layers():
            with layer.open() as connection:
                rows = queries.cells(connection, cells)
                for cell in (c for c in cells if c.key in rows):
                    have = parts.setdefault(cell.key, {})
                    for unit in cell.units():
                        best = have[unit.shard][0].n if unit.shard in have else 0
                        if best >= unit.n:
                            continue
                        counts, date = queries.unit_counts(connection, rows[cell.key]["id"], unit)
                        if counts is not None and counts.n > best:
                            have[unit.shard] = (counts, date, layer.shipped)
        totals = {}
        for key, have in parts.items():
            if have:
                counts_, dates, shipped = zip(*have.values(), strict=True)
                totals[key] = Totals(queries.total(counts_), max(dates), any(shipped))
        return totals

    def subjects(self, dataset: str) -> list[Subject]:
        """The models of which anything is stored on the dataset of that fingerprint, sorted by name.

        A name stands there once for each of its fingerprints: a checkpoint that has changed keeps its old results.
        """
        by_fingerprint: dict[str, Subject] = {}
        for layer in self.layers():
            with layer.open() as connection:
                for name, fingerprint, classes in queries.subjects(connection, dataset):
                    by_fingerprint.setdefault(
                        fingerprint, Subject(name, fingerprint, tuple(json.loads(classes)), is_here=False)
                    )
        return sorted(by_fingerprint.values(), key=lambda subject: (subject.name, subject.fingerprint))

    def sides(self) -> list[int]:
        """The sides of images, in pixels, with which any data set has been evaluated. Not of one folder alone: results that
        came from elsewhere name the folder as it was called there."""
        found = set[int]()
        for layer in self.layers():
            with layer.open() as connection:
                found.update(queries.sides(connection))
        return sorted(found)

    def probes(self, model: str) -> list[tuple[Path, npt.NDArray[np.float32], tuple[Note, ...]]]:
        """For each file that has them: what the model of that fingerprint answers to the probe images, and its notes."""
        probes = []
        for layer in self.layers():
            with layer.open() as connection:
                if (row := queries.probe(connection, model)) is not None:
                    probes.append((layer.path, row[0], tuple(map(Note.from_dict, json.loads(row[1])))))
        return probes

    def keep_probe(self, model: str, answers: npt.NDArray[np.float32], notes: Sequence[Note]) -> None:
        """Keep what a model answers to the probe images with its results."""
        with self.writing() as connection:
            queries.keep_probe(connection, model, answers, json.dumps([note.to_dict() for note in notes]))

    def keep_source(self, dataset: Dataset) -> None:
        """Keep what a dataset is and where: its results are shown without it, and told from those of another folder of its
        name."""
        with self.writing() as connection:
            queries.keep_source(
                connection,
                dataset.fingerprint,
                datasets.folder_of(dataset),
                json.dumps([printable(name) for name in dataset.classes]),
                int(dataset.side),
                len(dataset),
            )

    def predictions(self, cell: Cell) -> Predictions | None:
        """The predictions of a cell's images, in order; None unless all of them are stored.

        Shipped results hold the label and one predicted class per image, and nothing else.
        """
        parts: dict[int, Predictions] = {}
        wanted = cell.units()
        for layer in self.layers():
            with layer.open() as connection:
                row = queries.cells(connection, [cell]).get(cell.key)
                if row is None:
                    continue
                for unit in wanted:
                    if unit.shard in parts:
                        continue
                    read = queries.read(connection, row["id"], unit.shard)
                    if read is not None and len(read) >= unit.n:
                        parts[unit.shard] = read.prefix(unit.n)
        if len(parts) < len(wanted):
            return None
        return Predictions.concatenate([parts[unit.shard] for unit in wanted])

    def failures(self, cells: Sequence[Cell]) -> dict[Key, list[tuple[int, str]]]:
        """For each cell's key with failed units: (shard, reason) of them."""
        failures: dict[Key, list[tuple[int, str]]] = {}
        for layer in self.layers():
            with layer.open() as connection:
                if not connection.execute("SELECT EXISTS (SELECT 1 FROM failures)").fetchone()[0]:
                    continue
                for key, row in queries.cells(connection, cells).items():
                    notes = connection.execute(
                        "SELECT shard, reason FROM failures WHERE cell = ? ORDER BY shard", (row["id"],)
                    ).fetchall()
                    if notes:
                        failures.setdefault(key, []).extend(notes)
        return failures

    # Writing

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the store's own file; one at a time in this process."""
        if self._frozen:
            raise StoreError(
                f"The results in {self.path} were opened to be read, and nothing is written to them. Start without "
                f"{paths.RESULTS} and --results to evaluate."
            )
        with self._lock:
            if self._writer is None:
                self._create_folder()
                self._writer = schema.connect(self.path, write=True)
            with database.translated(self.path), database.transaction(self._writer):
                yield self._writer

    def _create_folder(self) -> None:
        if self._in_cache:
            paths.writable_cache("results")
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.path.parent} cannot be created ({error.strerror}).") from error

    def save(self, results: Sequence[Result], run: Run) -> int:
        """Write finished units, all of them or none, and end the claims on them.

        Returns:
            The number of units that were written; those that are stored already for as many images stay as they are.
        """
        prepared = [(r, r.predictions.counts(), codec.encode(r.predictions)) for r in results]
        touched: list[int] = []
        with self.writing() as connection:
            run_id, date = queries.run_id(connection, run), seconds(now())
            for result, counts, data in prepared:
                place = (queries.cell_id(connection, result.unit.cell), result.unit.shard)
                connection.execute("DELETE FROM failures WHERE cell = ? AND shard = ?", place)
                # What is stored needs no lease.
                claim = (result.unit.cell.key.digest, result.unit.shard)
                connection.execute("DELETE FROM claims WHERE cell = ? AND shard = ?", claim)
                old = connection.execute("SELECT n FROM units WHERE cell = ? AND shard = ?", place).fetchone()
                if old is not None and old[0] >= counts.n:
                    continue
                queries.insert_unit(connection, place, counts, data, seconds=result.seconds, date=date, run=run_id)
                touched.append(place[0])
            for cell in set(touched):
                queries.recount(connection, cell)
        return len(touched)

    def compact(self) -> None:
        """Give the space of deleted rows back to the disk."""
        with self.writing():
            pass  # opens the file
        with self._lock, database.translated(self.path):
            assert self._writer is not None
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fail(self, units: Sequence[Unit], reason: str) -> None:
        """Keep a note of units that failed, with the reason; the next evaluation tries them again."""
        with self.writing() as connection:
            for unit in units:
                connection.execute(
                    "INSERT OR REPLACE INTO failures (cell, shard, n, reason, date) VALUES (?, ?, ?, ?, ?)",
                    (queries.cell_id(connection, unit.cell), unit.shard, unit.n, reason, now()),
                )
