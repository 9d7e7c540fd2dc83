"""StreetHazards and BDD-Anomaly as they are published, in tiny folders."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.reports import segmentation
from robustcore.segmentation import checkpoints, data


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), values)


def street_hazards(root: Path) -> Path:
    mask = np.ones((24, 32), np.uint8)
    mask[:, 16:] = 8  # the road, as published
    mask[4:8, 4:8] = 14  # the anomaly
    mask[0, 0] = 0
    write(root / "test/images/t5/1.png", np.full((24, 32, 3), 90, np.uint8))
    write(root / "test/annotations/t5/1.png", mask)
    return root


def test_street_hazards_by_folders_and_by_list(tmp_path: Path) -> None:
    dataset = data.load(str(street_hazards(tmp_path)), "test", side=32)
    images, masks = dataset.pairs(0, 1)
    assert images.shape == (1, 3, 32, 32)
    assert dataset.anomaly == 13
    assert set(np.unique(masks)) == {0, 7, 13, 255}
    assert dataset.classes[7] == "road"
    rows = [{"fpath_img": "test/images/t5/1.png", "fpath_segm": "test/annotations/t5/1.png"}]
    (tmp_path / "test.odgt").write_text(json.dumps(rows))
    assert len(data.load(str(tmp_path), "test")) == 1
    (tmp_path / "test.odgt").write_text(json.dumps([{"fpath_img": "../../etc/passwd", "fpath_segm": "x"}]))
    with pytest.raises(DatasetError, match="not within"):
        data.load(str(tmp_path), "test")


def test_bdd_anomaly_takes_pairs_with_its_classes_for_testing_alone(tmp_path: Path) -> None:
    for place, (part, value) in enumerate((("train", 3), ("train", 17), ("val", 5), ("val", 18))):
        write(tmp_path / f"seg/images/{part}/{place}.jpg", np.zeros((8, 8, 3), np.uint8))
        write(tmp_path / f"seg/labels/{part}/{place}_train_id.png", np.full((8, 8), value, np.uint8))
    sizes = {split: len(data.load(str(tmp_path), split)) for split in ("train", "val", "test")}
    assert sizes == {"train": 1, "val": 1, "test": 2}
    test = data.load(str(tmp_path), "test", side=8)
    assert (test.pairs(0, 1)[1] == test.anomaly).all()


def test_other_folders_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither StreetHazards"):
        data.load(str(tmp_path))
    with pytest.raises(DatasetError, match="There is no folder"):
        data.load(str(tmp_path / "nothing"))
    with pytest.raises(UnknownNameError):
        data.load("scenes/streets")


def test_masks_that_are_pictures_in_colours_are_refused(tmp_path: Path) -> None:
    root = street_hazards(tmp_path)
    coloured = np.zeros((24, 32, 3), np.uint8)
    coloured[..., 2] = 128
    write(root / "test/annotations/t5/1.png", coloured)
    with pytest.raises(DatasetError, match=r"1\.png"):
        data.load(str(root), "test").pairs(0, 1)
    with pytest.raises(UnknownNameError):
        data.load(str(root), "testing")


def test_a_network_of_other_classes_is_not_compared_with_masks(tmp_path: Path) -> None:
    shipped, autoencoder = checkpoints.SHIPPED
    streets = data.load(str(street_hazards(tmp_path)), "test", side=32)
    with pytest.raises(InvalidArgumentError, match="classes"):
        segmentation.measure(shipped, streets)
    with pytest.raises(InvalidArgumentError, match="autoencoder"):
        segmentation.measure(autoencoder, streets)
    with pytest.raises(InvalidArgumentError, match="no autoencoder"):
        segmentation.measure(shipped, data.load(data.STREET, limit=1), autoencoder=shipped)
