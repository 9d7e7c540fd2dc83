"""Datasets: which there are, the images that evaluations run on, and what results say of images that are not here."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from dashboard.cache import images, models
from dashboard.cache.expiry import reads_results
from dashboard.session import roots

if TYPE_CHECKING:
    from robustcore.datasets import Dataset
    from robustcore.datasets.recorded import RecordedDataset
    from robustcore.evaluation.store.stored_datasets import StoredDataset


class Data(NamedTuple):
    """A dataset and a split of it, as a page names them: a registered name, a folder's path, or the label of a dataset that
    only results know; the split "" is the first of `Entry.splits`."""

    name: str
    split: str = ""


SCENES = Data("scenes")
ORDER = ("test", "val", "train")  # of splits, where they are chosen


@dataclasses.dataclass(frozen=True)
class Entry:
    """A dataset that a page offers.

    Attributes:
        name: what an address calls it, see `Data`.
        label: what people read: the name, or the end of the path that tells it from the others.
        folder: the path that is read here; "" for registered names, and for folders that are not here.
        stored: split -> what results say of it, for the splits with results.
        splits: those that can be chosen: with results first, and "test" before the others.
    """

    name: str
    label: str
    folder: str
    stored: Mapping[str, StoredDataset]
    splits: tuple[str, ...]

    @property
    def here(self) -> bool:
        """Whether its images are on this machine."""
        from robustcore import datasets

        return bool(self.folder) or self.name in datasets.names()


@reads_results(ttl=5, max_entries=2, show_spinner=False)
def entries() -> list[Entry]:
    """The datasets that there are: scenes, those with results, and of this machine the folders that were added and those of jobs, as far
    as they are still there.

    A folder that gave no result and is not there, one that was mistyped, is not among them.
    """
    from robustcore import datasets
    from robustcore.datasets import added
    from robustcore.evaluation import Store
    from robustcore.evaluation.jobs import jobs
    from robustcore.evaluation.store import stored_datasets

    stored: dict[str, dict[str, StoredDataset]] = {name: {} for name in _registered()}
    folders: dict[str, str] = {}
    rows = sorted(stored_datasets.listing(Store()), key=lambda row: row.updated, reverse=True)
    today = {_named("scenes", split).fingerprint for split in datasets.SPLITS}
    for row in sorted(rows, key=lambda row: row.fingerprint not in today):
        path = next((path for path in row.paths if _readable(path)), "")
        name = path or (row.name if row.name in datasets.names() and not row.paths else row.label)
        newer = stored.get(name, {}).get(row.split)
        if newer is not None and newer.side != row.side and path:
            continue  # the same images, prepared as another model takes them
        if newer is not None:  # the images of that place have changed since
            name, path = f"{row.name} ({row.fingerprint[: stored_datasets.DIGITS]})", ""
        stored.setdefault(name, {})[row.split] = row
        folders.setdefault(name, path)
    for path in filter(_readable, added.folders()):
        stored.setdefault(path, {})
        folders.setdefault(path, path)
    for name in (job.request.dataset_name for job in jobs.list_jobs() if job.request is not None):
        path = os.path.abspath(name)
        if name not in datasets.names() and _readable(path):
            stored.setdefault(path, {})
            folders.setdefault(path, path)
    ends = stored_datasets.path_ends([path for path in folders.values() if path])
    return [
        Entry(name, _label(name, ends, stored), folders.get(name, ""), rows, _splits(folders.get(name, ""), rows))
        for name, rows in stored.items()
    ]


def _registered() -> list[str]:
    """scenes, and the datasets of plug-ins."""
    from robustcore import datasets

    return ["scenes", *(name for name in datasets.names() if datasets.get(name).plugin)]


def _readable(path: str) -> bool:
    return os.path.exists(path) and roots.allows(path)


def _label(name: str, ends: Mapping[str, str], stored: Mapping[str, object]) -> str:
    label = ends.get(name, name)
    return name if label in stored else label  # as a folder called scenes


def _splits(folder: str, stored: Mapping[str, StoredDataset]) -> tuple[str, ...]:
    from robustcore.datasets import class_folders

    there = class_folders.splits_of(Path(folder)) if folder else []
    order = ORDER
    both = [
        split for group in (stored, there) for split in sorted(group, key=lambda s: (s not in order, _at(order, s)))
    ]
    return tuple(dict.fromkeys(both))


def _at(order: tuple[str, ...], split: str) -> int:
    return order.index(split) if split in order else len(order)


def entry(name: str) -> Entry | None:
    """The dataset of that name among those that are offered; None for any other."""
    return next((entry for entry in entries() if entry.name == name), None)


def splits(name: str, *, evaluated: bool = True) -> tuple[str, ...]:
    """The splits of a dataset that can be chosen; of a folder that is typed now, those that it has.

    Args:
        name: see `Data`.
        evaluated: leave out those of scenes that have no results.
    """
    from robustcore.datasets import class_folders
    from robustcore.errors import RobustcoreError

    listed = entry(name)
    if name == "scenes" and not evaluated:
        return ORDER
    if listed is not None:
        return listed.splits
    try:
        return tuple(class_folders.splits_of(Path(roots.dataset(name)))) if name else ()
    except (RobustcoreError, OSError):  # whoever loads it says what is wrong with it
        return ()


def _split(data: Data) -> str:
    """The split that is meant, as `load_dataset` takes it."""
    listed = data.split or next(iter(splits(data.name)), "")
    return "test" if listed in ("", "all") else listed


def dataset(data: Data) -> Dataset:
    """The images to evaluate: of a registered dataset, or of a folder that may be read from a page (`roots`)."""
    from robustcore import datasets

    split = _split(data)
    if data.name == "scenes" and split == "test":
        return images.test_images()
    if data.name in datasets.names():
        return _named(data.name, split)
    return _folder(roots.dataset(data.name), split)


def validation(data: Data) -> Dataset | None:
    """The validation images of a dataset; None where there are none, or where they are the chosen split."""
    if "val" not in splits(data.name, evaluated=False) or _split(data) == "val":
        return None
    return dataset(Data(data.name, "val"))


@st.cache_resource(max_entries=2, show_spinner="Reading the images …")
def _named(name: str, split: str) -> Dataset:
    import robustcore.datasets

    return robustcore.datasets.load_dataset(name, split=split)


@st.cache_resource(ttl=600, max_entries=4, show_spinner="Reading the folder …")
def _folder(path: str, split: str) -> Dataset:
    import robustcore.datasets

    roots.check_links(path)
    return robustcore.datasets.load_dataset(path, split=split)


def evaluated_dataset(data: Data) -> Dataset:
    """The images that results were computed on; those that are not here (any more) as results know them."""
    from robustcore.errors import DatasetError

    listed = entry(data.name)
    row = None if listed is None else listed.stored.get(data.split or next(iter(listed.splits), ""))
    if listed is None or row is None:
        return dataset(data)
    if not listed.here:
        return _recorded(
            row, f"The images of {listed.label} are not on this machine. What was computed on them is shown."
        )
    try:
        images = dataset(data)
    except DatasetError as error:
        return _recorded(row, f"The images of {listed.label} cannot be read any more. {error}")
    stored = {other.fingerprint for entry in entries() for other in entry.stored.values()}
    if stored & _fingerprints(images):
        return images
    return _recorded(row, f"The images of {listed.label} have changed since these results were computed.")


def _fingerprints(dataset: Dataset) -> set[str]:
    """Those of a dataset in every preparation that a model which is here brings, and in its own."""
    from robustcore.datasets import Preparable, prepared_for

    names = models.model_names() if isinstance(dataset, Preparable) else []
    own = {models.own_preparation(name) for name in names} | {None}
    return {prepared_for(dataset, preparation).fingerprint for preparation in own}


def _recorded(row: StoredDataset, reason: str) -> RecordedDataset:
    from robustcore.datasets.recorded import RecordedDataset

    return RecordedDataset(
        row.name, row.split, row.classes, row.fingerprint, size=row.images, side=row.side, reason=reason
    )


def why_without_images(data: Data) -> str:
    """Why the images behind results cannot be shown, a sentence; "" where they are here."""
    return str(getattr(evaluated_dataset(data), "reason", ""))
