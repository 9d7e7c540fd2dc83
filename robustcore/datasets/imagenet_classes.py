"""ImageNet's 1,000 classes: names in words, WordNet ids and synonyms, in the order of the logits.

`assets/imagenet/classes.csv` has them, `objectnet.csv` those that are objects of ObjectNet; the README there names the sources.
"""

from __future__ import annotations

import csv
import dataclasses
import functools

from robustcore import paths


@dataclasses.dataclass(frozen=True)
class ImageNetClass:
    """One class.

    Attributes:
        index: its place among the logits, 0 .. 999.
        wordnet: the id of its WordNet synset, e.g. "n02123045".
        name: in words, different for every class: of two cranes the bird is "crane bird".
        synonyms: the words of the synset.
    """

    index: int
    wordnet: str
    name: str
    synonyms: tuple[str, ...]


@functools.cache
def classes() -> tuple[ImageNetClass, ...]:
    """The 1,000 classes in order."""
    with (paths.assets() / "imagenet" / "classes.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            ImageNetClass(int(row["index"]), row["wordnet"], row["name"], tuple(row["synonyms"].split("; ")))
            for row in csv.DictReader(file)
        )


def names() -> tuple[str, ...]:
    """The classes' names, as the cards of ImageNet models have them."""
    return tuple(each.name for each in classes())


def wordnet_ids() -> tuple[str, ...]:
    """The classes' WordNet ids: the names of ImageNet's class folders."""
    return tuple(each.wordnet for each in classes())


@functools.cache
def objects_of_objectnet() -> dict[int, str]:
    """Index of each class that ObjectNet shares with ImageNet -> ObjectNet's name of the object: 125 classes, 113 objects. An answer
    counts as the object (Barbu et al. 2019), so that classes of the same object are not told apart."""
    with (paths.assets() / "imagenet" / "objectnet.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["index"]): row["object"] for row in csv.DictReader(file)}
