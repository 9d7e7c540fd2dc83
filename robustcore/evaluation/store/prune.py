"""Prune: delete results, by name or because what computed them has changed."""

from __future__ import annotations

import json

import pandas as pd

from robustcore.errors import RobustcoreError
from robustcore.evaluation import operations
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.store import queries
from robustcore.evaluation.store.store import Store


def prune(
    store: Store, *, model: str | None = None, dataset: str | None = None, outdated: bool = False, dry: bool = False
) -> pd.DataFrame:
    """Delete results of the store's own file, and give back the space.

    Args:
        model, dataset: only those of this name.
        outdated: only those of conditions whose operation has changed since, or that no longer exist.
        dry: only say what would be deleted.

    Returns:
        What was deleted: model, dataset, condition, units, images.
    """
    columns = ["model", "dataset", "condition", "units", "images"]
    if not store.path.exists():
        return pd.DataFrame([], columns=columns)
    removed, ids = [], []
    with store.writing() as connection:
        for id_, model_, dataset_, canonical, fingerprint, shards, n in connection.execute(
            queries.NAMED_CELLS
        ).fetchall():
            if (model, dataset) != (None, None) and (model or model_, dataset or dataset_) != (model_, dataset_):
                continue
            if outdated and _is_current(canonical, fingerprint):
                continue
            removed.append((model_, dataset_, queries.readable(canonical), shards, n))
            ids.append(id_)
        if not dry:
            for id_ in ids:
                queries.remove_cell(connection, id_)
            queries.remove_unused(connection)
    if not dry:
        store.compact()
    return pd.DataFrame(sorted(removed), columns=columns)


def _is_current(canonical: str, fingerprint: str) -> bool:
    try:
        condition = Condition.from_dict(json.loads(canonical))
        operations.check(condition)
        if operations.of(condition).identity(condition).get("set", "") is None:
            return True  # a shift whose folder is elsewhere: nothing says that it has changed
        return operations.fingerprint(condition) == fingerprint
    except RobustcoreError:  # an operation or a parameter that there is no more
        return False
