"""A folder of class folders, with all that real folders hold."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore.datasets import Dataset, left_out, load_dataset
from robustcore.datasets.folder import Folder
from robustcore.errors import DatasetError, ImageError, InvalidArgumentError, TrainingError
from robustcore.images import fit
from robustcore.training.data import TrainingSet


def draw(path: Path, level: int = 0, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(level).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Three cats and four dogs."""
    for i in range(3):
        draw(tmp_path / "pets" / "cat" / f"{i}.png", i)
    for i in range(4):
        draw(tmp_path / "pets" / "dog" / f"{i}.png", 10 + i)
    return tmp_path / "pets"


def test_classes_labels_and_images(pets: Path) -> None:
    dataset = Folder(pets, side=32)
    assert isinstance(dataset, Dataset)
    assert (dataset.name, dataset.split, dataset.classes, len(dataset)) == ("pets", "all", ("cat", "dog"), 7)
    for i, path in enumerate(dataset.paths):
        image, label = dataset[i]
        assert dataset.classes[label] == path.split("/")[0]
        original = np.asarray(Image.open(pets / path))
        assert np.array_equal(dataset.source(i), original)
        assert np.array_equal(image.permute(1, 2, 0).numpy(), fit(original, 32))
    together = dataset.images(2, 6)
    assert together.dtype == torch.uint8
    assert torch.equal(together, torch.stack([dataset[i][0] for i in range(2, 6)]))


def test_images_can_be_read_in_inference_mode(pets: Path) -> None:
    dataset = Folder(pets)
    with torch.inference_mode():
        assert dataset.images(0, len(dataset)).shape[0] == len(dataset)


def test_ids_and_order_do_not_depend_on_the_other_images(pets: Path) -> None:
    before = Folder(pets)
    for i in range(20):
        draw(pets / "ant" / f"{i}.png", 100 + i)
    after = Folder(pets)
    where = {path: i for i, path in enumerate(after.paths)}
    assert [after.ids[where[path]] for path in before.paths] == before.ids.tolist()
    assert [path for path in after.paths if not path.startswith("ant")] == before.paths
    assert (after.ids >= 0).all()
    assert len(set(after.ids.tolist())) == 27


def test_a_limit_is_a_prefix_and_a_fair_sample(tmp_path: Path) -> None:
    source = draw(tmp_path / "one.png")
    for name in ("a", "b"):
        (tmp_path / "many" / name).mkdir(parents=True)
        for i in range(200):
            os.link(source, tmp_path / "many" / name / f"{i}.png")
    everything, some = Folder(tmp_path / "many"), Folder(tmp_path / "many", limit=100)
    assert some.paths == everything.paths[:100]
    assert some.fingerprint == everything.fingerprint
    assert 30 <= some.labels.sum() <= 70
    assert len(Folder(tmp_path / "many", limit=1_000)) == 400


def test_splits_share_their_classes(tmp_path: Path) -> None:
    for i, path in enumerate(("train/cat/1", "train/dog/1", "train/fox/1", "test/cat/1", "test/fox/1")):
        draw(tmp_path / "set" / f"{path}.png", i)
    train, test = Folder(tmp_path / "set", "train"), Folder(tmp_path / "set", "test")
    assert train.classes == test.classes == ("cat", "dog", "fox")
    assert sorted(test.labels.tolist()) == [0, 2]
    assert not set(train.ids.tolist()) & set(test.ids.tolist())
    assert train.fingerprint != test.fingerprint
    with pytest.raises(DatasetError, match=r"no images for the split 'val'; it has test, train\."):
        Folder(tmp_path / "set", "val")


