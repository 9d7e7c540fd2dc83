"""The demo results: the zoo's models under the corruptions of ImageNet-C, as they ship in `assets/results/demo.sqlite`.

The shipped file has the counts of every unit, and of the predictions the label and one predicted class per image.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from robustcore import paths
from robustcore.evaluation import database, evaluations, plan, rows, schema
from robustcore.evaluation.evaluations import Prepared
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.runner import Progress, Summary
from robustcore.evaluation.store import Layer, Store
from robustcore.training import zoo

DATASET = "scenes"
SUITES = ("imagenet-c", "imagenet-c-extra")
SEED = 0


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "demo.sqlite"


def prepare() -> Prepared:
    """The evaluation that ships: every model of the zoo, the test images of scenes, 19 corruptions at five severities."""
    return evaluations.prepare(sorted(zoo.ZOO), DATASET, SUITES, seed=SEED)


def is_current(cells: Sequence[Cell]) -> bool:
    """Whether the shipped file holds exactly these cells, whole, under today's fingerprints."""
    if not path().exists():
        return False
    with Store(path(), shipped=False) as shipped:
        if plan.pending(cells, shipped.stored(cells)):
            return False
        with shipped.layers()[0].open() as connection:
            return bool(connection.execute("SELECT count(*) FROM cells").fetchone()[0] == len(cells))


def build(
    *, device: str = "auto", progress: Callable[[Progress], None] | None = None, command: str = "robustcore demo"
) -> Summary | None:
    """Compute what the demo lacks, and write the shipped file anew; None where it is current.

    What is computed lands in the cache first, so that an interrupted build goes on where it stopped.
    """
    prepared = prepare()
    if is_current(prepared.cells):
        return None
    with Store(shipped=False) as store:
        summary = evaluations.carry_out(prepared, store, device=device, progress=progress, command=command)
        if not summary.failed and not summary.cancelled:
            ship(prepared.cells, store, path())
    return summary


def ship(cells: Sequence[Cell], store: Store, target: Path) -> None:
    """Write these cells of a store into a file of their own, in the shipped form; it appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            database.translated(made),
            Layer(store.path, shipped=False).open() as source,
            closing(schema.connect(made, write=True)) as out,
        ):
            known = rows.cells(source, cells)
            with database.transaction(out):
                for cell in cells:
                    _copy(source, out, known[cell.key]["id"], cell)
            # Without a write-ahead log a file can be opened immutable, from a read-only place.
            out.execute("PRAGMA journal_mode = DELETE")
            out.execute("VACUUM")
        os.replace(made, target)
    finally:
        made.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, out: sqlite3.Connection, id_: int, cell: Cell) -> None:
    """One cell's units: their counts as they are, their predictions in compact form."""
    place = rows.cell_id(out, cell)
    wanted = {unit.shard: unit for unit in cell.units()}
    for shard, *_, seconds, date, run, _ in source.execute(rows.UNITS, (id_,)).fetchall():
        if shard not in wanted:
            continue
        predictions = rows.read(source, id_, shard)
        assert predictions is not None
        predictions = predictions.prefix(wanted[shard].n)
        run_row = source.execute("SELECT identity, date, device, versions, command FROM runs WHERE id = ?", (run,))
        rows.insert_unit(
            out, (place, shard), predictions.counts(), predictions.compact().to_bytes(),
            seconds=seconds, date=date, run=rows.copied_run(out, run_row.fetchone()),
        )  # fmt: skip
    rows.recount(out, place)
