"""Adversarial filtration: the rules on made answers, and the list that ships against the model that made it."""

from __future__ import annotations

import json

import numpy as np
import torch

from robustcore.datasets.scenes import REVISION, ShiftedScenes, filtered_shift
from robustcore.evaluation.filtration import scenes_list
from robustcore.models import load_model


def test_the_rules_keep_sure_failures_and_few_of_each_kind() -> None:
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.full(4, 0.3), 4_000), rng.integers(0, 4, 4_000)
    chosen = scenes_list.choose(probabilities, labels, per_confusion=10)
    predicted, true = probabilities[chosen].argmax(axis=1), labels[chosen]
    assert (predicted != true).all()
    assert (probabilities[chosen, true] <= 0.15).all()
    confusions = np.zeros((4, 4), int)
    np.add.at(confusions, (true, predicted), 1)
    assert confusions.max() == 10
    assert len(chosen) == 4 * 3 * 10
    runs = true.reshape(-1, 4)
    assert (np.sort(runs, axis=1) == np.arange(4)).all(), "every run has one of each class"
    assert len({tuple(run) for run in runs}) > 5, "in no fixed order"


def test_a_class_without_failures_leaves_nothing() -> None:
    assert len(scenes_list.choose(np.eye(3)[[0, 1, 2, 0]], np.array([1, 2, 2, 1]))) == 0


def test_the_list_that_ships_is_what_its_model_gets_wrong() -> None:
    kept = json.loads(filtered_shift.path().read_text())
    model = load_model(kept["model"]).eval()
    assert (kept["fingerprint"], kept["renderer"]) == (model.fingerprint(), REVISION), (
        "the fixed model or the renderer has changed: choose again with python -m robustcore.evaluation.filtration"
    )
    dataset = ShiftedScenes("filtered", limit=48)
    with torch.inference_mode():
        true = model(dataset.images(0, 48)).softmax(dim=1).numpy()[np.arange(48), dataset.labels]
    assert true.max() <= 0.15 + 1e-3  # which is below any greatest probability that is wrong by much
