"""Single images: of the test split, the photographs, and what a visitor uploads."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.cache.shared import shared
from dashboard.session import permissions

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.datasets import Dataset, Item
    from robustcore.images.preparation import Preparation


@st.cache_resource(max_entries=1, show_spinner="Rendering the test images (once) …")
def test_images() -> Dataset:
    """The test split of scenes."""
    import robustcore.datasets

    return robustcore.datasets.load_dataset("scenes", split="test")


@st.cache_data(max_entries=64, show_spinner=False)
def indices_of_class(label: int) -> list[int]:
    """The places of a class's images among the test images."""
    return [int(i) for i in (test_images().labels == label).nonzero()[0]]


def test_image(index: int) -> Item:
    """One test image, with its id and label."""
    from robustcore.datasets import Item

    dataset = test_images()
    image, label = dataset[index]
    return Item(f"{dataset.classes[label]} {index}", image, int(dataset.ids[index]), label, dataset=dataset.name)


@shared()
def seen_from_elsewhere(image_id: int, shares: tuple[float, ...]) -> Tensor:
    """uint8 (n, 3, side, side): the test image of that id, its pose moved by these shares of the way to the set scenes/viewpoint."""
    import numpy as np
    import torch

    from robustcore.datasets.scenes import Scenes
    from robustcore.datasets.scenes.shifts import VIEWPOINT

    scenes = Scenes("test")
    index = int(np.flatnonzero(scenes.ids == image_id)[0])
    return torch.from_numpy(np.stack([scenes.towards(index, VIEWPOINT, share) for share in shares]))


@st.cache_data(max_entries=256, show_spinner=False)
def test_thumbnail(index: int) -> str:
    """One test image as a data address."""
    from dashboard import data_urls

    return data_urls.exact(test_images()[index][0])


@shared()
def photograph(name: str, preparation: Preparation | None = None) -> Item:
    """One of the photographs, as a model wants it prepared."""
    from robustcore.datasets import photographs

    return photographs.photograph(name, preparation=preparation)


@st.cache_data(max_entries=32, show_spinner=False)
def photograph_thumbnail(name: str) -> str:
    """One of the photographs, small, as a data address."""
    from dashboard import data_urls
    from robustcore.datasets import photographs

    return data_urls.exact(photographs.photograph(name, 64).image)


def upload(content: bytes, name: str, preparation: Preparation | None = None) -> Item:
    """An uploaded image; an `ImageError` says in one sentence why it cannot be one."""
    permissions.check("Uploading an image")
    return _upload(hashlib.sha256(content).hexdigest(), name, preparation, _content=content)


@shared(show_spinner="Reading the image …")
def _upload(digest: str, name: str, preparation: Preparation | None, *, _content: bytes) -> Item:
    from robustcore.datasets import photographs

    return photographs.upload(_content, name, preparation=preparation)
