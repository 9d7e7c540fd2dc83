"""The datasets that results are stored on: what is known of each, and a label that tells it from every other one."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from robustcore.evaluation.store import queries
from robustcore.evaluation.store.store import Store

DIGITS = 8  # of a fingerprint, where nothing else tells two apart


@dataclasses.dataclass(frozen=True)
class StoredDataset:
    """A dataset that results are stored on.

    Attributes:
        fingerprint: what its results are found by.
        name, split: as the dataset has them; the name of a folder is the last part of its path.
        label: the name, with as much of the path or the fingerprint as tells it from the others of that split.
        paths: of the folders that it was read from, here or elsewhere; none for named datasets and older results.
        classes: class names.
        side: of the images in pixels; 0 where it was not recorded.
        images: the largest number of images that was seen.
        updated: when the newest result was computed, ISO 8601 in UTC.
        shipped: whether all of its results come with the package.
    """

    fingerprint: str
    name: str
    split: str
    label: str
    paths: tuple[str, ...]
    classes: tuple[str, ...]
    side: int
    images: int
    updated: str
    shipped: bool


_ROWS = """SELECT datasets.fingerprint, datasets.name, datasets.split, max(cells.n), max(cells.updated), min(models.classes)
    FROM cells JOIN datasets ON datasets.id = cells.dataset JOIN models ON models.id = cells.model
    WHERE cells.n > 0 GROUP BY datasets.id"""


def listing(store: Store) -> list[StoredDataset]:
    """Every dataset with results, in every layer, sorted by label and split."""
    rows: dict[str, StoredDataset] = {}
    for layer in store.layers():
        with layer.open() as connection:
            known: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
            for dataset, path, names, side, size in queries.sources(connection):
                known[dataset].append((path, names, side, size))
            for fingerprint, name, split, images, updated, classes in connection.execute(_ROWS):
                sources = known[fingerprint]
                here = StoredDataset(
                    fingerprint=fingerprint,
                    name=name,
                    split=split,
                    label="",
                    paths=tuple(path for path, *_ in sources if path),
                    classes=tuple(json.loads(sources[0][1] if sources else classes)),
                    side=sources[0][2] if sources else 0,
                    images=max([images, *(size for *_, size in sources)]),
                    updated=updated,
                    shipped=layer.shipped,
                )
                rows[fingerprint] = _joined(rows[fingerprint], here) if fingerprint in rows else here
    labels = labels_of(rows.values())
    labelled = [dataclasses.replace(row, label=labels[row.fingerprint]) for row in rows.values()]
    return sorted(labelled, key=lambda row: (row.label, row.split, row.fingerprint))


def _joined(one: StoredDataset, other: StoredDataset) -> StoredDataset:
    return dataclasses.replace(
        one if one.side else other,
        paths=tuple(dict.fromkeys([*one.paths, *other.paths])),
        images=max(one.images, other.images),
        updated=max(one.updated, other.updated),
        shipped=one.shipped and other.shipped,
    )


def labels_of(rows: Iterable[StoredDataset]) -> dict[str, str]:
    """Fingerprint -> label: the name where it stands for one place, else as much of the end of the path as tells the places
    apart, and the fingerprint's beginning where that does not."""
    rows = list(rows)
    labels: dict[str, str] = {}
    for name in {row.name for row in rows}:
        same = [row for row in rows if row.name == name]
        tails = path_ends(sorted({_place(row) for row in same} - {""}))
        several = len({_place(row) for row in same}) > 1
        labels |= {row.fingerprint: tails[_place(row)] if several and _place(row) else name for row in same}
    twice = Counter((labels[row.fingerprint], row.split) for row in rows)
    for row in rows:
        if twice[labels[row.fingerprint], row.split] > 1:
            labels[row.fingerprint] += f" ({row.fingerprint[:DIGITS]})"
    return labels


def _place(row: StoredDataset) -> str:
    return row.paths[0] if row.paths else ""


def path_ends(paths: Sequence[str]) -> dict[str, str]:
    """Each path -> its shortest end, in whole parts, that no other one has; the path itself where that is all of it."""
    parts = {path: PurePosixPath(path.replace("\\", "/")).parts for path in paths}
    ends = {}
    for path, own in parts.items():
        for length in range(1, len(own) + 1):
            end = own[-length:]
            if not any(other[-length:] == end for p, other in parts.items() if p != path):
                break
        ends[path] = path if length == len(own) else "/".join(end)
    return ends


def matching(rows: Sequence[StoredDataset], wanted: str) -> list[StoredDataset]:
    """The datasets that a text stands for: a fingerprint or its beginning (8 digits or more), a folder's whole path, a
    label, or else a name, which may be that of several."""
    exact = [row for row in rows if is_beginning(wanted, row.fingerprint) or wanted.rstrip("/") in row.paths]
    return exact or [row for row in rows if row.label == wanted] or [row for row in rows if row.name == wanted]


def is_beginning(wanted: str, fingerprint: str) -> bool:
    """Whether a text is a fingerprint, or its first 8 digits or more."""
    return len(wanted) >= DIGITS and fingerprint.startswith(wanted)
