"""Single images for display: the two photographs that ship with scikit-learn, and uploads."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from robustcore.datasets._base import Item
from robustcore.errors import DatasetError, UnknownNameError
from robustcore.images import UInt8Array, content_id, decode, fit, to_tensor

SIDE = 224

_FILES = {"china": "china.jpg", "flower": "flower.jpg"}


def names() -> list[str]:
    """The photographs' names, sorted."""
    return sorted(_FILES)


@functools.lru_cache(maxsize=len(_FILES))
def pixels(name: str) -> UInt8Array:
    """uint8 (427, 640, 3), read-only: the photograph as scikit-learn ships it.

    Reads the file of `sklearn.datasets.load_sample_image` without importing scikit-learn, which would delay the first
    rendered scene by more than a second.
    """
    if name not in _FILES:
        raise UnknownNameError("photograph", name, _FILES)
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DatasetError(f"The photograph {name!r} comes with scikit-learn, which is not installed: install it.")
    path = Path(package.submodule_search_locations[0], "datasets", "images", _FILES[name])
    image = decode(path, name=f"The photograph {name!r} of scikit-learn")
    image.flags.writeable = False
    return image


def photograph(name: str, side: int = SIDE) -> Item:
    """One of the two photographs, prepared at `side` (shorter side resized, centre crop)."""
    image = fit(pixels(name), side)
    return Item(name, to_tensor(image), content_id(image), source=pixels(name))


def upload(data: bytes, name: str, side: int = SIDE) -> Item:
    """An uploaded file as an image, prepared at `side`; raises an `ImageError` if the file is not an image."""
    source = decode(data, name=name)
    image = fit(source, side)
    return Item(name, to_tensor(image), content_id(image), source=source)
