"""Folders as people have them: splits in any usual spelling, what drives and systems leave behind, released sets."""

from __future__ import annotations

import os
import struct
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from robustcore.datasets.folder import Folder
from robustcore.errors import DatasetError, RobustcoreError
from robustcore.notes import kinds


def make(root: Path, paths: Iterable[str], text: str = "") -> Path:
    """Files at these paths; those that end like images are images of 16 x 16 pixels, all different."""
    for number, path in enumerate(paths):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".ppm", ".pgm"):
            kind = {".png": "PNG", ".ppm": "PPM", ".pgm": "PPM"}.get(file.suffix.lower(), "JPEG")
            pixels = np.full((16, 16, 3), number * 7 % 256, dtype=np.uint8)
            pixels[:, :8, 0] = number % 256
            Image.fromarray(pixels).convert("L" if file.suffix == ".pgm" else "RGB").save(file, kind)
        else:
            file.write_text(text)
    return root


class TestSplits:
    @pytest.mark.parametrize(
        ("train", "other", "split"),
        [
            ("Train", "Test", "test"),
            ("TRAIN", "VAL", "val"),
            ("training", "testing", "test"),
            ("Training", "validation", "val"),
            ("train", "valid", "val"),
            ("training", "eval", "val"),
            ("train_set", "test_set", "test"),
            ("images/train", "images/val", "val"),
            ("data/images/Train", "data/images/Test", "test"),
        ],
    )
    def test_usual_spellings(self, train: str, other: str, split: str, tmp_path: Path) -> None:
        root = make(
            tmp_path / "set", [f"{place}/{name}/{place[-1]}.png" for place in (train, other) for name in ("cat", "dog")]
        )
        one, two = Folder(root, "train"), Folder(root, split)
        assert one.classes == two.classes == ("cat", "dog")
        assert (one.split, two.split, len(one), len(two)) == ("train", split, 2, 2)
        assert all(path.startswith(other) for path in two.paths)

    def test_a_missing_split_names_the_folders_that_are_there(self, tmp_path: Path) -> None:
        root = make(tmp_path / "set", ["Train/cat/1.png", "valid/cat/2.png"])
        with pytest.raises(DatasetError, match=r"it has train \(the folder Train\), val \(the folder valid\)\."):
            Folder(root, "test")

    def test_two_folders_for_one_split_are_refused(self, tmp_path: Path) -> None:
        root = make(tmp_path / "set", ["Train/cat/1.png", "valid/cat/2.png", "validation/cat/3.png"])
        with pytest.raises(DatasetError, match="several folders for the split 'val': valid, validation"):
            Folder(root, "train")
        (root / "valid").rename(root / "val")
        dataset = Folder(root, "val")
        assert dataset.paths == ["val/cat/2.png"]
        assert kinds(dataset.left_out) == ["unused_folders"]

    def test_a_class_among_others_may_be_named_like_a_split(self, tmp_path: Path) -> None:
        root = make(tmp_path / "set", ["cat/1.png", "dev/red/2.png", "dog/3.png"])
        assert Folder(root).classes == ("cat", "dev", "dog")

    def test_labels_of_tiny_imagenet(self, tmp_path: Path) -> None:
        train = [f"train/n0{k}/images/n0{k}_{i}.jpg" for k in (1, 2) for i in (0, 1)]
        root = make(
            tmp_path / "tiny", [*train, *(f"val/images/val_{i}.jpg" for i in range(4)), "test/images/test_0.jpg"]
        )
        (root / "val" / "val_annotations.txt").write_text(
            "val_0.jpg\tn02\t0\t0\nval_1.jpg\tn01\t0\t0\nval_2.jpg\tn02\t0\t0\n"
        )
        assert (Folder(root, "train").classes, len(Folder(root, "train"))) == (("n01", "n02"), 4)
        val = Folder(root, "val")
        by_file = {
            path.rsplit("/", 1)[1]: val.classes[label] for path, label in zip(val.paths, val.labels, strict=True)
        }
        assert by_file == {"val_0.jpg": "n02", "val_1.jpg": "n01", "val_2.jpg": "n02"}
        assert {(note.kind, note["images"]) for note in val.left_out if note.kind == "without_labels"} == {
            ("without_labels", 1)
        }
        with pytest.raises(
            DatasetError, match="1 images in test are in no class folders and nothing tells their classes"
        ):
            Folder(root, "test")
        assert Folder(root / "val").classes == ("n01", "n02")

    @pytest.mark.parametrize("flat", ["val/1.png", "val/images/1.png", "val/unknown/1.png"])
    def test_a_flat_split_is_no_class(self, flat: str, tmp_path: Path) -> None:
        root = make(tmp_path / "set", ["train/cat/1.png", "train/dog/2.png", flat])
        assert Folder(root, "train").classes == ("cat", "dog")
        with pytest.raises(DatasetError, match="nothing tells their classes: sort them"):
            Folder(root, "val")


