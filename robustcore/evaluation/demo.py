"""The demo results: what the zoo's models answer, as it ships in `assets/results/demo.sqlite`.

The shipped file has the counts of every unit, and of the predictions the label and one predicted class per image.
"""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from robustcore import paths
from robustcore.evaluation import database, evaluations, plan, rows, schema
from robustcore.evaluation.evaluations import Prepared
from robustcore.evaluation.plan import Cell, Key
from robustcore.evaluation.runner import Progress, Summary
from robustcore.evaluation.store import Layer, Store
from robustcore.models import load_model
from robustcore.training import zoo

DATASET = "scenes"
SEED = 0


@dataclasses.dataclass(frozen=True)
class Share:
    """One share of the demo: suites, the number of test images (None for all), whether attacks transfer between models."""

    suites: tuple[str, ...]
    limit: int | None = None
    transfer: bool = False


SHARES = (
    Share(("imagenet-c", "imagenet-c-extra")),
    Share(("imagenet-p", "imagenet-p-extra"), limit=240),  # a sequence is some thirty images
    Share(("robust-accuracy",), limit=240, transfer=True),
)


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "demo.sqlite"


def prepare() -> list[Prepared]:
    """The evaluations that ship, of every model of the zoo on the test images of scenes."""
    models = [load_model(name) for name in sorted(zoo.ZOO)]
    return [
        evaluations.prepare(
            models, DATASET, share.suites, limit=share.limit, seed=SEED, surrogates=models if share.transfer else ()
        )
        for share in SHARES
    ]


def cells(prepared: Sequence[Prepared]) -> list[Cell]:
    """All their cells; of two that differ in the number of images the larger, which answers both."""
    found: dict[Key, Cell] = {}
    for cell in (cell for part in prepared for cell in part.cells):
        if cell.key not in found or found[cell.key].size < cell.size:
            found[cell.key] = cell
    return list(found.values())


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
    wanted = cells(prepared)
    if is_current(wanted):
        return None
    summary = Summary()
    with Store(shipped=False) as store:
        for part in prepared:
            done = evaluations.carry_out(part, store, device=device, progress=progress, command=command)
            summary.total += done.total
            summary.cached += done.cached
            summary.computed += done.computed
            summary.failed += done.failed
            summary.repeated += done.repeated
            summary.cancelled |= done.cancelled
            for why, count in done.reasons.items():
                summary.reasons[why] = summary.reasons.get(why, 0) + count
        if not summary.failed and not summary.cancelled:
            ship(wanted, store, path())
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
