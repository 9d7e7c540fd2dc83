"""A classifier is a function of pixels: it resizes and normalises itself, and its fingerprint follows its weights."""

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor, nn

from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.models import Card, Classifier, load_model

CARD = Card("mean", ("dark", "light"), 16, "none", architecture="test/mean")


class Mean(nn.Module):
    """The mean of each image, as two logits."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[-1] == 16
        return x.mean((1, 2, 3))[:, None] * self.gain


def test_pixels_are_normalised_and_resized_inside() -> None:
    model = Classifier(Mean(), CARD, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    torch.testing.assert_close(model(torch.ones(2, 3, 40, 30)), torch.full((2, 2), 2.0))
    torch.testing.assert_close(model(torch.zeros(1, 3, 16, 16)), torch.full((1, 2), -2.0))


def test_bytes_and_floats_are_the_same_image() -> None:
    images = torch.randint(0, 256, (4, 3, 24, 24), dtype=torch.uint8)
    model = Classifier(Mean(), CARD)
    assert torch.equal(model(images), model(images / 255))


def test_logits_are_float32_in_any_precision() -> None:
    model = load_model("scenes/resnet?weights=none&classes=3")
    with torch.autocast("cpu", torch.bfloat16):
        assert model(torch.rand(2, 3, 64, 64)).dtype == torch.float32


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 1, 16, 16), (2, 16, 16, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"\(N, 3, H, W\)"):
        Classifier(Mean(), CARD)(torch.zeros(shape))


def test_the_fingerprint_changes_with_weights_classes_and_preprocessing_but_not_with_the_name() -> None:
    def fingerprint(card: Card = CARD, mean: float = 0.5) -> str:
        return Classifier(Mean(), card, mean=(mean,) * 3).fingerprint()

    base = fingerprint()
    assert fingerprint(Card("other name", CARD.classes, 16, "elsewhere", architecture="test/mean")) == base
    assert fingerprint(Card("mean", ("light", "dark"), 16, "none", architecture="test/mean")) != base
    assert fingerprint(Card("mean", CARD.classes, 32, "none", architecture="test/mean")) != base
    assert fingerprint(mean=0.4) != base


def test_the_fingerprint_sees_every_way_to_write_a_weight() -> None:
    model = Classifier(Mean(), CARD)
    weight = next(model.parameters())
    seen = [model.fingerprint()]
    with torch.no_grad():
        weight.add_(1)
    seen.append(model.fingerprint())
    weight.data.mul_(3)  # torch counts no write here
    seen.append(model.fingerprint())
    model.load_state_dict({**model.state_dict(), "network.gain": torch.tensor([7.0, 8.0])})
    seen.append(model.fingerprint())
    with torch.no_grad():
        weight.copy_(weight.flip(0))  # the sum stays
    seen.append(model.fingerprint())
    model.network.gain = nn.Parameter(torch.zeros(2))
    seen.append(model.fingerprint())
    assert len(set(seen)) == len(seen)


def test_the_fingerprint_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Classifier(Mean(), CARD)
    first = model.fingerprint()
    monkeypatch.setattr(model, "_hash", lambda state: pytest.fail("hashed again"))
    assert model.fingerprint() == first


def test_a_card_survives_the_way_to_text_and_back() -> None:
    card = Card("n", ("a", "b"), 64, "scenes", "mixup", "scenes/resnet", {"training": {"epochs": 8}})
    assert Card.from_json(card.to_json()) == card


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "no json",
        json.dumps({"name": "n", "classes": ["a"], "side": 10**9, "dataset": "d"}),
        json.dumps({"name": "n", "classes": 3, "side": 64, "dataset": "d"}),
        json.dumps({"name": "n", "classes": [1, 2], "side": 64, "dataset": "d"}),
        json.dumps({"name": "n", "classes": ["a"], "side": "64", "dataset": "d"}),
        json.dumps({"name": "n", "classes": ["a"], "side": 64, "dataset": "d", "recipe": "x"}),
    ],
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="card"):
        Card.from_json(text)
