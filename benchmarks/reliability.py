"""An evaluation whose worker is killed again and again, against the same one undisturbed.

A worker is ended with SIGKILL at a random moment, the job is resumed, and so on; then it may finish. A ledger that the
results file itself keeps (two triggers, in the transactions of claiming and of storing) says how often each unit was begun
and stored. Promised are: results that are equal bit for bit, no unit stored twice or missing, and none begun again but
those that were in flight when a worker died.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks._fork_server import ForkServer
from robustcore.evaluation import Condition, Store, plan, suites
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.request import EvaluationRequest

_LEDGER = (
    "CREATE TABLE ledger (what TEXT, cell TEXT, shard INTEGER, owner TEXT)",
    "CREATE TRIGGER begun AFTER INSERT ON claims BEGIN "
    "INSERT INTO ledger VALUES ('begun', NEW.cell, NEW.shard, NEW.owner); END",
    "CREATE TRIGGER stored AFTER INSERT ON units BEGIN "
    "INSERT INTO ledger VALUES ('stored', NEW.cell, NEW.shard, ''); END",
)
_EARLY = 0.15  # of the kills fall into the seconds in which a worker starts
_START_SECONDS = 1.0
_MOMENT_SECONDS = 0.1


@dataclasses.dataclass
class Outcome:
    """What was counted.

    Attributes:
        kills: workers that were ended.
        units: of the plan.
        begun: units that a worker set out to compute, each time that one did.
        stored: units that were written, each time that one was.
        in_flight: units that a worker was at when it was killed, over all kills.
        missing: units of the plan that are not there in the end.
        fruitless: kills before the worker had stored anything.
    """

    kills: int = 0
    units: int = 0
    begun: int = 0
    stored: int = 0
    in_flight: int = 0
    missing: int = 0
    fruitless: int = 0

    @property
    def repeated(self) -> int:
        """Units that were computed again though nobody was killed over them."""
        return self.begun - self.units - self.in_flight


@contextlib.contextmanager
def by_hand() -> Iterator[None]:
    """Inside, jobs are queued and no worker is started for them."""
    with patch.object(jobs, "ensure_worker", lambda: None):
        yield


def watched(store: Store) -> Store:
    """The store, with the ledger in its file."""
    with store.writing() as connection:
        for statement in _LEDGER:
            connection.execute(statement)
    return store


def contents(path: Path) -> list[tuple[Any, ...]]:
    """Everything that a results file holds of each unit, but for when, where and how fast it was computed."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT conditions.canonical, models.fingerprint, seed, precision, shard, units.n, units.correct, units.top5, "
            "units.confidence, predictions.data FROM units JOIN cells ON cells.id = units.cell "
            "JOIN conditions ON conditions.id = cells.condition JOIN models ON models.id = cells.model "
            "JOIN predictions USING (cell, shard) ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()


def disturb(
    fork_server: ForkServer, store: Store, job: int, cells: Sequence[plan.Cell], kills: int, draw: random.Random
) -> Outcome:
    """Kill a job's workers that many times at random moments, and let it finish then."""
    units = len(plan.pending(cells, {}).units)
    outcome = Outcome(units=units)
    while True:
        before = _stored(store)
        pid = fork_server.start()
        if outcome.kills < kills:
            # Some while it starts; most after a random amount of work, such that the work lasts for all kills, and
            # then at a random moment.
            fair = (units - before) / (kills - outcome.kills + 1)
            if draw.random() < _EARLY:
                _sleep(pid, draw.uniform(0, _START_SECONDS))
            else:
                _sleep(pid, float("inf"), store, before + round(draw.uniform(0, fair)))
                _sleep(pid, draw.uniform(0, _MOMENT_SECONDS))
        else:
            _sleep(pid, float("inf"))
        with contextlib.suppress(ProcessLookupError):  # it may have finished
            os.kill(pid, signal.SIGKILL)
        _sleep(pid, float("inf"))
        if jobs.status(job).state == "finished":
            break
        done = _stored(store)
        outcome.kills += 1
        outcome.in_flight += _in_flight(store, pid)
        outcome.fruitless += done == before
        jobs.resume(job)
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        counted = dict(connection.execute("SELECT what, count(*) FROM ledger GROUP BY what"))
    outcome.begun, outcome.stored = counted["begun"], counted["stored"]
    outcome.missing = len(plan.pending(cells, store.stored(cells)).units)
    return outcome


def _sleep(pid: int, seconds: float, store: Store | None = None, stored: int = 0) -> None:
    """Until the time is over, or the process; with a store, or until it holds more than so many units."""
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and (left := end - time.monotonic()) > 0:
        if store is not None and _stored(store) > stored:
            return
        time.sleep(min(0.02, left))


def _stored(store: Store) -> int:
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        return int(connection.execute("SELECT count(*) FROM units").fetchone()[0])


def _in_flight(store: Store, pid: int) -> int:
    """The units that a dead worker had claimed and not stored: storing one ends its claim in the same transaction."""
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        held = connection.execute("SELECT count(*) FROM claims WHERE owner LIKE ?", (f"%|{pid}|%",))
        return int(held.fetchone()[0])


def checkpoints(folder: Path, count: int) -> tuple[str, ...]:
    """Models with random weights."""
    from robustcore.datasets.scenes import Scenes
    from robustcore.models import checkpoints as files
    from robustcore.models.architectures import architecture
    from robustcore.models.classifier import Card

    paths = []
    for seed in range(count):
        card = Card(f"scenes/random-{seed}", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
        model = architecture("scenes/resnet").build(card, seed=seed)
        paths.append(str(files.save(model, folder / f"random-{seed}.safetensors")))
    return tuple(paths)


def main(arguments: Sequence[str] = ()) -> None:
    """Evaluate undisturbed, then with kills, and compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--limit", type=int, default=32, help="images of each unit")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args(arguments)
    names, severities = ["imagenet-c", "imagenet-c-extra", "candidates-40"], (1, 2, 3, 4, 5)
    conditions: list[str | Condition] = [
        condition
        for storage in ("memory", "jpeg85")
        for condition in suites.resolve(names, severities, storage=storage)
    ]
    with tempfile.TemporaryDirectory() as folder, by_hand():
        models = checkpoints(Path(folder), args.models)
        request = EvaluationRequest(models, "scenes", tuple(conditions), limit=args.limit)
        results = []
        for name, kills in (("undisturbed", 0), ("disturbed", args.kills)):
            os.environ["ROBUSTCORE_CACHE"] = str(Path(folder) / name)
            from robustcore.evaluation import api

            cells = api.prepare(request).cells
            began = time.monotonic()
            with ForkServer() as fork_server, watched(Store(shipped=False)) as store:
                outcome = disturb(fork_server, store, jobs.submit(request), cells, kills, random.Random(args.seed))
                results.append(contents(store.path))
            print(
                f"{name}: {outcome.units} units, {outcome.kills} kills ({outcome.fruitless} before anything was stored), "
                f"{outcome.stored} stored, {outcome.missing} missing; {outcome.in_flight} in flight at a kill, "
                f"{outcome.repeated} repeated beyond those; {time.monotonic() - began:.0f} s"
            )
        print(f"results equal bit for bit: {results[0] == results[1]} ({len(results[0])} units)")


if __name__ == "__main__":
    main(sys.argv[1:])
