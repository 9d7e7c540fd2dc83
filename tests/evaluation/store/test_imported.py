"""Tables of answers of models that cannot be loaded here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import robustcore as rc
from robustcore import cli
from robustcore.datasets import Dataset
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import Store, lookup
from robustcore.evaluation.store import imported, inventory, stored_datasets
from robustcore.models import Classifier
from robustcore.reports.compare import comparison

CONDITIONS = ("clean", "fog/1", "fog/3")


def answers(data: Dataset, **columns: Any) -> pd.DataFrame:
    """A model that is right on every image but each third one."""
    rows = []
    for condition in CONDITIONS:
        for k in range(len(data)):
            label = int(data.labels[k])
            wrong = (label + 1) % len(data.classes)
            rows.append(
                {
                    "image": str(int(data.ids[k])),
                    "condition": condition,
                    "label": data.classes[label],
                    "prediction": data.classes[wrong if k % 3 == 0 and condition != "clean" else label],
                    "confidence": 0.5,
                }
            )
    return pd.DataFrame(rows).assign(**columns)


@pytest.fixture
def data(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset(300)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results.sqlite", shipped=False)


def write(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def test_beside_other_models(
    data: Dataset, store: Store, make_model: Callable[..., Classifier], tmp_path: Path
) -> None:
    rc.evaluate(make_model(), data, "fog", severities=[1, 3], store=store)
    table = answers(data).sample(frac=1, random_state=0)  # the rows' order says nothing
    done = imported.take_in(store, write(table, tmp_path / "a.csv"), "theirs", data)
    assert (done.images, len(done.conditions)) == (300, 3)
    rows = lookup([done.model], data, "fog", severities=[1, 3], store=store)
    assert rows["n"].tolist() == [300] * 3
    assert rows["accuracy"].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    assert rows["confidence"].tolist() == pytest.approx([0.5] * 3)
    assert rows["top5"].isna().all()
    compared = comparison.gather(
        comparison.subjects(["theirs", "tiny/nearest"], data, store=store),
        data,
        ["fog"],
        severities=[1, 3],
        store=store,
    )
    assert compared.models == ["theirs", "tiny/nearest"]
    assert {subject.name for subject in store.subjects(data.fingerprint)} == {"theirs", "tiny/nearest"}


def test_a_dataset_that_is_not_here(data: Dataset, store: Store, tmp_path: Path) -> None:
    imported.take_in(store, write(answers(data), tmp_path / "a.csv"), "theirs", "elsewhere", split="val")
    (row,) = stored_datasets.listing(store)
    assert (row.name, row.split, row.images, row.classes) == ("elsewhere", "val", 300, ("bright", "dark", "dim"))
    listed = inventory.listing(store)
    assert listed["accuracy"].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    other = answers(data).assign(prediction=lambda t: t["label"])
    imported.take_in(store, write(other, tmp_path / "b.csv"), "others", "elsewhere", split="val")
    assert len(stored_datasets.listing(store)) == 1
    assert len(store.subjects(row.fingerprint)) == 2


def test_numbers_stand_for_classes_and_confidence_may_be_missing(data: Dataset, store: Store, tmp_path: Path) -> None:
    table = answers(data).drop(columns="confidence")
    place = {name: number for number, name in enumerate(data.classes)}
    table = table.assign(label=table["label"].map(place), prediction=table["prediction"].map(place))
    table.to_parquet(tmp_path / "a.parquet")
    done = imported.take_in(store, tmp_path / "a.parquet", "theirs", data)
    rows = lookup([done.model], data, "fog", severities=[1, 3], store=store)
    assert rows["accuracy"].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    assert rows["confidence"].isna().all()


def test_answers_outside_of_the_dataset(data: Dataset, store: Store, tmp_path: Path) -> None:
    table = answers(data, prediction="zebra")
    done = imported.take_in(store, write(table, tmp_path / "a.csv"), "theirs", data)
    assert done.model.classes == (*data.classes, "zebra")
    assert lookup([done.model], data, "clean", store=store)["accuracy"].tolist() == [0]


def test_files_are_matched_by_their_paths(store: Store, tmp_path: Path) -> None:
    from PIL import Image

    rows = []
    for k in range(6):
        path = tmp_path / "data" / f"class{k % 2}" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (40 * k, 0, 0)).save(path)
        rows.append([(path.name, f"class{k % 2}/{path.name}")[k % 2], "clean", f"class{k % 2}", f"class{k // 3}"])
    table = pd.DataFrame(rows, columns=list(imported.COLUMNS))
    folder = rc.load_dataset(tmp_path / "data")
    imported.take_in(store, write(table, tmp_path / "a.csv"), "theirs", folder)
    (row,) = inventory.listing(store).to_dict("records")
    assert row["correct"] == sum(k % 2 == k // 3 for k in range(6))


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda t: t.drop(columns="label"), InvalidArgumentError, "no column 'label'"),
        (lambda t: t.iloc[:0], InvalidArgumentError, "no rows"),
        (lambda t: t.assign(confidence=1.5), InvalidArgumentError, "Row 1"),
        (lambda t: t.assign(prediction=""), InvalidArgumentError, "Row 1"),
        (lambda t: t.replace("fog/1", "fog"), InvalidArgumentError, "severity"),
        (lambda t: t.replace("fog/1", "fog 3"), InvalidArgumentError, "two ways"),
        (lambda t: t.replace("fog/1", "fgo/1"), Exception, "fog"),
        (lambda t: pd.concat([t, t.iloc[:1]]), InvalidArgumentError, "two rows"),
        (lambda t: t.drop(index=400), InvalidArgumentError, "no row under fog/1"),
        (lambda t: t[t["image"] != "3"], DatasetError, "missing"),
        (lambda t: t.replace("3", "5"), DatasetError, "not in squares"),
        (lambda t: t.replace({"label": {"dark": "dim"}}), DatasetError, "labels"),
    ],
)
def test_what_is_wrong_is_said(
    change: Callable[[pd.DataFrame], pd.DataFrame],
    error: type[Exception],
    sentence: str,
    data: Dataset,
    store: Store,
    tmp_path: Path,
) -> None:
    table = write(change(answers(data)), tmp_path / "a.csv")
    with pytest.raises(error, match=sentence):
        imported.take_in(store, table, "theirs", data)
    assert not store.path.exists()


def test_other_answers_of_the_same_name_are_refused(data: Dataset, store: Store, tmp_path: Path) -> None:
    path = write(answers(data), tmp_path / "a.csv")
    first = imported.take_in(store, path, "theirs", data)
    assert imported.take_in(store, path, "theirs", data) == first
    write(answers(data).assign(prediction="dark"), path)
    with pytest.raises(InvalidArgumentError, match="other answers"):
        imported.take_in(store, path, "theirs", data)


def test_the_command(data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(answers(data), tmp_path / "a.csv")
    arguments = ["results", "import", str(path), "--model", "theirs", "--dataset", "elsewhere", "--split", "val"]
    assert cli.main(arguments) == 0
    assert "3 conditions of 300 images" in capsys.readouterr().out
    assert cli.main(["results", "ls", "--model", "theirs"]) == 0
    assert "elsewhere" in capsys.readouterr().out
    assert cli.main(["results", "verify"]) == 0
    assert cli.main([*arguments[:-3], "./elsewhere"]) == 1
    assert np.isfinite(
        inventory.per_image(Store(), inventory.listing(Store()).query("model == 'theirs'"))["confidence"]
    ).all()
