"""Photographs and uploads: items for looking."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore.datasets import photographs
from robustcore.errors import ImageError, UnknownNameError


def test_the_two_photographs_are_scikit_learns() -> None:
    from sklearn.datasets import load_sample_image

    assert photographs.names() == ["china", "flower"]
    for name in photographs.names():
        assert np.array_equal(photographs.pixels(name), load_sample_image(f"{name}.jpg"))


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
