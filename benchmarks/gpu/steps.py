"""A training step of every intervention in mixed precision, through the training loop."""

from __future__ import annotations

import math

import torch

from benchmarks.gpu.inputs import Setting, scenes, small_network
from benchmarks.gpu.table import Clock, Table
from robustcore.models.classifier import Classifier
from robustcore.models.registered import model as register
from robustcore.models.registered import registry
from robustcore.training import interventions
from robustcore.training.data import TrainingSet
from robustcore.training.loop import PRECISIONS, train
from robustcore.training.recipe import Recipe

PART = "training"
CLASSES = tuple("abcdef")
CLEAN_MODEL = "benchmark/clean"
SETTINGS = {
    "augmentation": (("corruption", "gaussian_noise"),),
    "fooling": (("model", CLEAN_MODEL), ("steps", 2)),
}


def run(table: Table, setting: Setting, clock: Clock) -> None:
    n, side = (8, 32) if setting.small else (64, 64)
    images, labels = scenes(n, side)
    data = TrainingSet(images, labels % len(CLASSES), torch.arange(n), CLASSES, "benchmark")
    if CLEAN_MODEL not in registry:

        @register(CLEAN_MODEL, summary="A network with random weights, for the benchmark of a GPU.")
        def clean() -> Classifier:
            return small_network(CLASSES, side)

    for name in interventions.names():
        if clock.left < 0:
            table.add(PART, name, "not reached")
            continue
        with table.caught(PART, name):
            recipe = Recipe(
                "benchmark", "benchmark", name, SETTINGS.get(name, ()), epochs=1, batch=n, learning_rate=1e-3
            )
            model = small_network(CLASSES, side)
            before = [parameter.detach().clone() for parameter in model.parameters()]
            standing = train(recipe, model, data, device=setting.device, precision="bfloat16")
            loss = standing.history[-1][0]
            moved = any(not torch.equal(a, b.cpu()) for a, b in zip(before, model.parameters(), strict=True))
            table.add(PART, name, "ok" if math.isfinite(loss) and moved else "off", values={"loss": loss})
    if "float16" not in PRECISIONS:
        table.add(PART, "float16", "left out", f"trainings run in {' or '.join(PRECISIONS[1:])}")
