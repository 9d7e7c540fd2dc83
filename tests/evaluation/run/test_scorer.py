"""A session's copy of a model: quicker, with the same answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustcore.errors import ModelError
from robustcore.evaluation.run import scorer as scorers
from robustcore.evaluation.run.scorer import Scorer
from robustcore.models.classifier import Card, Classifier
from robustcore.notes import kinds


def test_normalisations_are_folded_into_the_convolutions_before_them() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        nn.Conv2d(8, 4, 3),
        nn.BatchNorm2d(4, track_running_stats=False),  # the batch's own statistics: there is nothing to fold
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    model = Classifier(network, Card("small", ("a", "b", "c", "d"), 16, "none")).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.track_running_stats:
            layer.running_mean = torch.randn(8)
            layer.running_var = torch.rand(8) + 0.5
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scorer = Scorer({"small": model}, dataset=None, device=torch.device("cpu"))  # type: ignore[arg-type]
    prepared = scorer._models["small"]
    images = torch.rand(5, 3, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(prepared(images), model(images))
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in prepared.modules()) == 1
    assert all(
        torch.equal(value, before[name]) for name, value in model.state_dict().items()
    )  # the model itself is kept


def test_a_device_without_room_for_a_shard_gets_its_slices(
    make_dataset: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pin(self: Tensor) -> Tensor:
        raise RuntimeError("CUDA error: out of memory")

    scorer = Scorer({}, make_dataset(), device=torch.device("cpu"))
    scorer.device = torch.device("cuda")
    monkeypatch.setattr(Tensor, "pin_memory", pin)
    batch = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    assert scorer._moved(batch) is batch
    assert kinds(scorer.take_events()) == ["shard_kept_on_host"]
    assert scorer.take_events() == ()
    monkeypatch.setattr(Tensor, "pin_memory", lambda self: self.reshape(-1, 5))
    with pytest.raises(RuntimeError, match="shape"):
        scorer._moved(batch)


def test_weights_that_do_not_fit_are_one_sentence(
    make_dataset: Callable[..., Any], make_model: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(model: Classifier, device: torch.device) -> Classifier:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 98.00 MiB.")

    monkeypatch.setattr(scorers, "prepare", full)
    with pytest.raises(ModelError, match="tiny/nearest"):
        Scorer({"m": make_model()}, make_dataset(), device=torch.device("cpu"))
