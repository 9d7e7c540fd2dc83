"""Provenance: what a reader needs to trust a figure, down to the runs behind it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from robustcore.evaluation import evaluate, lookup
from robustcore.reports.provenance import Provenance
from tests.reports import worlds


def test_the_evidence_names_fingerprints_and_only_the_runs_in_the_table(tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    models = [worlds.classifier("one", worlds.Linear(1)), worlds.classifier("two", worlds.Linear(2))]
    dataset = worlds.load_dataset("scenes")
    evaluate(models, dataset, ["fog", "contrast"], severities=(1,), limit=6, store=store)
    origin = Provenance.of(
        lookup(models, dataset, ["fog"], severities=(1,), limit=6, store=store),
        suites=("fog",),
        storage="memory",
        seed=0,
    )
    one, run, *_ = origin.evidence(store)
    assert one == f"one (SHA-256 {models[0].fingerprint()}) on scenes (SHA-256 {dataset.fingerprint})"
    assert " on cpu in float32: 2 units in " in run  # clean and fog, not contrast
    assert "torch " in run
    assert not any(line.startswith("one ") for line in origin.only(["two"]).evidence(store))


def test_nothing_stored_has_no_evidence(tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    model = worlds.classifier("one", worlds.Linear(1))
    table = lookup(model, "scenes", ["fog"], severities=(1,), limit=6, store=store)
    assert Provenance.of(table, suites=("fog",), storage="memory", seed=0).evidence(store) == []


def test_cautions_go_with_their_models() -> None:
    rows = {"model": ["a", "a", "b", "c"], "caution": ["random", "random", "softmax", ""]}
    table = pd.DataFrame(rows).assign(
        n=1,
        shipped=False,
        dataset="d",
        split="test",
        updated="",
        preparation="",
        dataset_fingerprint="",
        model_fingerprint="",
        condition_fingerprint="",
        seed=0,
        precision="float32",
    )
    origin = Provenance.of(table, suites=("attacks",), storage="memory", seed=0)
    assert origin.cautions == (("a", "random"), ("b", "softmax"))
    assert "random" in origin.only(["a"]).sentence()
    assert "softmax" not in origin.only(["a"]).sentence()
