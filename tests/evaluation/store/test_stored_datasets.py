"""Stored datasets are told apart, whatever their folders are called, and results of an older form are met."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustcore as rc
from robustcore import cli
from robustcore.datasets.recorded import RecordedDataset
from robustcore.errors import DatasetError, StoreError
from robustcore.evaluation import Condition, Store, operations, plan
from robustcore.evaluation.store import schema, stored_datasets
from robustcore.evaluation.store.merge import merge
from robustcore.evaluation.store.prune import prune

Make = Callable[..., Any]
MODEL = "scenes/resnet?weights=none&classes=2"


def photographs(root: Path, seed: int, *places: str) -> Path:
    """A folder with two noise images in each place."""
    for k, place in enumerate(places or ("cat", "dog")):
        (root / place).mkdir(parents=True)
        for i in range(2):
            pixels = np.random.default_rng([seed, k, i]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / place / f"{i}.png")
    return root


@pytest.fixture
def two_folders(tmp_path: Path) -> tuple[Store, Path, Path]:
    """Results on two folders that are both called photos."""
    one, other = (photographs(tmp_path / name / "photos", seed) for seed, name in enumerate(("old", "new")))
    store = Store(tmp_path / "results.sqlite", shipped=False)
    for folder in (one, other):
        rc.evaluate(MODEL, str(folder), ["clean"], store=store, device="cpu")
    return store, one, other


def test_two_folders_of_one_name_are_two_datasets(two_folders: tuple[Store, Path, Path]) -> None:
    store, one, other = two_folders
    rows = stored_datasets.listing(store)
    assert [row.label for row in rows] == ["new/photos", "old/photos"]
    assert [row.paths for row in rows] == [(str(other),), (str(one),)]
    assert [row.classes for row in rows] == [("cat", "dog")] * 2
    assert [row.images for row in rows] == [4, 4]
    assert stored_datasets.matching(rows, "photos") == rows
    assert stored_datasets.matching(rows, str(one)) == [rows[1]]
    assert stored_datasets.matching(rows, rows[0].fingerprint[:8]) == [rows[0]]


def test_pruning_asks_which_of_two_datasets_is_meant(two_folders: tuple[Store, Path, Path]) -> None:
    store, one, _ = two_folders
    with store:
        with pytest.raises(StoreError) as error:
            prune(store, dataset="photos")
        assert str(one) in str(error.value)
        gone = prune(store, dataset=str(one))
        assert gone["dataset"].tolist() == ["old/photos"]
        (left,) = stored_datasets.listing(store)
        assert left.label == "photos"
        assert len(prune(store, dataset=left.fingerprint[:12], dry=True)) == 1
        assert len(prune(store, dataset="photos")) == 1
        assert stored_datasets.listing(store) == []


def test_pruning_asks_which_of_two_models_of_one_name_is_meant(
    tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    with Store(tmp_path / "results.sqlite", shipped=False) as store:
        models = [make_model(shift=shift) for shift in (0.0, 0.01)]
        for model in models:
            rc.evaluate(model, make_dataset(10), ["clean"], store=store)
        assert len({model.card.name for model in models}) == 1
        with pytest.raises(StoreError, match=models[1].fingerprint()[:16]):
            prune(store, model=models[0].card.name)
        gone = prune(store, model=models[0].fingerprint()[:10])
        assert gone["model_fingerprint"].tolist() == [models[0].fingerprint()]


def test_a_merge_brings_where_the_datasets_are(two_folders: tuple[Store, Path, Path], tmp_path: Path) -> None:
    store, *_ = two_folders
    store.close()
    with Store(tmp_path / "other.sqlite", shipped=False) as other:
        merge(other, store.path)
        assert stored_datasets.listing(other) == stored_datasets.listing(store)


@pytest.mark.parametrize(
    ("paths", "ends"),
    [
        (["/data/a/photos"], ["photos"]),
        (["/a/photos", "/b/photos"], ["a/photos", "b/photos"]),
        (["/a/x/photos", "/b/x/photos", "/photos"], ["a/x/photos", "b/x/photos", "/photos"]),
    ],
)
def test_paths_are_told_apart_by_as_much_as_is_needed(paths: list[str], ends: list[str]) -> None:
    assert list(stored_datasets.path_ends(paths).values()) == ends


def test_a_dataset_without_its_images_says_so() -> None:
    gone = RecordedDataset("photos", "val", ("a",), "f" * 64, size=10, side=0, reason="They are elsewhere.")
    assert len(gone) == 10
    for access in (lambda: gone[0], lambda: gone.images(0, 1), lambda: gone.source(0)):
        with pytest.raises(DatasetError, match="elsewhere"):
            access()


def older_form(store: Store, condition: Condition, fields: dict[str, Any]) -> None:
    """Put a stored condition back into the form that an earlier release wrote."""
    identity = dict(operations.of(condition).identity(condition))
    text = json.dumps({"condition": fields, "operation": identity}, sort_keys=True, separators=(",", ":"))
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(
            "UPDATE conditions SET canonical = ?, fingerprint = ? WHERE canonical = ?",
            (canonical, hashlib.sha256(text.encode()).hexdigest(), condition.canonical()),
        )
        connection.executescript("DROP TABLE sources; PRAGMA user_version = 5;")
        connection.commit()


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        (
            Condition("attack", "fgsm", params=(("eps", 1.0),)),
            {"kind": "attack", "name": "fgsm", "params": {"eps": 1}},
        ),
        (
            Condition("sequence", "brightness"),
            {"kind": "sequence", "name": "brightness", "params": {"difficulty": 1}},
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("both", [False, True], ids=["older form alone", "both forms"])
def test_results_of_an_older_form_are_met(
    condition: Condition, fields: dict[str, Any], both: bool, tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    model, dataset = make_model(), make_dataset(300)
    with Store(tmp_path / "results.sqlite", shipped=False) as store:
        before = rc.evaluate(model, dataset, [condition], store=store)
    older_form(store, condition, fields)
    if both:  # a later release has computed the first images again
        with closing(sqlite3.connect(store.path)) as connection:
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")
            connection.execute(
                "CREATE TABLE sources (dataset, path, classes, side, images, PRIMARY KEY (dataset, path))"
            )
            connection.commit()
        with store:
            rc.evaluate(model, dataset, [condition], limit=20, store=store)
        with closing(sqlite3.connect(store.path)) as connection:
            assert connection.execute("SELECT count(*) FROM conditions").fetchone() == (3,)
            connection.executescript("DROP TABLE sources; PRAGMA user_version = 5;")
    with store:
        again = rc.evaluate(model, dataset, [condition], store=store)
        assert again.attrs["summary"]["computed"] == 0
        assert again["correct"].tolist() == before["correct"].tolist()
        assert again["n"].tolist() == [300, 300]
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("SELECT count(*) FROM conditions").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM cells").fetchone() == (2,)


def test_a_condition_of_an_operation_that_has_changed_stays_as_it_is(
    tmp_path: Path, make_dataset: Make, make_model: Make
) -> None:
    condition = Condition("attack", "fgsm", params=(("eps", 1.0),))
    with Store(tmp_path / "results.sqlite", shipped=False) as store:
        rc.evaluate(make_model(), make_dataset(10), [condition], store=store)
    older_form(store, condition, {"kind": "attack", "name": "fgsm", "params": {"eps": 1}})
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE conditions SET fingerprint = 'of an older revision' WHERE kind = 'attack'")
        connection.commit()
    with store:
        cells = plan.make([plan.Subject("m", make_model().fingerprint(), ())], make_dataset(10), [condition])
        assert store.stored(cells) == {}
    with closing(sqlite3.connect(store.path)) as connection:
        assert (
            connection.execute("SELECT canonical FROM conditions WHERE kind = 'attack'").fetchone()[0].endswith("1}}")
        )


def test_the_commands_tell_two_folders_apart_and_delete_only_when_they_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [photographs(tmp_path / name / "photos", seed) for seed, name in enumerate(("old", "new"))]
    for folder in folders:
        rc.evaluate(MODEL, str(folder), ["clean"], device="cpu")
    assert cli.main(["results", "ls", "--model", MODEL]) == 0
    output = capsys.readouterr().out
    assert "old/photos" in output
    assert "new/photos" in output
    command = ["results", "prune", "--dataset", str(folders[0])]
    assert cli.main(command) == 1  # no terminal, and no --yes
    assert "1 units" in capsys.readouterr().out
    assert len([row for row in stored_datasets.listing(Store()) if not row.shipped]) == 2
    assert cli.main([*command, "--yes"]) == 0
    assert [row.paths for row in stored_datasets.listing(Store()) if not row.shipped] == [(str(folders[1]),)]
