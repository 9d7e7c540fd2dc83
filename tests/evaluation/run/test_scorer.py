"""A session's copy of a model: quicker, with the same answers."""

from __future__ import annotations

import torch
from torch import nn

from robustcore.evaluation.run.scorer import Scorer
from robustcore.models.classifier import Card, Classifier


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
