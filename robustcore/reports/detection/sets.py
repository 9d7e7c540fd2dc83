"""Sets of unknown images as people name them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from robustcore import datasets
from robustcore.datasets._base import Dataset
from robustcore.datasets.arrays import ArrayDataset
from robustcore.datasets.unknown_images import KINDS, Unlabelled
from robustcore.display import display_name
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import classes, operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations import unknown
from robustcore.models.classifier import Card
from robustcore.paths import printable

_SHAPES = "scenes/unknown"


@dataclasses.dataclass(frozen=True)
class UnknownSet:
    """One set of unknown images.

    Attributes:
        name: what it is chosen by.
        title: for people.
        condition: what is evaluated; of images in memory, which no evaluation has, only their name.
        images: the images, beside those that a model knows.
    """

    name: str
    title: str
    condition: Condition
    images: Dataset


def condition_of(name: str) -> Condition:
    """The condition of a set: a kind of noise, another dataset's name, or the path of a folder.

    Raises:
        UnknownNameError: none of these.
    """
    path = Path(os.path.expanduser(name))
    if name not in KINDS and name not in datasets.registry and path.is_dir():
        whole = path.absolute()
        return unknown.own(printable(whole.name), str(whole))
    condition = (
        Condition("shift", name, params=(("clean", "scenes"),)) if name == _SHAPES else Condition("unknown", name)
    )
    operations.check(condition)
    return condition


def conditions_for(dataset: Dataset) -> list[str]:
    """The sets that come with the package and that a dataset can be compared with: noise, and for the test images of scenes the
    unknown shapes, which are painted as these are."""
    return [*([_SHAPES] if (dataset.name, dataset.split) == ("scenes", "test") else []), *KINDS]


def knows(card: Card, dataset: Dataset) -> bool:
    """Whether any class of the images is one of a model's, by its name, its WordNet id or its place."""
    if set(dataset.classes) & set(card.classes):
        return True
    try:
        classes.matching(card.name, card.classes, dataset.name, dataset.classes)
    except DatasetError:
        return False
    return True


def resolved(names: Sequence[str | UnknownSet], dataset: Dataset) -> list[UnknownSet]:
    """The sets of these names beside a dataset; one that is a set already stays as it is.

    Raises:
        InvalidArgumentError: two sets of one name.
        DatasetError: a set that cannot be read, or that is the evaluated one.
    """
    resolved_: dict[str, UnknownSet] = {}
    for name in names:
        each = name if isinstance(name, UnknownSet) else _resolved(name, dataset)
        if each.name in resolved_:
            raise InvalidArgumentError(f"Two sets of unknown images are called {each.name}: rename one of the folders.")
        resolved_[each.name] = each
    return list(resolved_.values())


def _resolved(name: str, dataset: Dataset) -> UnknownSet:
    condition = condition_of(name)
    return UnknownSet(
        condition.name, titled(condition), condition, operations.of(condition).dataset(condition, dataset)
    )


def of_images(name: str, title: str, images: Sequence[Tensor]) -> UnknownSet:
    """A set of images in memory.

    Args:
        name, title: of the set.
        images: uint8 (3, side, side) each, of one side: as the model's images are prepared.
    """
    array = ArrayDataset(name, torch.stack(list(images)), np.zeros(len(images), np.int64), (title,))
    return UnknownSet(name, title, Condition("unknown", name), Unlabelled(array))


def titled(condition: Condition) -> str:
    """A set's name for people."""
    if condition.name == _SHAPES:
        return "Unknown shapes"
    return display_name(condition.name, condition.kind)
