"""The store: a unit is there whole or not at all, and is found by fingerprints only."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from robustcore import paths
from robustcore.errors import StoreError
from robustcore.evaluation import Condition, Store, Subject, plan
from robustcore.evaluation.plan import Cell
from robustcore.evaluation.provenance import Run
from robustcore.evaluation.store import queries, schema
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.predictions import Predictions
from robustcore.evaluation.store.store import Result
from robustcore.evaluation.store.verify import verify

RUN = Run("2026-01-01T00:00:00+00:00", "cpu", {"torch": "2"}, "test")
CLASSES = ("a", "b", "c")


@pytest.fixture
def cells(make_dataset: Callable[..., Any]) -> list[Cell]:
    """Clean and fog for one model on 600 images: shards of 256, 256 and 88."""
    conditions = [Condition.clean(), Condition.corruption("fog", 1)]
    return plan.make([Subject("m", "f", CLASSES)], make_dataset(600), conditions)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "results.sqlite", shipped=False) as store:
        yield store


def result(cell: Cell, shard: int, n: int | None = None, *, seed: int = 0) -> Result:
    """A finished unit with predictions drawn at random, the same ones for the same images."""
    n = n or cell.units()[shard].n
    generator = torch.Generator().manual_seed(1000 * seed + shard)
    logits = torch.randn(256, 3, generator=generator)[:n]
    labels = torch.randint(3, (256,), generator=generator)[:n]
    return Result(plan.Unit(cell, shard, n), Predictions.of(logits, labels, torch.arange(n)), 0.5)


def correct(*results: Result) -> int:
    return sum(r.predictions.counts().correct for r in results)


def test_what_is_saved_is_found_again(store: Store, cells: list[Cell]) -> None:
    saved = [result(cells[0], shard) for shard in range(3)]
    assert store.save(saved, RUN) == 3
    assert store.stored(cells) == {cells[0].key: {0: 256, 1: 256, 2: 88}}
    totals = store.totals(cells)
    assert totals[0].counts is not None
    assert (totals[0].counts.n, totals[0].counts.correct) == (600, correct(*saved))
    assert totals[1].counts is None
    read = store.predictions(cells[0])
    assert read is not None
    assert read.counts().correct == correct(*saved)
    assert store.predictions(cells[1]) is None


def test_reading_creates_nothing(tmp_path: Path, cells: list[Cell]) -> None:
    store = Store(tmp_path / "none" / "results.sqlite", shipped=False)
    assert store.stored(cells) == {}
    assert store.totals(cells)[0].counts is None
    assert store.failures(cells) == {}
    assert not (tmp_path / "none").exists()


def test_a_finished_unit_is_not_written_twice(store: Store, cells: list[Cell]) -> None:
    assert store.save([result(cells[0], 0)], RUN) == 1
    assert store.save([result(cells[0], 0, seed=7)], RUN) == 0
    assert store.totals(cells)[0].counts == result(cells[0], 0).predictions.counts()


def test_a_unit_of_more_images_replaces_one_of_fewer_and_never_the_other_way_round(
    store: Store, cells: list[Cell]
) -> None:
    store.save([result(cells[0], 0, 100)], RUN)
    store.save([result(cells[0], 0, 256)], RUN)
    store.save([result(cells[0], 0, 60)], RUN)
    assert store.stored(cells)[cells[0].key] == {0: 256}
    counts = store.totals(cells)[0].counts
    assert counts is not None
    assert (counts.n, counts.correct) == (256, correct(result(cells[0], 0)))


@pytest.mark.parametrize("size", [1, 100, 256, 300, 512, 600])
def test_a_larger_result_answers_a_smaller_question_exactly(store: Store, cells: list[Cell], size: int) -> None:
    saved = [result(cells[0], shard) for shard in range(3)]
    store.save(saved, RUN)
    smaller = dataclasses.replace(cells[0], size=size)
    counts = store.totals([smaller])[0].counts
    everything = Predictions.concatenate([r.predictions for r in saved])
    assert counts == everything.prefix(size).counts()


def test_a_gap_is_no_prefix_and_is_counted_unit_by_unit(store: Store, cells: list[Cell]) -> None:
    store.save([result(cells[0], 0, 100), result(cells[0], 2)], RUN)
    assert store.stored(cells)[cells[0].key] == {0: 100, 2: 88}
    counts = store.totals(cells)[0].counts
    assert counts is not None
    assert counts.n == 188
    assert store.predictions(cells[0]) is None


def test_a_partial_shard_before_a_full_one_is_not_taken_for_a_prefix(store: Store, cells: list[Cell]) -> None:
    # 44 + 256 images are stored, but not the first 300.
    store.save([result(cells[0], 0, 44), result(cells[0], 1)], RUN)
    smaller = dataclasses.replace(cells[0], size=300)
    assert plan.pending([smaller], store.stored([smaller])).units == (smaller.units()[0],)
    counts = store.totals([smaller])[0].counts
    assert counts is not None
    assert counts.n == 44 + 44


def test_a_unit_lands_whole_or_not_at_all(store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> None:
    store.save([result(cells[0], 0)], RUN)

    def fail(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queries, "recount", fail)
    with pytest.raises(KeyboardInterrupt):
        store.save([result(cells[0], 1), result(cells[1], 0)], RUN)
    assert store.stored(cells) == {cells[0].key: {0: 256}}
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM units").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (1,)
    connection.close()


def test_a_changed_fingerprint_never_meets_an_old_number(store: Store, cells: list[Cell]) -> None:
    store.save([result(cells[0], 0)], RUN)
    for field in ("model", "dataset", "condition"):
        other = dataclasses.replace(cells[0], key=dataclasses.replace(cells[0].key, **{field: "changed"}))
        assert store.totals([other])[0].counts is None
    other = dataclasses.replace(cells[0], key=dataclasses.replace(cells[0].key, seed=1))
    assert store.totals([other])[0].counts is None
    other = dataclasses.replace(cells[0], key=dataclasses.replace(cells[0].key, precision="bf16"))
    assert store.totals([other])[0].counts is None


def test_a_failure_is_a_note_until_the_unit_succeeds(store: Store, cells: list[Cell]) -> None:
    store.fail([cells[0].units()[1]], "out of memory")
    assert store.failures(cells) == {cells[0].key: [(1, "out of memory")]}
    assert plan.pending(cells[:1], store.stored(cells)).units == tuple(cells[0].units())
    store.save([result(cells[0], 1)], RUN)
    assert store.failures(cells) == {}


def test_every_unit_carries_where_it_comes_from(store: Store, cells: list[Cell]) -> None:
    store.save([result(cells[0], 0)], RUN)
    with sqlite3.connect(store.path) as connection:
        row = connection.execute(
            "SELECT device, versions, command, seconds, units.date, cells.updated FROM units "
            "JOIN runs ON runs.id = units.run JOIN cells ON cells.id = units.cell"
        ).fetchone()
    connection.close()
    assert row[:4] == ("cpu", '{"torch": "2"}', "test", 0.5)
    assert row[5] == datetime.datetime.fromtimestamp(row[4], datetime.UTC).isoformat()
    assert abs(row[4] - time.time()) < 60


def test_pandas_reads_the_file_without_this_package(store: Store, cells: list[Cell]) -> None:
    import pandas as pd

    saved = [result(cells[1], shard) for shard in range(3)]
    store.save(saved, RUN)
    connection = sqlite3.connect(store.path)
    frame = pd.read_sql("SELECT * FROM results", connection)
    connection.close()
    assert frame.loc[0, ["model", "dataset", "name", "severity", "n"]].tolist() == ["m", "squares", "fog", 1, 600]
    assert frame.loc[0, "accuracy"] == correct(*saved) / 600


# Layers


@pytest.fixture
def shipped(tmp_path: Path, cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shipped file with the clean results in compact form, in a folder that cannot be written."""
    folder = tmp_path / "assets" / "results"
    path = folder / "demo.sqlite"
    with Store(path, shipped=False) as store:
        for shard in range(3):
            one = result(cells[0], shard)
            store.save([dataclasses.replace(one, predictions=one.predictions.compact())], RUN)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    monkeypatch.setattr(paths, "assets", lambda: folder.parent)
    return path