class TestLeftOut:
    @pytest.mark.parametrize(
        "litter",
        [
            "@eaDir",
            "#recycle",
            "lost+found",
            "__MACOSX",
            ".thumbnails",
            "$RECYCLE.BIN",
            "System Volume Information",
            "@Recycle",
        ],
    )
    def test_system_folders(self, litter: str, tmp_path: Path) -> None:
        root = make(tmp_path / "set", ["cat/1.png", "dog/2.png"])
        clean = Folder(root)
        make(root, [f"{litter}/cat/3.png", f"cat/{litter}/1.png/THUMB.jpg", f"dog/{litter}/2.png"])
        (root / "cat" / "Thumbs.db").write_bytes(b"")
        dataset = Folder(root)
        assert (dataset.classes, dataset.paths, dataset.fingerprint) == (clean.classes, clean.paths, clean.fingerprint)
        assert kinds(dataset.left_out) == ([] if litter.startswith(".") else ["system_folders"])

    def test_endings(self, tmp_path: Path) -> None:
        names = [
            "cat/a.png",
            "cat/b.JPG",
            "cat/c.jfif",
            "cat/d.jpe",
            "dog/e.ppm",
            "dog/f.pgm",
            "dog/g.heic",
            "dog/h.heic",
            "dog/i",
        ]
        dataset = Folder(make(tmp_path / "set", [*names, "stray.png"]))
        assert len(dataset) == 6
        assert dataset.images(0, 6).shape == (6, 3, 224, 224)
        other, outside = dataset.left_out
        assert (other.kind, dict(other["endings"])) == ("other_files", {".heic": 2, "": 1})
        assert (outside.kind, outside["images"]) == ("outside_classes", 1)
        assert ".heic" in other.text

    def test_nothing(self, tmp_path: Path) -> None:
        assert Folder(make(tmp_path / "set", ["cat/1.png", "dog/2.png"])).left_out == ()

    def test_files_of_other_endings_alone_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"no images in class folders, only 2 \.heic"):
            Folder(make(tmp_path / "set", ["cat/1.heic", "dog/2.heic"]))


class TestNames:
    def test_accents_as_one_sign_and_as_two_are_one_class(self, tmp_path: Path) -> None:
        one, two = (unicodedata.normalize(form, "Käfer") for form in ("NFC", "NFD"))
        root = make(
            tmp_path / "set", [f"train/{one}/1.png", "train/ant/2.png", f"test/{two}/3.png", f"test/{two}/4.png"]
        )
        train, test = Folder(root, "train"), Folder(root, "test")
        assert train.classes == test.classes == (one, "ant")
        assert test.labels.tolist() == [0, 0]
        alone = Folder(make(tmp_path / "alone", [f"{two}/1.png"]))
        assert alone.classes == (two,), "as it is written, where it is written in one way alone"

    def test_names_that_are_not_utf8(self, tmp_path: Path) -> None:
        root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Donn\xe9es"))
        make(root, ["cat/1.png", "dog/2.png"])
        (root / os.fsdecode(b"chien_\xe9")).mkdir()
        (root / os.fsdecode(b"chien_\xe9/3.png")).write_bytes(b"broken")
        dataset = Folder(root)
        assert dataset.name == r"Donn\xe9es"
        for text in (dataset.name, repr(dataset), *(note.text for note in dataset.left_out)):
            text.encode("utf-8")
        with pytest.raises(DatasetError) as error:
            Folder(root / "missing")
        str(error.value).encode("utf-8")

    def test_a_number_is_named_with_the_folder_that_it_is_in(self, tmp_path: Path) -> None:
        assert Folder(make(tmp_path / "fog" / "3", ["cat/1.png"])).name == "fog/3"


