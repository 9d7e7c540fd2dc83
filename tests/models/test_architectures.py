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


SERIES = (
    "scenes/resnet-deep",
    "scenes/resnet-deeper",
    "scenes/resnet-narrow",
    "scenes/resnet-wide",
    "scenes/resnet-se",
)


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


@pytest.mark.parametrize("name", SERIES)
def test_a_variant_answers_and_has_its_own_fingerprint(name: str) -> None:
    model = build(name, 5)
    assert model.eval()(torch.rand(2, 3, 64, 64)).shape == (2, 5)
    assert model.fingerprint() == build(name, 5).fingerprint() != build("scenes/resnet", 5).fingerprint()
    assert not model.unreadable


def test_a_series_grows_in_depth_or_in_width_alone() -> None:
    def weights(name: str) -> list[torch.Tensor]:
        return [p for p in build(name).parameters() if p.ndim == 4]

    plain, deep, deeper = (weights(f"scenes/resnet{variant}") for variant in ("", "-deep", "-deeper"))
    assert [len(each) for each in (plain, deep, deeper)] == [1 + 3 * 3, 1 + 3 * 6, 1 + 3 * 12]  # with the shortcuts
    assert {len(p) for p in plain} == {len(p) for p in deep} == {len(p) for p in deeper} == {32, 48, 96, 160}
    for variant, factor in (("narrow", 0.5), ("wide", 2)):
        assert [len(p) for p in weights(f"scenes/resnet-{variant}")] == [factor * len(p) for p in plain]


def test_squeeze_and_excitation_with_open_gates_is_the_plain_network() -> None:
    plain, gated = build("scenes/resnet").eval(), build("scenes/resnet-se").eval()
    rest = gated.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert len(rest) == 3 * 4  # two layers of each gate
    with torch.no_grad():
        for block in gated.network.stages:
            block.excite.weight.zero_()
            block.excite.bias.fill_(50.0)
        images = torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(gated(images), plain(images))
        gated.network.stages[2].excite.bias.fill_(0.0)  # half of what the last block adds
        assert not torch.allclose(gated(images), plain(images), atol=1e-3)


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
