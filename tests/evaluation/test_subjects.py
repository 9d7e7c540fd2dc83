"""Which models have results on a dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import robustcore as rc
from robustcore.datasets import load_dataset
from robustcore.evaluation import Store, api


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


def test_results_of_a_model_that_is_gone_are_found_wherever_the_folder_lies_now(
    tmp_path: Path, make_model: Callable[..., Any]
) -> None:
    for name in make_model("tiny/a").card.classes:
        (tmp_path / "there" / "data" / name).mkdir(parents=True)
        Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(tmp_path / "there" / "data" / name / "0.png")
    rc.evaluate(make_model("tiny/a"), str(tmp_path / "there" / "data"), "clean")  # at the model's side, not at 224
    (tmp_path / "there").rename(tmp_path / "here")
    moved = load_dataset(str(tmp_path / "here" / "data"))
    assert [subject.name for subject in api.stored_subjects(moved, Store(shipped=False))] == ["tiny/a"]
