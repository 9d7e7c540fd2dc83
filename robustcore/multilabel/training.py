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
from robustcore.models import load_model
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card, Classifier
from robustcore.multilabel import data
from robustcore.multilabel.data import Labelled

BATCH = 64
START = "scenes/resnet-standard"


def train(
    labelled: Labelled,
    *,
    start: str = START,
    epochs: int = 10,
    seed: int = 0,
    learning_rate: float = 0.03,
    progress: Callable[[str, int, int], None] | None = None,
) -> Classifier:
    """A network of 12 logits; SGD with Nesterov's momentum 0.9, one cycle, each image mirrored at random.

    Args:
        labelled: images and labels.
        start: the network of single shapes whose weights it starts from; it has the same classes.
        epochs, seed, learning_rate: of the training; the last is the highest one.
        progress: told an activity, the steps done and their number.

    Raises:
        TrainingError: the loss became non-finite.
    """
    tell = progress or (lambda what, done, total: None)
    began = time.perf_counter()
    single = load_model(start)
    assert single.card.classes == data.SHAPES
    card = Card("scenes/street-labels", data.SHAPES, data.SIDE, "scenes/street", "standard", single.card.architecture)
    classifier = architecture(single.card.architecture).build(card, seed=seed)
    classifier.load_state_dict(single.state_dict())
    classifier.train()
    optimizer = torch.optim.SGD(
        classifier.parameters(), lr=learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    labels = torch.from_numpy(labelled.labels)
    generator = torch.Generator().manual_seed(seed)
    steps, step = epochs * math.ceil(len(labels) / BATCH), 0
    for _ in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        for at in range(0, len(order), BATCH):
            pick = order[at : at + BATCH]
            share = step / steps
            warm = min(1.0, share / 0.3) if share < 0.3 else 0.5 + 0.5 * math.cos(math.pi * (share - 0.3) / 0.7)
            for group in optimizer.param_groups:
                group["lr"] = max(1e-4, learning_rate * warm)
            images = labelled.images[pick]
            mirrored = torch.rand(len(images), generator=generator) < 0.5
            images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
            loss = functional.binary_cross_entropy_with_logits(classifier(images), labels[pick])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
        if not math.isfinite(value := loss.item()):
            raise TrainingError("The loss became non-finite; train with a smaller learning rate.")
        tell(f"training, loss {value:.3f}", step, steps)
    recipe = {
        "start": start,
        "seed": seed,
        "epochs": epochs,
        "images": len(labels),
        "data": labelled.fingerprint,
        "seconds": round(time.perf_counter() - began, 1),
        "versions": f"torch {torch.__version__}, python {platform.python_version()}",
    }
    classifier.card = dataclasses.replace(card, recipe=recipe)
    return classifier.eval()