def test_a_class_may_be_named_like_a_split(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        draw(tmp_path / "vehicles" / name / "1.png")
    assert Folder(tmp_path / "vehicles").classes == ("bus", "train")


# ---- the fingerprint


def test_fingerprint_follows_contents_and_preparation(pets: Path, tmp_path: Path) -> None:
    first = Folder(pets).fingerprint
    assert Folder(pets).fingerprint == first
    assert Folder(pets, side=96).fingerprint != first
    shutil.copytree(pets, tmp_path / "elsewhere" / "pets")
    assert Folder(tmp_path / "elsewhere" / "pets").fingerprint == first

    cat = pets / "cat" / "0.png"
    good, status = cat.read_bytes(), cat.stat()
    flipped = bytearray(good)
    flipped[60] ^= 1
    cat.write_bytes(bytes(flipped))
    os.utime(cat, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same date
    assert Folder(pets).fingerprint != first
    cat.write_bytes(good)
    assert Folder(pets).fingerprint == first
    cat.rename(pets / "dog" / "0b.png")
    assert Folder(pets).fingerprint != first


def test_unchanged_files_are_read_once(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustcore.datasets import _digests

    seen: list[Path] = []
    digest = _digests._digest
    monkeypatch.setattr(_digests, "_digest", lambda path: seen.append(path) or digest(path))
    first = Folder(pets).fingerprint
    assert len(seen) == 7
    assert Folder(pets).fingerprint == first
    assert len(seen) == 7
    draw(pets / "cat" / "new.png", 77)
    assert Folder(pets).fingerprint != first
    assert len(seen) == 8


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"cat/0.png": 3}', "\x00\x01"])
def test_a_damaged_ledger_is_written_anew(content: str, pets: Path, own_cache: Path) -> None:
    first = Folder(pets).fingerprint
    (ledger,) = (own_cache / "folders").iterdir()
    ledger.write_text(content)
    assert Folder(pets).fingerprint == first


def test_without_a_writable_cache_the_fingerprint_is_the_same(
    pets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = Folder(pets).fingerprint
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.WARNING):
        assert Folder(pets).fingerprint == first
    assert "cannot be cached" in caplog.text


# ---- what real folders hold


def test_strange_names_and_stray_files(pets: Path) -> None:
    draw(pets / "cat" / "Größe, \n und 空格 .PNG", 50)
    draw(pets / "cat" / "deep" / "er" / "1.jpeg", 51)
    shutil.copy(pets / "cat" / "0.png", os.fsencode(pets / "dog") + b"/latin\xe9.png")
    (pets / "cat" / "notes.txt").write_text("no image")
    (pets / "cat" / ".hidden.png").write_bytes(b"")
    (pets / "cat" / "folder.png").mkdir()
    (pets / ".git").mkdir()
    (pets / "empty").mkdir()
    (pets / "README.png").write_bytes(b"beside the classes")
    dataset = Folder(pets, side=16)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 10
    assert dataset.images(0, 10).shape == (10, 3, 16, 16)
    assert len(dataset.fingerprint) == 64


def test_links_are_followed_but_not_in_circles(pets: Path, tmp_path: Path) -> None:
    draw(tmp_path / "foxes" / "1.png", 60)
    (pets / "fox").symlink_to(tmp_path / "foxes", target_is_directory=True)
    (pets / "cat" / "again").symlink_to(pets / "cat", target_is_directory=True)
    (pets / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    for place in (pets / "cat" / "itself.png", pets / "itself"):
        place.symlink_to(place)
    dataset = Folder(pets)
    assert dataset.classes == ("cat", "dog", "fox")
    assert len(dataset) == 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a readable image"),
        (b"no image at all", "is not a readable image"),
        (None, "damaged or incomplete"),
    ],
    ids=["empty", "text", "truncated"],
)
def test_a_broken_image_costs_itself_and_is_named(content: bytes | None, reason: str, pets: Path) -> None:
    without = Folder(pets)
    broken = pets / "dog" / "2.png"
    good = broken.read_bytes()
    broken.write_bytes(good[: len(good) // 2] if content is None else content)
    (pets / "cat" / "3.png").write_bytes(b"")
    dataset = Folder(pets)
    assert dataset.paths == [path for path in without.paths if path != "dog/2.png"]
    assert dataset.images(0, 6).shape == (6, 3, 224, 224)
    (note,) = dataset.left_out
    assert (note.kind, note["images"]) == ("unreadable_images", 2)
    assert any(str(broken) in why and reason in why for why in note["reasons"])
    assert dataset.fingerprint != without.fingerprint
    for path in (broken, pets / "cat" / "3.png"):
        path.unlink()
    assert Folder(pets).fingerprint == dataset.fingerprint, "a file that cannot be read is as one that is not there"


@pytest.mark.parametrize("limit", [1, 3, 5, 6, 7])
def test_a_limit_counts_the_images_that_can_be_read(limit: int, pets: Path) -> None:
    everything = Folder(pets).paths
    (pets / everything[2]).write_bytes(b"broken")
    some = Folder(pets, limit=limit)
    assert some.paths == [*everything[:2], *everything[3:]][:limit]
    assert some.fingerprint == Folder(pets).fingerprint


def test_images_that_break_later_are_named_together(pets: Path) -> None:
    dataset = Folder(pets)
    for path in dataset.paths[1:3]:
        (pets / path).write_bytes(b"broken")
    with pytest.raises(ImageError, match="2 images cannot be read") as error:
        dataset.images(0, 7)
    assert all(path in str(error.value) for path in dataset.paths[1:3])


def test_a_folder_of_broken_images_alone_is_refused(pets: Path) -> None:
    for path in Folder(pets).paths:
        (pets / path).write_bytes(b"broken")
    with pytest.raises(DatasetError, match="None of the 7 images"):
        Folder(pets)


def test_an_image_that_is_gone_is_named(pets: Path) -> None:
    dataset = Folder(pets)
    shutil.rmtree(pets / "cat")
    with pytest.raises(ImageError, match="cannot be read"):
        dataset[dataset.paths.index("cat/0.png")]
    with pytest.raises(DatasetError, match="cannot be read"):
        _ = dataset.fingerprint


def test_one_class_is_enough_to_evaluate_on(tmp_path: Path) -> None:
    draw(tmp_path / "set" / "cat" / "1.png")
    assert load_dataset(tmp_path / "set").classes == ("cat",)


def test_folders_without_class_folders_say_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no images in class folders"):
        Folder(tmp_path / "empty")
    draw(tmp_path / "flat" / "1.png")
    with pytest.raises(DatasetError, match="none in a class folder"):
        Folder(tmp_path / "flat")
    with pytest.raises(DatasetError, match="cannot be read"):
        Folder(tmp_path / "missing")


def test_a_flat_folder_is_a_dataset_without_labels(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        draw(tmp_path / "flat" / name)
    (tmp_path / "flat" / "notes.txt").write_text("x")
    dataset = load_dataset(tmp_path / "flat", side=32)
    assert (len(dataset), dataset.classes, dataset.split) == (3, (), "all")
    assert dataset.labels.tolist() == [-1, -1, -1]
    assert dataset.images(0, 3).shape == (3, 3, 32, 32)
    assert [note.kind for note in left_out(dataset)] == ["other_files"]
    with pytest.raises(TrainingError, match="no label"):
        TrainingSet.of(dataset)


@pytest.mark.parametrize("side", [0, 7, 5_000])
def test_an_impossible_side_is_refused(side: int, pets: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="8 to 2048"):
        Folder(pets, side=side)
