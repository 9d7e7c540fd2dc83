"""Photographs that come with scikit-image and scikit-learn, one by one and as a dataset; and uploads.

All of scikit-image's are CC0 or in the public domain, scikit-learn's two are CC BY 2.0. Where one can say which classes of
ImageNet are right for a picture, it has a label; several may be right. The others have none (-1).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from robustcore.datasets import imagenet_classes
from robustcore.datasets._base import UNLABELLED, Dataset, Item
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.images import UInt8Array, content_id, decode, fit, to_tensor
from robustcore.images.preparation import Preparation

SIDE = 224
REVISION = 1  # raised when the pictures, their order or what is right for them changes


@dataclasses.dataclass(frozen=True)
class Photograph:
    """Where a picture comes from.

    Attributes:
        name: of the picture.
        package: that ships it.
        file: below the package's folder.
        source: who took it, or where it was published.
        licence: its licence.
        right: names of the ImageNet classes that are right for it; none where one cannot say.
    """

    name: str
    package: str
    file: str
    source: str
    licence: str
    right: tuple[str, ...] = ()


_PUBLIC = "public domain"
PHOTOGRAPHS: Mapping[str, Photograph] = {
    each.name: each
    for each in (
        Photograph("coffee", "skimage", "data/coffee.png", "Rachel Michetti", "CC0", ("espresso", "cup")),
        Photograph(
            "cat", "skimage", "data/chelsea.png", "Stéfan van der Walt", "CC0", ("tabby", "tiger cat", "Egyptian cat")
        ),
        Photograph("camera", "skimage", "data/camera.png", "Lav Varshney", "CC0", ("tripod",)),
        Photograph("rocket", "skimage", "data/rocket.jpg", "SpaceX", _PUBLIC, ("missile", "projectile")),
        Photograph("astronaut", "skimage", "data/astronaut.png", "NASA", _PUBLIC),
        Photograph("china", "sklearn", "datasets/images/china.jpg", "danielbuechele on Flickr", "CC BY 2.0"),
        Photograph("flower", "sklearn", "datasets/images/flower.jpg", "vultilion on Flickr", "CC BY 2.0"),
        Photograph(
            "clock",
            "skimage",
            "data/clock_motion.png",
            "Stéfan van der Walt",
            _PUBLIC,
            ("wall clock", "analog clock"),
        ),
        Photograph("coins", "skimage", "data/coins.png", "Brooklyn Museum", "no known copyright restrictions"),
        Photograph("brick", "skimage", "data/brick.png", "CC0Textures", "CC0"),
        Photograph("grass", "skimage", "data/grass.png", "linolafett on DeviantArt", "CC0"),
        Photograph("gravel", "skimage", "data/gravel.png", "CC0Textures", "CC0"),
        Photograph("hubble", "skimage", "data/hubble_deep_field.jpg", "NASA, Hubble eXtreme Deep Field", _PUBLIC),
        Photograph("retina", "skimage", "data/retina.jpg", "Mikael Häggström", "CC0"),
    )
}


def names() -> list[str]:
    """The photographs' names, in the dataset's order: those that show a class of ImageNet first."""
    return list(PHOTOGRAPHS)


@functools.lru_cache(maxsize=len(PHOTOGRAPHS))
def pixels(name: str) -> UInt8Array:
    """uint8 (H, W, 3), read-only: the photograph as its package ships it.

    Reads the file without importing the package, which would delay the first rendered scene by more than a second.
    """
    if name not in PHOTOGRAPHS:
        raise UnknownNameError("photograph", name, PHOTOGRAPHS)
    photo = PHOTOGRAPHS[name]
    package = importlib.util.find_spec(photo.package)
    title = {"skimage": "scikit-image", "sklearn": "scikit-learn"}[photo.package]
    if package is None or not package.submodule_search_locations:
        raise DatasetError(f"The photograph {name!r} comes with {title}, which is not installed: install it.")
    path = Path(package.submodule_search_locations[0], photo.file)
    image = decode(path, name=f"The photograph {name!r} of {title}")
    image.flags.writeable = False
    return image


def photograph(name: str, side: int = SIDE, *, preparation: Preparation | None = None) -> Item:
    """One of the photographs, prepared at `side` (shorter side resized, centre crop), or as a model wants it."""
    item = _item(pixels(name), name, side, preparation)
    return dataclasses.replace(item, right=PHOTOGRAPHS[name].right, dataset="photographs")


def upload(data: bytes, name: str, side: int = SIDE, *, preparation: Preparation | None = None) -> Item:
    """An uploaded file as an image, prepared at `side` or as a model wants it; raises an `ImageError` if the file is not an
    image."""
    return _item(decode(data, name=name), name, side, preparation)


def _item(source: UInt8Array, name: str, side: int, preparation: Preparation | None) -> Item:
    image = fit(source, side if preparation is None else preparation.side, preparation)
    return Item(name, to_tensor(image), content_id(image), source=source)


class Photographs:
    """The photographs as a dataset of ImageNet's classes; a `Dataset` whose images may have no label.

    Args:
        limit: take the first images only; more than there are takes all.
        side: images are resized (shorter side, bilinear, antialiased) and cropped at the centre to this many pixels.
        preparation: another way to prepare them; its side is theirs.

    Attributes:
        right: label -> all classes that are right where it is, by their places among the classes.
    """

    name, split = "photographs", "test"

    def __init__(
        self, limit: int | None = None, side: int | None = None, *, preparation: Preparation | None = None
    ) -> None:
        self.chosen = side is not None or preparation is not None
        self.preparation = preparation or Preparation(side or SIDE, side or SIDE)
        self.side = self.preparation.side
        self.limit = limit
        self.classes = imagenet_classes.names()
        photos = list(PHOTOGRAPHS.values())[:limit]
        place = {name: number for number, name in enumerate(self.classes)}
        sets = [tuple(place[name] for name in photo.right) for photo in photos]
        self.right = {places[0]: places for places in sets if places}
        self.names = tuple(photo.name for photo in photos)
        self.ids: npt.NDArray[np.int64] = np.array([_id(name) for name in self.names], dtype=np.int64)
        self.labels: npt.NDArray[np.int64] = np.array([s[0] if s else UNLABELLED for s in sets], dtype=np.int64)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the pictures' pixels, what is right for them, and the preparation."""
        facts = {"photographs": REVISION, "preparation": self.preparation.to_dict(), "classes": self.classes}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        for photo in PHOTOGRAPHS.values():
            digest.update(json.dumps([photo.name, photo.right, pixels(photo.name).shape]).encode())
            digest.update(np.ascontiguousarray(pixels(photo.name)).tobytes())
        return digest.hexdigest()

    def prepared(self, preparation: Preparation) -> Dataset:
        """The same photographs in another preparation."""
        return Photographs(self.limit, preparation=preparation)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """(uint8 (3, side, side), label); the label is -1 where one cannot say."""
        return to_tensor(fit(self.source(index), self.side, self.preparation)), int(self.labels[index])

    def images(self, start: int, stop: int) -> Tensor:
        """uint8 (stop - start, 3, side, side)."""
        if not 0 <= start <= stop <= len(self):
            raise InvalidArgumentError(f"Images {start} .. {stop} are out of range; the dataset has 0 .. {len(self)}.")
        return torch.stack([self[index][0] for index in range(start, stop)])

    def source(self, index: int) -> UInt8Array:
        """uint8 (H, W, 3): the photograph as it ships."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"image {index} of a dataset of {len(self)}")
        return pixels(self.names[index])


def _id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"photograph {name}".encode()).digest()[:8], "big") >> 1
