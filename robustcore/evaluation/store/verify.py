"""Verify: check every stored unit, and drop those that are damaged."""

from __future__ import annotations

import dataclasses
import os
import sqlite3

from robustcore.errors import StoreError
from robustcore.evaluation.store import queries
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.store import Store


@dataclasses.dataclass(frozen=True)
class Damage:
    """A damaged unit, and what is wrong with it."""

    model: str
    dataset: str
    condition: str
    shard: int
    reason: str


def verify(store: Store) -> tuple[int, list[Damage]]:
    """Check every unit of the store's own file, and drop those that are damaged; they are computed again when they are
    asked for.

    Returns:
        (units checked, the damaged ones). A file that SQLite itself cannot read throughout is rebuilt from what it can;
        the old one stays next to it with ".damaged" at the end of its name.
    """
    if not store.path.exists():
        return 0, []
    try:
        with store.writing() as connection:
            sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            cells = connection.execute(queries.NAMED_CELLS).fetchall() if sound else []
        checked, damaged = 0, []
        for cell in cells:
            with store.writing() as connection:  # one after the other, so that a run meanwhile is not held up
                n, damaged_here = _check_cell(connection, *cell[:4])
            checked += n
            damaged += damaged_here
        if sound:
            return checked, damaged
    except StoreError as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
    return _rebuild(store)


def _check_cell(
    connection: sqlite3.Connection, cell: int, model: str, dataset: str, condition: str
) -> tuple[int, list[Damage]]:
    """Check a cell's units, and remove the damaged ones."""
    units = connection.execute(queries.UNITS, (cell,)).fetchall()
    wrong = {unit[0]: reason for unit in units if (reason := queries.damage(connection, cell, unit))}
    counted = {unit[0] for unit in units}
    for shard in queries.shards(connection, cell):
        if shard not in counted:
            wrong[shard] = "its counts are missing"
    for shard in wrong:
        queries.remove_unit(connection, (cell, shard))
    queries.recount(connection, cell)
    return len(units), [Damage(model, dataset, queries.readable(condition), shard, why) for shard, why in wrong.items()]


def _rebuild(store: Store) -> tuple[int, list[Damage]]:
    """A new file with all units that can be read of a file that SQLite calls damaged."""
    store.close()
    kept, aside = store.path, store.path.with_name(store.path.name + ".damaged")
    for suffix in ("", "-wal", "-shm"):
        old = kept.with_name(kept.name + suffix)
        if old.exists():
            os.replace(old, aside.with_name(aside.name + suffix))
    merged = merge(store, aside)
    lost = (
        f"the file was damaged: {merged.added} units were saved, the rest could not be read; it is kept as {aside.name}"
    )
    return merged.added + merged.damaged, [Damage("-", "-", "-", -1, lost)]
