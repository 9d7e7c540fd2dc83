"""Which images: a dataset, and a split of it where there are several."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import cache
from dashboard.cache.datasets import Data
from dashboard.session import selection

_SPLITS = {"test": "Test", "val": "Validation", "train": "Training", "all": "All"}


def label(name: str) -> str:
    """A dataset's name as people read it."""
    known = cache.datasets.entry(name)
    return name if known is None else known.label


def here() -> list[str]:
    """The datasets whose images are on this machine, as `cache.datasets.Data` names them; those that results know first."""
    from robustcore import datasets

    named = [name for name in datasets.names() if not name.startswith("scenes/")]
    return list(dict.fromkeys([*(entry.name for entry in cache.datasets.entries() if entry.here), *named]))


def words(data: Data) -> str:
    """A dataset in a sentence, with its split where several can be chosen."""
    return f"{label(data.name)} ({data.split})" if data.split else label(data.name)


def pick_split(name: str, *, key: str, default: str = "", evaluated: bool = True) -> str:
    """Draw the choice of a split where a dataset has several; "" where there is nothing to choose. Without
    `evaluated` those of scenes without results too."""
    splits = cache.datasets.splits(name, evaluated=evaluated)
    if len(splits) < 2:
        return ""
    return selection.segmented(
        "Split",
        splits,
        key=key,
        kind="split",
        default=default or None,
        text=_title,
        help="Which part of the images; training images are seen in training.",
    )


def _title(name: str) -> str:
    return _SPLITS.get(name, name)


def data(title: str, names: Sequence[str], *, key: str, split: str = "") -> Data:
    """Draw the choice of a dataset, where there are several, and of its split; `split` is the one to begin with."""
    name = names[0]
    if len(names) > 1:
        name = selection.selectbox(title, names, key=f"{key}_dataset", kind="dataset", text=label)
    return Data(name, pick_split(name, key=f"{key}_split", default=split))
