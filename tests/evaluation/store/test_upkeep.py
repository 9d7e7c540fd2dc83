"""Verify, merge, prune, list and export: damaged units go, good ones stay, nothing is silently preferred."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import robustcore as rc
from robustcore.errors import StoreError, UnknownNameError
from robustcore.evaluation import Condition, Store, operations
from robustcore.evaluation.store import inventory
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.prune import prune
from robustcore.evaluation.store.verify import verify

Make = Callable[..., Any]
FOG = [Condition.corruption("fog", 1), Condition.corruption("fog", 5)]


@pytest.fixture
def filled(tmp_path: Path, make_dataset: Make, make_model: Make) -> Store:
    """Clean and fog at two severities, 300 images each: six units."""
    store = Store(tmp_path / "one.sqlite", shipped=False)
    rc.evaluate(make_model(), make_dataset(300), FOG, store=store)
    store.close()
    return store


def execute(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def units(store: Store) -> int:
    connection = sqlite3.connect(store.path)
    result = connection.execute("SELECT count(*) FROM units").fetchone()[0]
    connection.close()
    return int(result)


def test_sound_results_are_left_as_they_are(filled: Store) -> None:
    before = inventory.listing(filled)
    assert verify(filled) == (6, [])
    assert inventory.listing(filled).equals(before)


def test_a_store_without_a_file_has_nothing_to_verify(tmp_path: Path) -> None:
    assert verify(Store(tmp_path / "none.sqlite", shipped=False)) == (0, [])


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("UPDATE predictions SET data = x'00' WHERE (cell, shard) = (2, 0)", "checksum"),
        ("UPDATE units SET correct = correct - 1 WHERE (cell, shard) = (2, 0)", "checksum"),
        ("DELETE FROM predictions WHERE (cell, shard) = (2, 0)", "predictions are missing"),
        ("DELETE FROM units WHERE (cell, shard) = (2, 0)", "counts are missing"),
    ],
    ids=["predictions changed", "counts changed", "predictions gone", "counts gone"],
)
def test_a_damaged_unit_is_found_dropped_and_computed_again(
    filled: Store, make_dataset: Make, make_model: Make, harm: str, reason: str
) -> None:
    whole = inventory.listing(filled)["correct"].tolist()
    execute(filled.path, harm)
    with filled:
        _, damaged = verify(filled)
        assert len(damaged) == 1
        assert reason in damaged[0].reason
        assert units(filled) == 5
        again = rc.evaluate(make_model(), make_dataset(300), FOG, store=filled)
        assert again.attrs["summary"]["computed"] == 1
        assert inventory.listing(filled)["correct"].tolist() == whole
        assert verify(filled) == (6, [])


def test_a_file_that_sqlite_cannot_read_throughout_is_rebuilt_from_what_it_can(
    tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    store = Store(tmp_path / "one.sqlite", shipped=False)
    conditions = [Condition.corruption(name, s) for name in ("brightness", "contrast") for s in (1, 2, 3, 4, 5)]
    rc.evaluate(make_model(), make_dataset(300), conditions, store=store)
    store.close()
    total = units(store)
    data = bytearray(store.path.read_bytes())
    # The root page of the index over predictions is overwritten: their table stays, and the way to them is gone.
    connection = sqlite3.connect(store.path)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'unit_values'").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    data[(page - 1) * size : page * size] = b"\xff" * size
    store.path.write_bytes(data)
    with store:
        _, damaged = verify(store)
        assert "is kept as one.sqlite.damaged" in damaged[0].reason
        assert store.path.with_name("one.sqlite.damaged").exists()
        assert verify(store)[1] == []
        again = rc.evaluate(make_model(), make_dataset(300), conditions, store=store)
        assert again.attrs["summary"]["total"] == total
        assert (again["n"] == 300).all()


def test_merging_adds_what_is_missing_and_keeps_where_it_came_from(
    filled: Store, tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    with Store(tmp_path / "two.sqlite", shipped=False) as other:
        rc.evaluate([make_model(), make_model("second", 0.1)], make_dataset(300), "clean", store=other)
    with filled:
        merged = merge(filled, other.path)
        assert (merged.added, merged.same, merged.larger, merged.collisions) == (2, 2, 0, [])
        listing = inventory.listing(filled)
        assert listing[["model", "name"]].drop_duplicates().values.tolist() == [
            ["second", "clean"],
            ["tiny/nearest", "clean"],
            ["tiny/nearest", "fog"],
        ]
        assert verify(filled) == (8, [])
        assert len(inventory.provenance(filled, listing[listing["model"] == "second"])) == 2
        again = merge(filled, other.path)
        assert (again.added, again.same) == (0, 4)


def test_merging_prefers_the_unit_of_more_images(
    filled: Store, tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    with Store(tmp_path / "small.sqlite", shipped=False) as small:
        rc.evaluate(make_model(), make_dataset(300), "clean", limit=280, store=small)
        merged = merge(small, filled.path)
        assert (merged.added, merged.larger, merged.same) == (4, 1, 1)
        assert inventory.listing(small)["n"].tolist() == [300, 300, 300]
    back = Store(tmp_path / "small.sqlite", shipped=False)
    with filled:
        assert merge(filled, back.path).same == 6


def test_a_collision_is_reported_and_ours_is_kept(
    filled: Store, tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    class Forged(type(make_model())):  # type: ignore[misc]
        def fingerprint(self) -> str:
            return str(make_model().fingerprint())

    other_model = make_model("tiny/nearest", 0.1)
    other_model.__class__ = Forged
    with Store(tmp_path / "two.sqlite", shipped=False) as other:
        rc.evaluate(other_model, make_dataset(300), "clean", store=other)
    before = inventory.listing(filled)
    with filled:
        merged = merge(filled, other.path)
        assert [(c.condition, c.shard, c.equal_counts) for c in merged.collisions] == [
            ("clean", 0, False),
            ("clean", 1, False),
        ]
        assert inventory.listing(filled).equals(before)


def test_damaged_units_of_the_other_file_are_left_behind(filled: Store, tmp_path: Path) -> None:
    execute(filled.path, "UPDATE predictions SET data = x'00' WHERE (cell, shard) = (2, 0)")
    with Store(tmp_path / "new.sqlite", shipped=False) as new:
        merged = merge(new, filled.path)
        assert (merged.added, merged.damaged) == (5, 1)
        assert verify(new) == (5, [])


def test_merging_what_is_no_results_file_is_one_sentence(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100)
    with filled:
        for path, sentence in (
            (tmp_path / "none", "no results file"),
            (tmp_path / "text", "not SQLite"),
            (filled.path, "own results file"),
        ):
            with pytest.raises(StoreError, match=sentence):
                merge(filled, path)


def test_pruning_by_name_and_by_revision(
    filled: Store, make_dataset: Make, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled:
        with pytest.raises(UnknownNameError, match="another"):
            prune(filled, model="another")
        monkeypatch.setattr(operations.registry["corruption"], "identity", lambda condition: {"revision": 99})
        would = prune(filled, outdated=True, dry=True)
        assert would["condition"].tolist() == ["fog, severity 1", "fog, severity 5"]
        assert units(filled) == 6
        assert prune(filled, outdated=True).equals(would)
        assert inventory.listing(filled)["name"].tolist() == ["clean"]
        assert len(prune(filled, dataset="squares")) == 1
        assert inventory.listing(filled).empty


def test_the_listing_reads_every_result_and_an_empty_store(filled: Store, tmp_path: Path) -> None:
    listing = inventory.listing(filled)
    assert listing["name"].tolist() == ["clean", "fog", "fog"]
    assert listing["n"].tolist() == [300, 300, 300]
    assert not listing["shipped"].any()
    assert (
        inventory.listing(Store(tmp_path / "none.sqlite", shipped=False)).columns.tolist() == listing.columns.tolist()
    )


def test_the_images_of_a_listing_are_those_that_were_counted(filled: Store) -> None:
    listed = inventory.listing(filled)
    images = inventory.per_image(filled, listed)
    assert len(images) == 900
    assert images["place"].tolist()[:300] == list(range(300))
    right = images[images["label"] == images["predicted"]].groupby("severity", dropna=False).size()
    assert sorted(right.tolist()) == sorted(listed["correct"].tolist())
    assert images["confidence"].between(0, 1).all()