def test_shipped_results_are_read_beneath_the_cache_and_stay_untouched(shipped: Path, cells: list[Cell]) -> None:
    before = (shipped.read_bytes(), sorted(p.name for p in shipped.parent.iterdir()))
    with Store() as store:
        assert store.stored(cells)[cells[0].key] == {0: 256, 1: 256, 2: 88}
        totals = store.totals(cells)
        assert totals[0].shipped
        assert totals[0].counts is not None
        assert totals[0].counts.top5 is None
        store.save([result(cells[1], 0)], RUN)
        assert not store.totals(cells)[1].shipped
    assert before == (shipped.read_bytes(), sorted(p.name for p in shipped.parent.iterdir()))


def test_what_was_computed_here_goes_before_what_is_shipped(shipped: Path, cells: list[Cell]) -> None:
    with Store() as store:
        store.save([result(cells[0], shard) for shard in range(3)], RUN)
        totals = store.totals(cells)[0]
        assert not totals.shipped
        assert totals.counts is not None
        assert totals.counts.top5 is not None
        # A smaller question is answered from the shipped classes too.
        assert Store().totals([dataclasses.replace(cells[0], size=10)])[0].counts is not None


def test_layers_fill_each_other_s_gaps(shipped: Path, cells: list[Cell]) -> None:
    with Store() as store:
        store.save([result(cells[0], 1, seed=3)], RUN)
        counts = store.totals(cells)[0].counts
        assert counts is not None
        assert counts.n == 600
        read = store.predictions(cells[0])
        assert read is not None
        assert len(read) == 600


