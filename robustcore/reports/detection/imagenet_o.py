"""ImageNet-O as it is published: 2,000 images of none of ImageNet's classes, beside 10,000 validation images of 200 of them.

A network of 1,000 classes is scored by its 200 logits of these classes (Basart's thesis, 3.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from robustcore.datasets._base import Dataset
from robustcore.datasets.unknown_images import Unlabelled
from robustcore.errors import DatasetError
from robustcore.evaluation import classes
from robustcore.models.classifier import Card
from robustcore.reports.detection.sets import UnknownSet

NAME = "imagenet-o"
KNOWN, UNKNOWN = 10_000, 2_000  # images, as published
CLASSES = 200
_WORDNET = re.compile(r"n\d{8}")


def is_it(of_set: UnknownSet, known: Dataset) -> bool:
    """Whether a set is ImageNet-O: by its name, whatever the case; or by its class folders, which are WordNet ids and those of the
    known images."""
    if NAME in of_set.name.rpartition("/")[2].lower():
        return True
    folders = of_set.images.folders if isinstance(of_set.images, Unlabelled) else ()
    return (
        len(folders) == CLASSES
        and set(folders) == set(known.classes)
        and all(_WORDNET.fullmatch(folder) for folder in folders)
    )


def logits_of(card: Card, known: Dataset, sets: Sequence[UnknownSet]) -> tuple[int, ...]:
    """The places of the known images' classes among a model's, where one of the sets is ImageNet-O and the model has more classes; ()
    where all logits count."""
    if not any(is_it(each, known) for each in sets) or len(known.classes) >= len(card.classes):
        return ()
    return of_folder(card, known)


def of_folder(card: Card, known: Dataset) -> tuple[int, ...]:
    """The places of the known images' classes among a model's; () where they are all of them, in their order, or none.

    Raises:
        DatasetError: images whose classes the model does not have.
    """
    if not known.classes:
        raise DatasetError(
            f"{known.name} has no classes that a model could be restricted to: name images in class folders."
        )
    places = tuple(int(p) for p in classes.matching(card.name, card.classes, known.name, known.classes))
    return () if places == tuple(range(len(card.classes))) else places
