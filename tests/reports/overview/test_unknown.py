"""The table of how well unknown shapes are noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

import robustcore as rc
from robustcore.datasets.scenes import Scenes, ShiftedScenes
from robustcore.evaluation import Store, api
from robustcore.metrics import detection
from robustcore.models.classifier import Card, Classifier
from robustcore.reports.overview import knowing, unknown


def test_it_measures_what_is_stored_and_says_what_is_not(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 12))
    model = Classifier(network, Card("tiny/scenes", Scenes.classes, 64, "scenes", architecture="tiny")).eval()
    store = Store(tmp_path / "results.sqlite")
    before = unknown.gather([model], Scenes(), limit=24, store=store)
    assert before["auroc"].isna().all()
    assert set(before["reason"]) == {"not evaluated"}
    rc.evaluate(model, "scenes", [unknown.CONDITION], limit=24, store=store)
    table = unknown.gather([model], Scenes(), limit=24, store=store).set_index("score")
    softmax = [model(d.images(0, 24)).softmax(1).amax(1).detach().numpy() for d in (Scenes(), ShiftedScenes("unknown"))]
    assert np.isclose(table["auroc"]["msp"], detection.auroc(-softmax[0], -softmax[1]))
    assert table[["known", "unknown"]].to_numpy().tolist() == [[24, 24]] * 2
    assert table[["auroc", "aupr", "fpr95"]].notna().all(axis=None)


def test_detection_and_calibration_of_stored_models_stand_side_by_side() -> None:
    store = Store()
    subjects = [
        s for s in api.stored_subjects(Scenes(), store) if s.name in ("scenes/resnet-standard", "scenes/vgg-pgd")
    ]
    table = knowing.gather(subjects, Scenes(), store).set_index("model")
    assert set(table.index) == {"scenes/resnet-standard", "scenes/vgg-pgd"}
    assert table.notna().all(axis=None)
    detected = unknown.gather(subjects, Scenes(), store=store).set_index(["model", "score"])["auroc"]
    assert table.loc["scenes/vgg-pgd", "max_logit"] == detected["scenes/vgg-pgd", "max_logit"]
    assert (table["aurra"] > 0.9).all()
