"""Images whose labels a file tells: tables of path and label, and ImageNet's flat validation set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import robustcore as rc
from robustcore.datasets import Dataset, folder_of, imagenet_classes
from robustcore.errors import DatasetError
from robustcore.evaluation import classes


def pictures(root: Path, paths: Sequence[str]) -> Path:
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (20 * number, 0, 0)).save(root / path)
    return root


def labels(data: Dataset) -> dict[str, str]:
    return {path: data.classes[label] for path, label in zip(data.paths, data.labels, strict=True)}  # type: ignore[attr-defined]


def table(root: Path, *rows: tuple[str, str]) -> Path:
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(root / "mine.csv", index=False)
    return root / "mine.csv"


class TestTables:
    PATHS = ("a/1.png", "a/2.png", "b/1.png")

    def test_names(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        data = rc.load_dataset(table(root, ("a/1.png", "dog"), ("a/2.png", "cat"), ("b/1.png", "dog")), side=16)
        assert (data.name, data.split, data.classes) == ("mine", "all", ("cat", "dog"))
        assert labels(data) == {"a/1.png": "dog", "a/2.png": "cat", "b/1.png": "dog"}
        reds = dict(zip(data.paths, data.images(0, 3)[:, 0, 0, 0].tolist(), strict=True))  # type: ignore[attr-defined]
        assert reds == {"a/1.png": 0, "a/2.png": 20, "b/1.png": 40}
        assert folder_of(data) == str(root / "mine.csv")

    def test_numbers_and_whole_paths(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        data = rc.load_dataset(table(root, (str(root / "a/1.png"), "2"), ("./a/2.png", "0"), ("b/1.png", "10")))
        assert data.classes == tuple(map(str, range(11)))
        assert labels(data) == {"a/1.png": "2", "a/2.png": "0", "b/1.png": "10"}

    def test_numbers_far_apart_are_indices_of_imagenet(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        data = rc.load_dataset(table(root, ("a/1.png", "243"), ("a/2.png", "0"), ("b/1.png", "990")))
        assert labels(data) == {"a/1.png": "243", "a/2.png": "0", "b/1.png": "990"}
        assert classes.matching("lite0", imagenet_classes.names(), data.name, data.classes).tolist() == [0, 243, 990]

    def test_parquet(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        pd.DataFrame({"path": self.PATHS, "label": [1, 0, 1]}).to_parquet(root / "mine.parquet")
        assert rc.load_dataset(root / "mine.parquet").labels.sum() == 2

    def test_labels_are_part_of_the_fingerprint(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        prints = set()
        for first in ("dog", "cat"):
            rows = [("a/1.png", first), ("a/2.png", "cat"), ("b/1.png", "dog")]
            prints.add(rc.load_dataset(table(root, *rows)).fingerprint)
        assert len(prints) == 2

    @pytest.mark.parametrize(
        ("rows", "sentence"),
        [
            ([("../x.png", "dog")], "Row 1"),
            ([("/etc/x.png", "dog")], "Row 1"),
            ([("a/1.png", "dog"), ("a/2.png", "")], "Row 2"),
            ([("a/1.png", "dog"), ("a/1.png", "cat")], "two labels"),
            ([("a/9.png", "dog")], r"9\.png"),
            ([], "no rows"),
        ],
    )
    def test_what_is_wrong_is_said(self, rows: list[tuple[str, str]], sentence: str, tmp_path: Path) -> None:
        root = pictures(tmp_path, self.PATHS)
        with pytest.raises(DatasetError, match=sentence):
            rc.load_dataset(table(root, *rows))

    def test_other_tables_and_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("image,class\n1.png,dog\n")
        with pytest.raises(DatasetError, match="'path'"):
            rc.load_dataset(tmp_path / "a.csv")
        (tmp_path / "a.txt").write_text("1.png dog")
        with pytest.raises(DatasetError, match="is a file"):
            rc.load_dataset(tmp_path / "a.txt")


class TestFlatImageNet:
    NAMES = tuple(f"ILSVRC2012_val_0000000{k}.JPEG" for k in range(1, 5))
    IDS = ("n01440764", "n01443537", "n01440764", "n01484850")

    @pytest.mark.parametrize("place", ["", "val/"])
    @pytest.mark.parametrize("kind", ["LOC_val_solution.csv", "val.txt"])
    def test_labels_next_to_the_images(self, kind: str, place: str, tmp_path: Path) -> None:
        root = pictures(tmp_path, [f"val/{name}" for name in self.NAMES])
        pictures(tmp_path, [f"train/{id_}/{id_}_1.JPEG" for id_ in set(self.IDS)])
        pairs = list(zip(self.NAMES, self.IDS, strict=True))
        if kind == "val.txt":
            text = "\n".join(f"{name} {id_}" for name, id_ in pairs)
        else:
            text = "ImageId,PredictionString\n" + "\n".join(f"{n.split('.')[0]},{id_} 1 2 3 4 " for n, id_ in pairs)
        (root / place / kind).write_text(text)
        whole = rc.load_dataset(root, "val")
        assert (whole.split, sorted(whole.classes)) == ("val", sorted(set(self.IDS)))
        assert labels(whole) == {f"val/{name}": id_ for name, id_ in pairs}
        alone = rc.load_dataset(root / "val")
        assert labels(alone) == dict(pairs)
        other = text.replace(self.IDS[0], self.IDS[1], 1)
        (root / place / kind).write_text(other)
        assert rc.load_dataset(root / "val").fingerprint != alone.fingerprint

    @pytest.mark.parametrize("place", ["", "val/"])
    def test_a_validation_set_alone_is_a_split(self, place: str, tmp_path: Path) -> None:
        root = pictures(tmp_path, [f"val/{name}" for name in self.NAMES])
        pairs = dict(zip(self.NAMES, self.IDS, strict=True))
        (root / place / "val.txt").write_text("\n".join(f"{name} {id_}" for name, id_ in pairs.items()))
        whole, alone = rc.load_dataset(root, "val"), rc.load_dataset(root / "val")
        assert whole.split == "val"
        assert labels(whole) == {f"val/{name}": id_ for name, id_ in pairs.items()}
        assert (whole.left_out, alone.left_out) == ((), ()), "every image has its label: none is left out"

    def test_a_class_called_like_a_split_stays_a_class(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, ["train/1.png", "bus/2.png"])
        (root / "train.txt").write_text("1.png n01440764\n")
        assert sorted(rc.load_dataset(root).classes) == ["bus", "train"]

    def test_a_text_of_other_things_is_none(self, tmp_path: Path) -> None:
        root = pictures(tmp_path, [f"val/{name}" for name in self.NAMES])
        (root / "val.txt").write_text("these are my photographs\nfrom the summer\n")
        data = rc.load_dataset(root / "val")
        assert np.unique(data.labels).tolist() == [-1]
