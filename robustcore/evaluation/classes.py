"""Which of a model's classes a dataset's labels are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcore.errors import DatasetError

_WORDNET = re.compile(r"n\d{8}$")


def matching(
    model: str, model_classes: Sequence[str], dataset: str, dataset_classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """(dataset classes,) int64: for each of the dataset's classes its index among the model's.

    Equal names match by name, in any order; a dataset may have fewer classes than the model. Folders named by WordNet
    ids match by position when there are as many of them as the model has classes, since both are sorted that way, and
    so do the classes of a model that only numbers them.

    Raises:
        DatasetError: labels that the model does not know; its answers would mean nothing.
    """
    index = {name: place for place, name in enumerate(model_classes)}
    unknown = [name for name in dataset_classes if name not in index]
    if not unknown:
        return np.array([index[name] for name in dataset_classes], dtype=np.int64)
    # A model that is itself named by WordNet ids, but by others, was trained on other classes.
    numbered = all(_WORDNET.match(name) for name in dataset_classes)
    named = not any(_WORDNET.match(name) for name in model_classes)
    nameless = (numbered and named) or all(name.isdigit() for name in model_classes)
    if nameless and len(dataset_classes) == len(model_classes):
        return np.arange(len(model_classes), dtype=np.int64)
    raise DatasetError(
        f"The model {model} does not know {len(unknown)} of the {len(dataset_classes)} classes of {dataset}, "
        f"{unknown[0]!r} among them; it knows {len(model_classes)}, such as {model_classes[0]!r}. "
        "Name the class folders as the model names its classes."
    )
