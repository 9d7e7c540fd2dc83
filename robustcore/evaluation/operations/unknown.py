"""Unknown images: images of none of the model's classes, scored as they are.

No answer to them is right, so that they have no accuracy; what a model's outputs say of them is compared with what they say of
the clean images (`robustcore.detection`). A condition names

- a kind of noise (`datasets.unknown_images`), as many images as the evaluated dataset has;
- or another dataset by its name, "photographs" say;
- or a folder of one's own: its name begins with "own/" and its parameter "folder" is its path. The folder's structure does not matter.

The images have the side and the preparation of the evaluated dataset. Whether they are unknown to a model is for people to say; images that
are the evaluated ones are refused.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustcore import datasets
from robustcore.corruptions import suites
from robustcore.datasets import class_folders
from robustcore.datasets._base import Dataset, Preparable
from robustcore.datasets.flat_folder import FlatFolder
from robustcore.datasets.folder import Folder
from robustcore.datasets.unknown_images import KINDS, REVISION, UnknownImages, Unlabelled
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations._base import Operation, registry

KIND = "unknown"
OWN = "own/"  # before the names of folders of one's own
FOLDER = "folder"
SUITE = "unknown"
_KEPT = 16

suites.register(
    SUITE,
    title="Unknown images",
    order=330,
    kind=KIND,
    description="Images of no class, made from noise, which a model should notice that it does not know.",
    conditions=lambda: [Condition(KIND, name) for name in KINDS],
)


class Unknown(Operation):
    """Images of none of the classes."""

    kind = KIND

    def __init__(self) -> None:
        self._sets: OrderedDict[tuple[Any, ...], Dataset] = OrderedDict()

    def check(self, condition: Condition) -> None:
        others = (condition.severity, condition.strength, condition.variant)
        if any(each is not None for each in others) or condition.storage != "memory":
            raise InvalidArgumentError(
                f"Unknown images are scored as they are: {condition.name} has no severity, strength, variant or storage."
            )
        if condition.name.startswith(OWN):
            if set(condition.parameters) != {FOLDER}:
                raise InvalidArgumentError(
                    f"Unknown images of one's own are named by their folder and nothing else; {condition.name} has "
                    f"{condition.parameters}."
                )
        elif condition.params:
            raise InvalidArgumentError(f"The unknown images {condition.name} have no parameters.")
        elif condition.name not in KINDS and condition.name not in datasets.registry:
            raise UnknownNameError("set of unknown images", condition.name, [*KINDS, *datasets.names()])

    def portable(self, condition: Condition) -> Condition:
        return dataclasses.replace(condition, params=())

    def missing(self, condition: Condition, base: Dataset) -> str:
        try:
            self.dataset(condition, base)
        except DatasetError as error:
            return str(error).removesuffix(".")
        return super().missing(condition, base)

    def identity(self, condition: Condition) -> Mapping[str, Any]:
        if condition.name in KINDS:
            return {"revision": REVISION}
        if condition.name.startswith(OWN):
            try:
                return {"set": _folder(condition.parameters[FOLDER]).fingerprint}
            except DatasetError:
                return {"set": None}
        return {"set": datasets.load_dataset(condition.name).fingerprint}

    def is_random(self, condition: Condition) -> bool:
        return False

    def unlabelled(self, condition: Condition) -> str:
        return "unknown images have no right answer: see how well they are detected"

    def dataset(self, condition: Condition, base: Dataset) -> Dataset:
        """The unknown images, in the side and the preparation of the evaluated ones.

        Raises:
            DatasetError: a folder that is missing or holds no images; images that are the evaluated ones.
        """
        if condition.name in KINDS:
            return UnknownImages(condition.name, len(base), base.side)
        preparation = base.preparation if isinstance(base, Preparable) else None
        own = condition.name.startswith(OWN)
        # Equal folders are two: one of them may be gone by the time when images are read.
        place = condition.parameters[FOLDER] if own else condition.name
        key = (place, _folder(place).fingerprint if own else "", base.side, preparation)
        if key not in self._sets:
            images = _folder(condition.parameters[FOLDER]) if own else datasets.load_dataset(condition.name)
            if isinstance(images, Preparable):
                images = images.prepared(preparation or datasets.Preparation(base.side, base.side))
            elif images.side != base.side:
                images = datasets.load_dataset(condition.name, side=base.side)
            self._sets[key] = Unlabelled(images)
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        images = self._sets[key]
        if images.fingerprint == base.fingerprint:
            raise DatasetError(f"The images of {images.name} are the evaluated ones: they are not unknown.")
        return images


def own(name: str, folder: str) -> Condition:
    """The condition of unknown images of one's own.

    Args:
        name: what they are called, without "own/".
        folder: the absolute path of their folder.
    """
    return Condition(KIND, f"{OWN}{name.removeprefix(OWN)}", params=((FOLDER, folder),))


def _folder(path: str) -> Folder:
    """All images of a folder, whether they lie in class folders or not."""
    return FlatFolder(path) if class_folders.is_flat(Path(path)) else Folder(path)


registry.add(KIND, Unknown())
