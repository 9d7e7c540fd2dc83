"""Claims: which run is computing which unit, so that two runs that need the same one compute it once.

A claim expires unless its run renews it, and ends at once when its process does. An expiry further ahead than a claim
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

SECONDS = 60.0  # a claim lasts so long without renewal


@dataclasses.dataclass(frozen=True)
class Claimed:
    """The answer to a claim: the units that are ours to compute, those finished meanwhile, those that others compute."""

    ours: list[Unit]
    finished: list[Unit]
    busy: list[Unit]


def claim(store: Store, units: Sequence[Unit], owner: str) -> Claimed:
    """Claim units for a run; one transaction, so that no two runs are given the same."""
    answer = Claimed([], [], [])
    now = time.time()
    with store.writing() as connection:
        known = queries.cells(connection, [unit.cell for unit in units])
        for unit in units:
            row = known.get(unit.cell.key)
            have = (
                row
                and connection.execute(
                    "SELECT n FROM units WHERE cell = ? AND shard = ?", (row["id"], unit.shard)
                ).fetchone()
            )
            if have and have[0] >= unit.n:
                answer.finished.append(unit)
                continue
            place = (unit.cell.key.digest, unit.shard)
            held = connection.execute(
                "SELECT owner, expires FROM claims WHERE cell = ? AND shard = ?", place
            ).fetchone()
            if held and held[0] != owner and _holds(held[0], held[1], now):
                answer.busy.append(unit)
                continue
            connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", (*place, owner, now + SECONDS))
            answer.ours.append(unit)
    return answer


def _holds(owner: str, expires: float, now: float) -> bool:
    return now < expires <= now + 2 * SECONDS and not processes.owner_is_dead(owner)


def renew(store: Store, owner: str) -> None:
    """Let a run's claims last on."""
    with store.writing() as connection:
        connection.execute("UPDATE claims SET expires = ? WHERE owner = ?", (time.time() + SECONDS, owner))


def release(store: Store, owner: str, units: Sequence[Unit] | None = None) -> None:
    """Give up a run's claims, or those of some units."""
    with store.writing() as connection:
        if units is None:
            connection.execute("DELETE FROM claims WHERE owner = ?", (owner,))
            return
        for unit in units:
            place = (owner, unit.cell.key.digest, unit.shard)
            connection.execute("DELETE FROM claims WHERE owner = ? AND cell = ? AND shard = ?", place)
