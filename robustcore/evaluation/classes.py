"""Which of a model's classes a dataset's labels are."""

from __future__ import annotations

import collections
import functools
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcore.datasets import imagenet_classes
from robustcore.errors import DatasetError

_ENOUGH = 0.95  # share of a model's names that are those of ImageNet's classes in their order
_WORDNET = re.compile(r"n\d{8}$")


class OrderError(DatasetError):
    """Classes that could be matched in two ways."""


def matching(
    model: str, model_classes: Sequence[str], dataset: str, dataset_classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """(dataset classes,) int64: for each of the dataset's classes its index among the model's.

    Equal names match by name, in any order; a dataset may have fewer classes than the model. Folders named by WordNet
    ids match by position when there are as many of them as the model has classes, since both are sorted that way, and
    so do the classes of a model that only numbers them. Names are the same however their accents and leading zeros are
    written.

    The classes of an ImageNet model are also known by their WordNet ids, their synonyms and, where folders are not simply
    numbered from 0, their indices; so a folder of some of the 1,000 classes is matched.

    Raises:
        DatasetError: labels that the model does not know; its answers would mean nothing.
        OrderError: numbered folders whose order by name and by place differ, for a model that only numbers its classes.
    """
    written = _written if _all_differ(model_classes) and _all_differ(dataset_classes) else str
    index = {written(name): place for place, name in enumerate(model_classes)}
    unknown = [name for name in dataset_classes if written(name) not in index]
    if not unknown:
        by_name = np.array([index[written(name)] for name in dataset_classes], dtype=np.int64)
        is_numbered = tuple(model_classes) == tuple(str(place) for place in range(len(model_classes)))
        by_place = np.arange(len(model_classes), dtype=np.int64)
        if is_numbered and len(by_name) == len(by_place) and (by_name != by_place).any():
            first = int(np.argmax(by_name != by_place))
            raise OrderError(
                f"The model {model} only numbers its classes, and the order of {dataset}'s folders by name and by place "
                f"differs: the folder {dataset_classes[first]} is class {dataset_classes[first]} by its name, and class {first} "
                "by its place among the folders, as torchvision's ImageFolder counts. Choose one with the model's option "
                "order=name or order=place, as in model.pth?order=place, or name the classes on the model's Card."
            )
        return by_name
    among_imagenet = _among_imagenet(model_classes, dataset_classes)
    if among_imagenet is not None:
        return among_imagenet
    # A model that is itself named by WordNet ids, but by others, was trained on other classes.
    numbered = all(_WORDNET.match(name) for name in dataset_classes)
    named = not any(_WORDNET.match(name) for name in model_classes)
    nameless = (numbered and named) or all(name.isdigit() for name in model_classes)
    if nameless and len(dataset_classes) == len(model_classes):
        return np.arange(len(model_classes), dtype=np.int64)
    more = ""
    if numbered and named:
        more = f" Folders named by WordNet ids are matched by their place, when all {len(model_classes):,} are there."
    raise DatasetError(
        f"The model {model} does not know {len(unknown)} of the {len(dataset_classes)} classes of {dataset}, "
        f"{unknown[0]!r} among them; it knows {len(model_classes)}, such as {model_classes[0]!r}. "
        f"Name the class folders as the model names its classes.{more}"
    )


def _among_imagenet(model_classes: Sequence[str], dataset_classes: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """A dataset's classes as places among ImageNet's 1,000; None for another model, or a class that is none of them."""
    if not _is_imagenet(tuple(model_classes)):
        return None
    places = [_imagenet_place(name, dataset_classes) for name in dataset_classes]
    if None in places or len(set(places)) < len(places):
        return None
    return np.array(places, dtype=np.int64)


@functools.lru_cache(maxsize=64)
def _is_imagenet(model_classes: tuple[str, ...]) -> bool:
    """Whether a model's classes are ImageNet's, in their order, whoever wrote their names."""
    imagenet = imagenet_classes.classes()
    if len(model_classes) != len(imagenet):
        return False
    same = sum(
        _plain(name) in {_plain(each.name), each.wordnet, *map(_plain, each.synonyms)}
        for name, each in zip(model_classes, imagenet, strict=True)
    )
    return same >= _ENOUGH * len(imagenet)


def _imagenet_place(name: str, others: Sequence[str]) -> int | None:
    plain = _plain(name)
    if plain.isdecimal():
        numbers = sorted(int(other) for other in others if other.isdecimal())
        is_counted = numbers == list(range(len(numbers))) and len(numbers) < len(imagenet_classes.classes())
        return int(plain) if not is_counted and int(plain) < len(imagenet_classes.classes()) else None
    return _imagenet_places().get(plain)


@functools.cache
def _imagenet_places() -> dict[str, int]:
    """WordNet id, name or synonym, in one spelling -> place; synonyms of two classes are none."""
    places = {each.wordnet: each.index for each in imagenet_classes.classes()}
    places |= {_plain(each.name): each.index for each in imagenet_classes.classes()}
    synonyms = [(_plain(word), each.index) for each in imagenet_classes.classes() for word in each.synonyms]
    count = collections.Counter(word for word, _ in dict.fromkeys(synonyms))
    return {**{word: place for word, place in synonyms if count[word] == 1}, **places}


def _plain(name: str) -> str:
    """A class's name without what people write differently: capitals, underscores, hyphens."""
    return " ".join(re.split(r"[\s_-]+", unicodedata.normalize("NFC", name).lower().strip()))


def _all_differ(names: Sequence[str]) -> bool:
    return len({_written(name) for name in names}) == len(names)


def _written(name: str) -> str:
    """A class's name in its one spelling: an accent as one sign with its letter, a number without leading zeros."""
    return str(int(name)) if name.isascii() and name.isdigit() else unicodedata.normalize("NFC", name)
