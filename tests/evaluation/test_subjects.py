"""Which models have results on a dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import robustcore as rc
from robustcore.evaluation import Store


def test_the_store_names_the_models_that_were_evaluated_on_a_dataset(
    make_model: Callable[..., Any], make_dataset: Callable[..., Any]
) -> None:
    dataset, other = make_dataset(size=8), make_dataset(size=9)
    store = Store(shipped=False)
    assert store.subjects(dataset.fingerprint) == []
    models = [make_model("tiny/b"), make_model("tiny/a", shift=0.1)]
    rc.evaluate(models, dataset, "clean")
    assert [s.name for s in store.subjects(dataset.fingerprint)] == ["tiny/a", "tiny/b"]
    assert store.subjects(dataset.fingerprint)[1].fingerprint == models[0].fingerprint()
    assert store.subjects(other.fingerprint) == []
