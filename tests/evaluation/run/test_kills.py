"""A run that is killed at any moment continues where it stopped: nothing is lost, nothing is repeated, nothing differs."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

Units = dict[tuple[int, int], tuple[int, str]]


class Target:
    """A process that runs the evaluation again and again."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kill_target.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def run(self, path: Path, *, kill_after: float | None = None) -> str:
        """Run into a results file, perhaps killed after so many seconds; "killed" or the exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(pid, signal.SIGKILL)
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()


def units(path: Path) -> Units:
    """(cell, shard) -> (the run that computed it, its checksum)."""
    if not path.exists():
        return {}
    connection = sqlite3.connect(path)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'units'").fetchone():
            return {}  # killed after the file was created and before its tables were
        return {(c, s): (r, k) for c, s, r, k in connection.execute("SELECT cell, shard, run, checksum FROM units")}
    finally:
        connection.close()


def results(path: Path) -> list[tuple[object, ...]]:
    """Every unit by its names, with its counts and its predictions' checksum."""
    connection = sqlite3.connect(path)
    query = """SELECT models.name, conditions.canonical, shard, units.n, units.correct, units.confidence, units.checksum
        FROM units JOIN cells ON cells.id = units.cell JOIN models ON models.id = cells.model
        JOIN conditions ON conditions.id = cells.condition ORDER BY 1, 2, 3"""
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_kills_at_random_moments_lose_nothing_repeat_nothing_and_change_nothing(
    tmp_path: Path, target: Target, kills: int
) -> None:
    undisturbed, killed = tmp_path / "undisturbed.sqlite", tmp_path / "killed.sqlite"
    began = time.monotonic()
    assert target.run(undisturbed) == "0"
    whole = time.monotonic() - began
    dice = random.Random(0)
    before: Units = {}
    hits = 0
    for _ in range(kills):
        hits += target.run(killed, kill_after=dice.uniform(0.05, 0.5) * whole) == "killed"
        now = units(killed)
        # What was finished is still there, from the run that finished it.
        assert {place: now.get(place) for place in before} == before
        before = now
    assert target.run(killed) == "0"
    after = units(killed)
    assert {place: after[place] for place in before} == before
    assert results(killed) == results(undisturbed)
    assert hits >= 1  # on a fast machine the later ones come too late
