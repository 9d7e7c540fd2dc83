"""Leases on units, so that two runs that need the same unit compute it once.

A lease expires unless its run renews it, and ends at once when its process does. An expiry further ahead than a lease
can last comes from a clock that was set back; it counts as expired.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from robustcore import processes
from robustcore.evaluation.plan import Unit
from robustcore.evaluation.store import queries
from robustcore.evaluation.store.store import Store

SECONDS = 60.0  # how long a lease lasts without renewal


@dataclasses.dataclass(frozen=True)
class Leases:
    """What a run got of the units it asked for.

    Attributes:
        granted: to compute now.
        finished: stored meanwhile.
        busy: leased by other runs.
    """

    granted: list[Unit]
    finished: list[Unit]
    busy: list[Unit]


def acquire(store: Store, units: Sequence[Unit], owner: str) -> Leases:
    """Lease units to a run, in one transaction, so that no unit goes to two runs."""
    leases = Leases([], [], [])
    now = time.time()
    with store.writing() as connection:
        rows = queries.cells(connection, [unit.cell for unit in units])
        for unit in units:
            row = rows.get(unit.cell.key)
            stored = (
                row
                and connection.execute(
                    "SELECT n FROM units WHERE cell = ? AND shard = ?", (row["id"], unit.shard)
                ).fetchone()
            )
            if stored and stored[0] >= unit.n:
                leases.finished.append(unit)
                continue
            place = (unit.cell.key.digest, unit.shard)
            # The table's name is older than the word "lease"; results files of every release have it.
            held = connection.execute(
                "SELECT owner, expires FROM claims WHERE cell = ? AND shard = ?", place
            ).fetchone()
            if held and held[0] != owner and _is_valid(held[0], held[1], now):
                leases.busy.append(unit)
                continue
            connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", (*place, owner, now + SECONDS))
            leases.granted.append(unit)
    return leases


def _is_valid(owner: str, expires: float, now: float) -> bool:
    return now < expires <= now + 2 * SECONDS and not processes.owner_has_ended(owner)


def renew(store: Store, owner: str) -> None:
    """Extend a run's leases."""
    with store.writing() as connection:
        connection.execute("UPDATE claims SET expires = ? WHERE owner = ?", (time.time() + SECONDS, owner))


def release(store: Store, owner: str, units: Sequence[Unit] | None = None) -> None:
    """Give up a run's leases, or those of some units."""
    with store.writing() as connection:
        if units is None:
            connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
            return
        for unit in units:
            place = (owner, unit.cell.key.digest, unit.shard)
            connection.execute("DELETE FROM claims WHERE owner = ? AND cell = ? AND shard = ?", place)