class TestReleasedCorruptions:
    @pytest.mark.parametrize(
        "place", ["gaussian_noise", "imagenet-c/gaussian_noise", "imagenet-c/noise/gaussian_noise"]
    )
    def test_severities_are_no_classes(self, place: str, tmp_path: Path) -> None:
        make(tmp_path / place, [f"{severity}/n0{k}/1.png" for severity in range(1, 6) for k in (1, 2)])
        with pytest.raises(DatasetError, match="severities") as error:
            Folder(tmp_path / place.split("/")[0])
        assert str(tmp_path / place / "1") in str(error.value)
        assert Folder(tmp_path / place / "3").classes == ("n01", "n02")

    def test_numbered_classes_are_classes(self, tmp_path: Path) -> None:
        assert Folder(make(tmp_path / "digits", [f"{n}/1.png" for n in range(1, 6)])).classes == tuple("12345")
        assert Folder(make(tmp_path / "deep", [f"{n}/part{n}/1.png" for n in range(1, 6)])).classes == tuple("12345")


PARTS = ["train", "Test", "val", "images", "1", "2", "cat", "Käfer", "@eaDir", "n01440764", ".git", "a b"]
FILES = ["1.png", "2.PNG", "notes.txt", "Thumbs.db", "x.heic", "val_annotations.txt"]


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    tree=st.lists(
        st.tuples(st.lists(st.sampled_from(PARTS), max_size=3), st.sampled_from(FILES)),
        min_size=1,
        max_size=8,
        unique_by=str,
    ),
    split=st.sampled_from(["train", "val", "test"]),
)
def test_any_tree_is_a_dataset_or_a_sentence(
    tree: list[tuple[list[str], str]], split: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("tree")
    make(root, ["/".join((*folders, file)) for folders, file in tree], text="1.png\tcat\n")
    try:
        dataset = Folder(root, split, side=16)
    except RobustcoreError:
        return
    assert 0 < len(dataset) == len(dataset.images(0, len(dataset))) <= len(tree)
    assert set(dataset.labels.tolist()) <= set(range(len(dataset.classes)))
    assert not any(name.startswith(("@", ".")) for name in dataset.classes)
    assert len(dataset.fingerprint) == 64


def bitmap(level: int) -> bytes:
    """A BMP of 16 x 16 pixels, the same bytes for ever."""
    header = struct.pack("<IHHI", 54 + 16 * 48, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 16, 16, 1, 24, 0, 768, 2835, 2835, 0, 0
    )
    return b"BM" + header + bytes([level, level * 3 % 256, 255 - level]) * 256


@pytest.mark.parametrize(
    ("paths", "split", "begins"),
    [
        (["cat/1.bmp", "dog/deep/2.bmp", "dog/3.bmp", "Käfer/4.bmp"], "test", "0953587250019bc2"),
        (["train/cat/1.bmp", "train/dog/2.bmp", "test/cat/3.bmp"], "train", "5a145c05be3c7a49"),
        (["train/cat/1.bmp", "train/dog/2.bmp", "test/cat/3.bmp"], "test", "a732523beed27987"),
        (["bus/1.bmp", "train/2.bmp"], "test", "608d1161c2842711"),
    ],
)
def test_fingerprints_are_those_of_the_results_that_are_stored(
    paths: list[str], split: str, begins: str, tmp_path: Path
) -> None:
    for number, path in enumerate(paths):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bitmap(number * 11 % 256))
    assert Folder(tmp_path, split, side=32).fingerprint.startswith(begins)