# Bad files


def test_a_file_that_is_not_sqlite_is_one_sentence(tmp_path: Path, cells: list[Cell]) -> None:
    path = tmp_path / "results.sqlite"
    path.write_text("this is no database, and it is long enough to be looked at " * 20)
    for use in (lambda s: s.stored(cells), lambda s: s.save([result(cells[0], 0)], RUN)):
        with (
            Store(path, shipped=False) as store,
            pytest.raises(StoreError, match=r"is not a results file \(not SQLite\)"),
        ):
            use(store)
    assert path.read_text().startswith("this is no database")


def test_another_database_is_not_written_into(tmp_path: Path, cells: list[Cell]) -> None:
    path = tmp_path / "results.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for use in (lambda s: s.stored(cells), lambda s: s.save([result(cells[0], 0)], RUN)):
        with Store(path, shipped=False) as store, pytest.raises(StoreError, match="another SQLite database"):
            use(store)


def test_a_file_of_a_newer_release_is_left_alone(store: Store, cells: list[Cell]) -> None:
    store.save([result(cells[0], 0)], RUN)
    store.close()
    connection = sqlite3.connect(store.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for use in (lambda s: s.stored(cells), lambda s: s.save([result(cells[0], 1)], RUN)):
        with Store(store.path, shipped=False) as again, pytest.raises(StoreError, match=r"version 99.*newer release"):
            use(again)


def test_a_file_of_an_older_release_is_migrated_when_it_is_written(
    store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save([result(cells[0], 0)], RUN)
    store.close()
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 2)
    monkeypatch.setattr(
        schema,
        "MIGRATIONS",
        {
            now: lambda c: c.execute("ALTER TABLE runs ADD COLUMN note TEXT"),
            now + 1: lambda c: c.execute("CREATE TABLE new (x)"),
        },
    )
    store.save([result(cells[0], 1)], RUN)
    assert store.stored(cells)[cells[0].key] == {0: 256, 1: 256}
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA user_version").fetchone() == (now + 2,)
    assert connection.execute("SELECT note FROM runs").fetchall() == [(None,)]
    connection.close()


def test_a_file_of_an_older_release_is_migrated_when_it_is_read(store: Store, cells: list[Cell]) -> None:
    saved = [result(cells[0], shard) for shard in (0, 1, 2)]
    saved[1] = dataclasses.replace(saved[1], predictions=saved[1].predictions.compact(scores=True))
    store.save(saved, RUN)
    store.close()
    _make_older(store.path, [r.predictions for r in saved])
    assert store.stored(cells) == {cells[0].key: {0: 256, 1: 256, 2: 88}}
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert connection.execute("SELECT variant, params FROM results").fetchall() == [(None, "")]
        dates = connection.execute("SELECT DISTINCT datetime(date, 'unixepoch') FROM units").fetchall()
        fresh = schema.nothing()
        shape = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        columns = "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)"
        for (name, _), (same, _) in zip(connection.execute(shape), fresh.execute(shape), strict=True):
            assert name == same
            assert connection.execute(columns, (name,)).fetchall() == fresh.execute(columns, (name,)).fetchall()
        fresh.close()
    assert dates == [("2026-02-03 04:05:06",)]
    assert verify(store) == (3, [])
    counts = store.totals(cells)[0].counts
    assert counts is not None
    assert counts.correct == correct(*saved)
    with Store(store.path.with_name("new.sqlite"), shipped=False) as new:
        new.save(saved, RUN)
        assert merge(new, store.path).same == 3  # what lies there in another form is no other result


def _make_older(path: Path, predictions: list[Predictions]) -> None:
    """Put one cell's units back into version 1: predictions in the serial form by (cell, shard), dates and checksums as
    text, and a view without variant and parameters."""
    with closing(sqlite3.connect(path)) as connection:
        units = connection.execute("SELECT * FROM units").fetchall()
        connection.executescript(
            """DROP TABLE sources; DROP TABLE probes; DROP TABLE units; DROP TABLE predictions; DROP TABLE labels; DROP VIEW results;
            CREATE VIEW results AS SELECT n FROM cells; PRAGMA user_version = 1;
            CREATE TABLE units (cell INTEGER NOT NULL REFERENCES cells(id), shard INTEGER NOT NULL, n INTEGER NOT NULL,
                answers INTEGER NOT NULL, correct INTEGER NOT NULL, top5 INTEGER, confidence REAL,
                seconds REAL NOT NULL, date TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs(id),
                checksum TEXT NOT NULL, PRIMARY KEY (cell, shard)) WITHOUT ROWID;
            CREATE TABLE predictions (id INTEGER PRIMARY KEY, cell INTEGER NOT NULL, shard INTEGER NOT NULL,
                data BLOB NOT NULL, UNIQUE (cell, shard));"""
        )
        for unit, one in zip(units, predictions, strict=True):
            cell, shard, *counts, seconds, _, run, _ = unit
            data = one.to_bytes()
            check = hashlib.sha256(json.dumps([*counts, []]).encode() + data).hexdigest()[:32]
            row = (cell, shard, *counts, seconds, "2026-02-03T04:05:06+00:00", run, check)
            connection.execute("INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO predictions (cell, shard, data) VALUES (?, ?, ?)", (cell, shard, data))
        connection.commit()


def test_a_file_of_an_older_release_that_nothing_can_migrate_is_refused(
    store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save([result(cells[0], 0)], RUN)
    store.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(StoreError, match="older release"):
        store.stored(cells)


def test_a_failed_migration_changes_nothing(store: Store, cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> None:
    store.save([result(cells[0], 0)], RUN)
    store.close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE units")
        connection.execute("SELECT nonsense")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        patch.setattr(schema, "MIGRATIONS", {schema.VERSION - 1: broken})
        with pytest.raises(StoreError, match="nonsense"):
            store.save([result(cells[0], 1)], RUN)
    assert store.stored(cells) == {cells[0].key: {0: 256}}


def test_a_full_disk_keeps_what_was_finished_and_says_so(store: Store, cells: list[Cell]) -> None:
    store.save([result(cells[0], 0)], RUN)
    with store.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"):
        store.save([result(cells[0], 1), result(cells[1], 0), result(cells[1], 1)], RUN)
    assert store.stored(cells) == {cells[0].key: {0: 256}}
    with store.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert store.save([result(cells[0], 1)], RUN) == 1


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach, as pytest's own cannot."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def nobody() -> Iterator[None]:
    """Without the superuser's rights, where the tests run with them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_can_still_be_read(open_folder: Path, cells: list[Cell]) -> None:
    with Store(open_folder / "results.sqlite", shipped=False) as store:
        store.save([result(cells[0], 0)], RUN)
    open_folder.chmod(0o555)
    try:
        with nobody(), Store(store.path, shipped=False) as again:
            assert again.stored(cells) == {cells[0].key: {0: 256}}
            with pytest.raises(StoreError, match="cannot be"):
                again.save([result(cells[0], 1)], RUN)
    finally:
        open_folder.chmod(0o755)


def test_a_cache_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "file" / "cache"))
    with Store(shipped=False) as store, pytest.raises(StoreError, match="ROBUSTCORE_CACHE"):
        store.save([result(cells[0], 0)], RUN)


def test_two_writers_take_turns(store: Store, cells: list[Cell]) -> None:
    with Store(store.path, shipped=False) as other:
        for shard in range(3):
            store.save([result(cells[0], shard)], RUN)
            other.save([result(cells[1], shard)], RUN)
    assert [t.counts.n for t in store.totals(cells) if t.counts] == [600, 600]
