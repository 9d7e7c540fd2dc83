"""Images by class; some classes are seen in training, the others are novel."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import torch
from torch import Tensor

from robustcore.datasets import load_dataset
from robustcore.errors import DatasetError

SIDE = 32  # pixels: shapes are told at it, and trainings take minutes
SEEN_SHARE = 2 / 3


@dataclasses.dataclass(frozen=True)
class Pool:
    """Images by class, (n, 3, SIDE, SIDE) uint8 each.

    Attributes:
        classes: class name -> its images.
        fingerprint: of the dataset.
    """

    classes: dict[str, Tensor]
    fingerprint: str

    def only(self, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Those of some classes."""
        return {name: self.classes[name] for name in names}


def read(dataset: str, split: str, most: int) -> Pool:
    """The first images of each class.

    Args:
        dataset: scenes, or a folder with one folder for each class.
        split: of it; a folder without splits is one set, see `read_both`.
        most: images of a class.

    Raises:
        DatasetError: fewer than four classes, or a class with fewer than eight images.
    """
    loaded = load_dataset(dataset, split=split, side=SIDE)
    classes: dict[str, Tensor] = {}
    for label, name in enumerate(loaded.classes):
        places = np.flatnonzero(loaded.labels == label)[:most]
        if len(places) < 8:
            raise DatasetError(
                f"The class {name} has {len(places)} images in {loaded.name} ({split}); 8 or more are needed."
            )
        classes[name] = torch.stack([loaded[int(place)][0] for place in places])
    if len(classes) < 4:
        raise DatasetError(f"{loaded.name} has {len(classes)} classes; seen and novel ones take 4 or more.")
    return Pool(classes, loaded.fingerprint)


def read_both(dataset: str, trained_on: int, asked: int) -> tuple[Pool, Pool]:
    """Images to train and to judge on. Those of a folder without splits are divided, so that no image is in both: a third of each class,
    at most `asked`, is judged on.

    Raises:
        DatasetError: as `read`.
    """
    train, test = read(dataset, "train", trained_on), read(dataset, "test", asked)
    if train.fingerprint != test.fingerprint:
        return train, test
    whole = read(dataset, "train", trained_on + asked)
    counts = {name: min(asked, len(pool) // 3) for name, pool in whole.classes.items()}
    return (
        Pool({name: pool[counts[name] :] for name, pool in whole.classes.items()}, whole.fingerprint),
        Pool({name: pool[: counts[name]] for name, pool in whole.classes.items()}, whole.fingerprint),
    )


def split_classes(names: tuple[str, ...], seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Seen and novel classes, two thirds and one third, drawn."""
    digest = hashlib.sha256(f"membership/{seed}".encode()).digest()
    order = np.random.default_rng(list(digest)).permutation(len(names))
    count = min(len(names) - 2, max(2, round(SEEN_SHARE * len(names))))
    seen = sorted(order[:count].tolist())
    return tuple(names[k] for k in seen), tuple(name for k, name in enumerate(names) if k not in seen)
