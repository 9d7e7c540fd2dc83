"""`robustcore datasets`: folders that every list of data offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from robustcore import cli
from robustcore.datasets import added


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two splits of two classes, next to the current folder."""
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            (tmp_path / "photos" / split / name).mkdir(parents=True)
            Image.new("RGB", (32, 32)).save(tmp_path / "photos" / split / name / "0.png")
    return tmp_path / "photos"


def test_a_folder_is_added_listed_and_removed(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["datasets", "add", "photos"]) == 0
    out = capsys.readouterr().out
    assert "2 images, 2 classes, split val" in out
    assert f"--dataset {photos} --split val" in out
    assert added.folders() == [str(photos)]

    assert cli.main(["datasets"]) == 0
    assert capsys.readouterr().out == f"{photos}\n"

    assert cli.main(["datasets", "remove", "photos"]) == 0
    assert added.folders() == []
    assert (photos / "val" / "cat" / "0.png").exists()


@pytest.mark.parametrize("place", ["nowhere", "cache"])
def test_what_is_no_dataset_is_not_added(photos: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    (photos.parent / "cache").mkdir(exist_ok=True)
    assert cli.main(["datasets", "add", place]) == 1
    assert place in capsys.readouterr().err
    assert added.folders() == []


def test_removing_what_was_not_added_names_what_was(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added.add(str(photos))
    assert cli.main(["datasets", "remove", "elsewhere"]) == 1
    assert str(photos) in capsys.readouterr().err
