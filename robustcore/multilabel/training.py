"""Training with binary cross entropy: one sigmoid for each class."""

from __future__ import annotations

import dataclasses
import math
import platform
import time
from collections.abc import Callable

import torch
from torch.nn import functional

from robustcore.errors import TrainingError
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card, Classifier
from robustcore.multilabel import data
from robustcore.multilabel.data import Labelled

BATCH = 64


def train(
    labelled: Labelled,
    *,
    model: str = "scenes/resnet",
    epochs: int = 10,
    seed: int = 0,
    learning_rate: float = 0.1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Classifier:
    """A network of 12 logits; SGD with Nesterov's momentum 0.9, one cycle, mirrored at random.

    Raises:
        TrainingError: the loss became non-finite.
    """
    tell = progress or (lambda what, done, total: None)
    began = time.perf_counter()
    card = Card("scenes/street-labels", data.SHAPES, data.SIDE, "scenes/street", "standard", model)
    classifier = architecture(model).build(card, seed=seed).train()
    optimizer = torch.optim.SGD(
        classifier.parameters(), lr=learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    labels = torch.from_numpy(labelled.labels)
    generator = torch.Generator().manual_seed(seed)
    steps, step = epochs * math.ceil(len(labels) / BATCH), 0
    for _ in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        for start in range(0, len(order), BATCH):
            pick = order[start : start + BATCH]
            share = step / steps
            warm = min(1.0, share / 0.3) if share < 0.3 else 0.5 + 0.5 * math.cos(math.pi * (share - 0.3) / 0.7)
            for group in optimizer.param_groups:
                group["lr"] = max(1e-4, learning_rate * warm)
            images = labelled.images[pick]
            if bool(torch.rand((), generator=generator) < 0.5):
                images = images.flip(-1)
            loss = functional.binary_cross_entropy_with_logits(classifier(images), labels[pick])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
        if not math.isfinite(value := loss.item()):
            raise TrainingError("The loss became non-finite; train with a smaller learning rate.")
        tell(f"training, loss {value:.3f}", step, steps)
    recipe = {
        "seed": seed,
        "epochs": epochs,
        "images": len(labels),
        "data": labelled.fingerprint,
        "seconds": round(time.perf_counter() - began, 1),
        "versions": f"torch {torch.__version__}, python {platform.python_version()}",
    }
    classifier.card = dataclasses.replace(card, recipe=recipe)
    return classifier.eval()
