"""Photographs and uploads: items for looking."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore.datasets import Dataset, imagenet_classes, load_dataset, photographs
from robustcore.datasets.photographs import Photographs
from robustcore.errors import DatasetError, ImageError, UnknownNameError
from robustcore.images.preparation import Preparation


def test_the_two_photographs_are_scikit_learns() -> None:
    from sklearn.datasets import load_sample_image

    for name in ("china", "flower"):
        assert np.array_equal(photographs.pixels(name), load_sample_image(f"{name}.jpg"))


def test_each_photograph_has_a_source_and_a_licence_and_classes_of_imagenet_or_none() -> None:
    classes = set(imagenet_classes.names())
    for name, photo in photographs.PHOTOGRAPHS.items():
        assert photo.source
        assert photo.licence in ("CC0", "CC BY 2.0", "public domain", "no known copyright restrictions")
        assert set(photo.right) <= classes
        assert photographs.pixels(name).ndim == 3
    assert photographs.photograph("cat").right == ("tabby", "tiger cat", "Egyptian cat")


def test_as_a_dataset_those_without_a_class_have_no_label() -> None:
    dataset = load_dataset("photographs")
    assert isinstance(dataset, Photographs)
    assert isinstance(dataset, Dataset)
    assert len(dataset) == len(photographs.names()) == len(set(dataset.ids.tolist()))
    cat, astronaut = dataset.names.index("cat"), dataset.names.index("astronaut")
    assert [dataset.classes[k] for k in dataset.right[int(dataset.labels[cat])]] == [
        "tabby",
        "tiger cat",
        "Egyptian cat",
    ]
    assert dataset.labels[astronaut] == -1
    assert torch.equal(dataset.images(cat, cat + 1)[0], photographs.photograph("cat").image)
    assert load_dataset("photographs", limit=2).fingerprint == dataset.fingerprint
    with pytest.raises(DatasetError):
        load_dataset("photographs", split="train")


def test_a_photograph_as_a_model_wants_it() -> None:
    preparation = Preparation(64, 80, "bicubic")
    item = photographs.photograph("china", preparation=preparation)
    assert item.image.shape == (3, 64, 64)
    assert not torch.equal(item.image, photographs.photograph("china", side=64).image)
    dataset = load_dataset("photographs", preparation=preparation)
    place = photographs.names().index("china")
    assert torch.equal(dataset[place][0], item.image)
    assert dataset.fingerprint != load_dataset("photographs", side=64).fingerprint


def test_a_photograph_is_prepared_at_a_side() -> None:
    large, small = photographs.photograph("china"), photographs.photograph("china", side=64)
    assert large.image.shape == (3, 224, 224)
    assert small.image.shape == (3, 64, 64)
    assert large.id == photographs.photograph("china").id != small.id
    assert large.label is None


def test_an_upload_gets_its_id_from_its_content() -> None:
    file = io.BytesIO()
    Image.fromarray(photographs.pixels("flower")).save(file, "PNG")
    item = photographs.upload(file.getvalue(), "mine.png")
    assert item.name == "mine.png"
    assert torch.equal(item.image, photographs.photograph("flower").image)
    assert item.id == photographs.photograph("flower").id


def test_what_is_no_image_is_named() -> None:
    with pytest.raises(ImageError, match=r"^letter\.txt is not a readable image"):
        photographs.upload(b"Dear reader", "letter.txt")
    with pytest.raises(UnknownNameError, match="Did you mean 'china'"):
        photographs.photograph("chna")
