"""The small networks' sizes and shapes, and random weights that are a function of the seed."""

from __future__ import annotations

import pytest
import torch

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.models import Card, Classifier, architectures
from robustcore.models.architectures import architecture, check_classes


def build(name: str, classes: int = 12, seed: int = 0) -> Classifier:
    labels = tuple(str(i) for i in range(classes))
    return architecture(name).build(Card("x", labels, 64, "none", architecture=name), seed)


@pytest.mark.parametrize(("name", "parameters"), [("scenes/resnet", 555_340), ("scenes/vgg", 512_396)])
def test_small_networks_have_half_a_million_parameters(name: str, parameters: int) -> None:
    assert sum(p.numel() for p in build(name).parameters()) == parameters


@pytest.mark.parametrize("name", ["scenes/resnet", "scenes/vgg"])
@pytest.mark.parametrize("classes", [2, 12, 100])
def test_small_networks_answer_for_any_number_of_classes(name: str, classes: int) -> None:
    network = build(name, classes).network.eval()
    assert network(torch.rand(3, 3, 64, 64)).shape == (3, classes)
    assert network.features(torch.rand(3, 3, 64, 64)).shape == (3, 160)
    assert network(torch.rand(1, 3, 96, 80)).shape == (1, classes)  # pooled: other sizes work as well


def test_a_network_of_torchvision_can_be_built_too() -> None:
    model = build("torchvision/squeezenet1_1", 5).eval()
    assert model(torch.zeros(2, 3, 64, 64)).shape == (2, 5)
    assert model.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    assert "torchvision/resnet50" in architectures()


def test_equal_seeds_give_equal_weights_and_leave_the_generator_alone() -> None:
    torch.manual_seed(1)
    untouched = torch.rand(1)
    torch.manual_seed(1)
    first, again, other = build("scenes/vgg"), build("scenes/vgg"), build("scenes/vgg", seed=1)
    assert torch.equal(torch.rand(1), untouched)
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def test_unknown_architectures_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'scenes/resnet'"):
        architecture("scenes/resnt")
    with pytest.raises(UnknownNameError, match="'torchvision/resnet50'"):
        architecture("torchvision/resnet5O")


@pytest.mark.parametrize("count", [0, 1, 100_001])
def test_a_classifier_has_two_classes_or_more(count: int) -> None:
    with pytest.raises(InvalidArgumentError, match=f"not {count}"):
        check_classes(count)
