"""Prune: delete results, of a model or a dataset or because what computed them has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from robustcore.errors import RobustcoreError, StoreError, UnknownNameError
from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.store import queries, stored_datasets
from robustcore.evaluation.store.store import Store
from robustcore.evaluation.store.stored_datasets import StoredDataset

COLUMNS = ["model", "model_fingerprint", "dataset", "split", "dataset_fingerprint", "condition", "units", "images"]


def prune(
    store: Store,
    *,
    model: str | None = None,
    dataset: str | None = None,
    split: str | None = None,
    outdated: bool = False,
    dry: bool = False,
) -> pd.DataFrame:
    """Delete results of the store's own file, and give back the space.

    Args:
        model: only those of this model: its fingerprint (8 digits or more), or a name that only one stored model has.
        dataset: only those on this dataset: its fingerprint (8 digits or more), its folder's whole path, or a name that only
            one stored dataset has.
        split: only those of this split of it.
        outdated: only those of conditions whose operation has changed since, or that no longer exist.
        dry: only say what would be deleted.

    Returns:
        What was deleted, one row for each model, dataset and condition: model, model_fingerprint, dataset (its label), split,
        dataset_fingerprint, condition, units, images.

    Raises:
        StoreError: a name that several stored models or datasets have; the message lists them.
        UnknownNameError: a model or a dataset that nothing is stored of.
    """
    if not store.path.exists():
        return pd.DataFrame([], columns=COLUMNS)
    listing = stored_datasets.listing(Store(store.path, shipped=False))
    datasets = {row.fingerprint: row for row in (listing if dataset is None else one_dataset(listing, dataset, split))}
    removed, ids = [], []
    with store.writing() as connection:
        cells = connection.execute(_CELLS).fetchall()
        models = None if model is None else _one_model([(name, print_) for _, name, print_, *_ in cells], model)
        for id_, name, model_print, dataset_print, canonical, fingerprint, shards, n in cells:
            if dataset_print not in datasets or (models is not None and model_print != models):
                continue
            if split is not None and datasets[dataset_print].split != split:
                continue
            if outdated and _is_current(canonical, fingerprint):
                continue
            place = datasets[dataset_print]
            condition = queries.readable(canonical)
            removed.append((name, model_print, place.label, place.split, dataset_print, condition, shards, n))
            ids.append(id_)
        if not dry:
            for id_ in ids:
                queries.remove_cell(connection, id_)
            queries.remove_unused(connection)
    if not dry:
        store.compact()
    return pd.DataFrame(sorted(removed), columns=COLUMNS)


_CELLS = """SELECT cells.id, models.name, models.fingerprint, datasets.fingerprint, conditions.canonical,
    conditions.fingerprint, cells.shards, cells.n
    FROM cells JOIN models ON models.id = cells.model JOIN datasets ON datasets.id = cells.dataset
    JOIN conditions ON conditions.id = cells.condition"""


def one_dataset(rows: Sequence[StoredDataset], wanted: str, split: str | None = None) -> list[StoredDataset]:
    """The stored dataset that a text stands for, in each of its splits.

    Raises:
        StoreError: it stands for several.
        UnknownNameError: it stands for none.
    """
    matching = stored_datasets.matching(rows, wanted)
    if not matching:
        raise UnknownNameError("stored dataset", wanted, sorted({row.label for row in rows}))
    matching = [row for row in matching if split in (None, row.split)]
    places = {row.paths[:1] for row in matching}
    unknown = places == {()} and len({row.split for row in matching}) < len(matching)
    by_print = all(stored_datasets.is_beginning(wanted, row.fingerprint) for row in matching) and len(matching) > 1
    if len(places) > 1 or unknown or by_print:
        listed = "; ".join(
            f"{row.fingerprint[:16]} {row.paths[0] if row.paths else row.name} ({row.split})" for row in matching
        )
        raise StoreError(
            f"{wanted} stands for several stored datasets: {listed}. Name one by its fingerprint or its path."
        )
    return matching


def _one_model(models: Sequence[tuple[str, str]], wanted: str) -> str:
    """The fingerprint of the stored model that a text stands for."""
    matching = sorted({(name, print_) for name, print_ in models if stored_datasets.is_beginning(wanted, print_)})
    matching = matching or sorted({(name, print_) for name, print_ in models if name == wanted})
    if not matching:
        raise UnknownNameError("stored model", wanted, sorted({name for name, _ in models}))
    if len(matching) > 1:
        listed = "; ".join(f"{print_[:16]} {name}" for name, print_ in matching)
        raise StoreError(f"{wanted} stands for several stored models: {listed}. Name one by its fingerprint.")
    return matching[0][1]


def _is_current(canonical: str, fingerprint: str) -> bool:
    try:
        condition = Condition.from_dict(json.loads(canonical))
        operations.check(condition)
        if operations.of(condition).identity(condition).get("set", "") is None:
            return True  # a shift whose folder is elsewhere: nothing says that it has changed
        return operations.fingerprint(condition) == fingerprint
    except RobustcoreError:  # an operation or a parameter that there is no more
        return False
