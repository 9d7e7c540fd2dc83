"""Readers of ImageNet's natural shifts, on made folders in the layouts that the authors publish."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustcore.datasets import imagenet_shifts
from robustcore.datasets.imagenet_shifts import ImageNetShift
from robustcore.errors import DatasetError, UnknownNameError

WORDNET = tuple(f"n{i:08d}" for i in range(1000))


def picture(path: Path, colour: int, side: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), (colour, colour, colour)).save(path)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(imagenet_shifts.VARIABLE, str(tmp_path))
    return tmp_path


def test_folders_of_wordnet_ids_take_the_clean_folder_s_labels(root: Path) -> None:
    for number in (5, 700, 12):
        picture(root / "imagenet-r" / WORDNET[number] / "a.jpg", number % 256)
    dataset = ImageNetShift("imagenet-r", WORDNET, side=32)
    assert dataset.classes == WORDNET
    assert sorted(dataset.labels.tolist()) == [5, 12, 700]
    assert dataset.among.tolist() == dataset.counted_as.tolist() == [5, 12, 700]
    for image, label in (dataset[i] for i in range(3)):
        assert image.shape == (3, 32, 32)
        assert abs(int(image.float().mean()) - label % 256) <= 1


def test_v2_numbers_its_folders_in_the_order_of_the_wordnet_ids(root: Path) -> None:
    for number in (0, 10, 2, 999):
        picture(root / "imagenetv2-matched-frequency-format-val" / str(number) / "a.jpeg", 9)
    assert sorted(ImageNetShift("imagenet-v2", WORDNET).labels.tolist()) == [0, 2, 10, 999]


def objectnet(root: Path) -> Path:
    """Two folders with classes of ImageNet, the second with two of them, and one without."""
    top = root / "objectnet-1.0"
    for folder in ("alarm_clock", "dress_shoe_men", "air_freshener"):
        path = top / "images" / folder / "a.png"
        path.parent.mkdir(parents=True)
        framed = np.full((44, 44, 3), (255, 0, 0), np.uint8)
        framed[2:-2, 2:-2] = 100
        Image.fromarray(framed).save(path)
    labels = {"alarm_clock": "Alarm clock", "dress_shoe_men": "Dress shoe (men)", "air_freshener": "Air freshener"}
    shared = {"Alarm clock": "analog clock", "Dress shoe (men)": "Loafer; running shoe"}
    tables = {
        "folder_to_objectnet_label.json": json.dumps(labels),
        "objectnet_to_imagenet_1k.json": json.dumps(shared),
        "pytorch_to_imagenet_2012_id.json": json.dumps({"409": 2, "630": 0, "770": 1}),
        "imagenet_to_label_2012_v2": "Loafer\nrunning shoe\nanalog clock\n",
    }
    (top / "mappings").mkdir()
    for name, text in tables.items():
        (top / "mappings" / name).write_text(text)
    return top


def test_objectnet_keeps_the_shared_classes_and_loses_its_red_frame(root: Path) -> None:
    objectnet(root)
    dataset = ImageNetShift("objectnet", WORDNET, side=32)
    assert sorted(dataset.labels.tolist()) == [409, 630]
    assert dict(zip(dataset.among.tolist(), dataset.counted_as.tolist(), strict=True)) == {409: 409, 630: 630, 770: 630}
    assert (dataset[0][0] == 100).all()
    assert dataset.source(0).shape == (40, 40, 3)


def test_the_fingerprint_covers_files_and_tables(root: Path) -> None:
    top = objectnet(root)
    before, digest = ImageNetShift("objectnet", WORDNET).fingerprint, imagenet_shifts.content("objectnet")
    assert ImageNetShift("objectnet", WORDNET, side=64).fingerprint != before
    (top / "mappings" / "objectnet_to_imagenet_1k.json").write_text('{"Alarm clock": "analog clock"}')
    assert ImageNetShift("objectnet", WORDNET).fingerprint != before
    assert imagenet_shifts.content("objectnet") != digest


def test_what_is_missing_or_does_not_fit_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DatasetError, match="lacks a folder imagenet-a"):
        ImageNetShift("imagenet-a", WORDNET)
    picture(root / "imagenet-a" / "n99999999" / "a.png", 1)
    with pytest.raises(DatasetError, match="no n99999999"):
        ImageNetShift("imagenet-a", WORDNET)
    with pytest.raises(DatasetError, match="WordNet ids"):
        ImageNetShift("imagenet-a", ("cat", "dog"))
    picture(root / "imagenet-v2" / "tench" / "a.png", 1)
    with pytest.raises(DatasetError, match="named 0 to 999"):
        ImageNetShift("imagenet-v2", WORDNET)
    with pytest.raises(DatasetError, match=r"1,000 classes; the clean dataset has 12"):
        ImageNetShift("imagenet-v2", WORDNET[:12])
    (objectnet(root) / "mappings" / "objectnet_to_imagenet_1k.json").unlink()
    with pytest.raises(DatasetError, match="unpack all of it"):
        ImageNetShift("objectnet", WORDNET)
    with pytest.raises(UnknownNameError, match="Did you mean 'imagenet-a'"):
        ImageNetShift("imagnet-a", WORDNET)
    monkeypatch.delenv(imagenet_shifts.VARIABLE)
    with pytest.raises(DatasetError, match=imagenet_shifts.VARIABLE):
        ImageNetShift("imagenet-a", WORDNET)


def test_here_are_the_sets_whose_folders_are_there(root: Path) -> None:
    assert imagenet_shifts.here() == []
    picture(root / "sketch" / WORDNET[0] / "a.png", 1)
    picture(root / "imagenetv2-top-images" / "0" / "a.png", 1)
    assert imagenet_shifts.here() == ["imagenet-sketch", "imagenet-v2-top-images"]


@pytest.mark.parametrize(
    "clean", [[str(i) for i in range(1000)], [f"class {i}" for i in range(1000)]], ids=["0", "class 0"]
)
def test_numbers_mean_nothing_for_folders_in_another_order(root: Path, clean: list[str]) -> None:
    picture(root / "imagenetv2-matched-frequency-format-val" / "10" / "a.jpeg", 9)
    with pytest.raises(DatasetError, match="in the order of ImageNet's WordNet ids"):
        ImageNetShift("imagenet-v2", clean)
