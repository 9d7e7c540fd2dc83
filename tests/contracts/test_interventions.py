"""What every intervention promises."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from robustcore.models import load_model
from robustcore.training import Recipe, interventions, train
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Intervention, Step

# Settings that have no default, or none that fits.
NEEDED: dict[str, dict[str, Any]] = {
    "augmentation": {"corruption": "gaussian_noise"},
    "fooling": {"model": "scenes/resnet?weights=none&classes=4", "steps": 2},  # its default knows the scenes' classes
}


def step(epoch: int = 1) -> Step:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 3, 64, 64), dtype=torch.uint8, generator=generator)
    model = load_model("scenes/resnet?weights=none&classes=4").train()
    return Step(model, images, torch.arange(8) % 4, torch.arange(8), epoch, 0, 0)


@pytest.fixture(params=interventions.names())
def method(request: pytest.FixtureRequest) -> Intervention:
    return interventions.create(request.param, **NEEDED.get(request.param, {}))


def test_its_facts_are_complete(method: Intervention) -> None:
    assert method.summary.endswith(".")
    assert method.source
    assert method.revision >= 1
    assert method.label.startswith(method.name)
    assert all(field.metadata["help"] for field in dataclasses.fields(method))  # type: ignore[arg-type]


def test_equal_settings_are_equal_values(method: Intervention) -> None:
    assert interventions.create(method.name, **method.settings) == method
    assert hash(method) == hash(interventions.create(method.name, **method.settings))


def test_its_loss_reaches_every_weight(method: Intervention) -> None:
    batch = step()
    before = batch.images.clone()
    outcome = method.loss(batch)
    assert outcome.loss.ndim == 0
    assert outcome.loss.isfinite()
    outcome.loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in batch.model.parameters())
    assert len(outcome.logits) == len(outcome.labels)
    assert batch.images.equal(before)


def test_it_is_repeatable(method: Intervention) -> None:
    assert method.loss(step()).loss.equal(method.loss(step()).loss)


def test_it_trains(method: Intervention) -> None:
    batch = step()
    data = TrainingSet(batch.images, batch.labels, batch.ids, batch.model.card.classes, "made up")
    recipe = Recipe("scenes/resnet", "made up", method.name, tuple(method.settings.items()), epochs=2, batch=4)
    before = [p.detach().clone() for p in batch.model.parameters()]
    standing = train(recipe, batch.model, data, device="cpu")
    assert len(standing.history) == 2
    assert not any(part.training for part in batch.model.modules())
    assert not any(p.equal(old) for p, old in zip(batch.model.parameters(), before, strict=True))
