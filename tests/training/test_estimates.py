"""What a training costs, before it starts."""

from __future__ import annotations

import types

import pytest

from robustcore.errors import TrainingError
from robustcore.training import Recipe
from robustcore.training.estimates import price


def test_the_price_is_that_of_all_epochs() -> None:
    short, long = (price(Recipe("scenes/vgg", limit=24, epochs=epochs, batch=8), "cpu") for epochs in (2, 40))
    assert (short.images, short.steps, short.device) == (24, 6, "cpu")
    assert long.steps == 120
    assert 0 < short.seconds < long.seconds


def test_a_network_that_cannot_take_the_images_is_refused_in_a_sentence() -> None:
    with pytest.raises(TrainingError, match="cannot take images of 64 pixels"):
        price(Recipe("torchvision/vit_b_32", limit=8, batch=4), "cpu")


def test_a_network_that_does_not_fit_into_memory_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=100 << 20))
    with pytest.raises(TrainingError, match="11 million weights"):
        price(Recipe("torchvision/resnet18", limit=8, batch=4), "cpu")
