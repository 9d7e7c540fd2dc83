"""Goals, surrogates and budgets that belong to single images."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.attacks.goals import Goal, cross_entropy, margin, score

LOGITS = torch.tensor([[3.0, 1.0, -2.0], [0.0, 5.0, 4.0]])


def test_a_margin_is_below_zero_where_the_goal_is_reached() -> None:
    untargeted = Goal(torch.tensor([0, 2]))
    assert untargeted.margin(LOGITS).tolist() == [2, -1]
    assert untargeted.reached(LOGITS).tolist() == [False, True]
    targeted = Goal(torch.tensor([0, 2]), torch.tensor([1, 1]))
    assert targeted.margin(LOGITS).tolist() == [2, -1]
    assert targeted.reached(LOGITS).tolist() == [False, True]


def test_objectives_rise_towards_the_goal() -> None:
    closer = LOGITS + torch.tensor([[-1.0, 1.0, 0.0], [0.0, 1.0, -1.0]])
    for goal in (Goal(torch.tensor([0, 2])), Goal(torch.tensor([0, 2]), torch.tensor([1, 1]))):
        for objective in (cross_entropy, margin, score):
            assert (objective(goal, closer) > objective(goal, LOGITS)).all()


def test_the_least_likely_class_is_never_the_label() -> None:
    goal = Goal(torch.tensor([2, 2]), least_likely=True)
    assert goal.is_open
    assert goal.resolved(LOGITS).targets.tolist() == [1, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["fgsm", "pgd", "mi_fgsm", "cw", "square", "hopskipjump", "fooling"])
def test_least_likely_is_read_from_the_clean_images(network: nn.Module, images: Tensor, name: str) -> None:
    with torch.no_grad():
        clean = network(images)
    labels = clean.argmax(dim=1)
    less = {"square": {"queries": 100}, "cw": {"steps": 30}, "hopskipjump": {"starts": images.flip(0), "steps": 2}}
    options: dict[str, Any] = less.get(name, {})
    result = rc.attack(network, images, labels, name, goal="least likely", **options)
    assert torch.equal(result.targets, clean.argmin(dim=1))  # type: ignore[arg-type]
    assert torch.equal(result.success, result.logits.argmax(dim=1) == result.targets)


@pytest.mark.parametrize("name", ["pgd", "mi_fgsm", "cw", "square"])
def test_targets_are_reached(network: nn.Module, images: Tensor, name: str) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    targets = (labels + 2) % 5
    options = {} if name == "cw" else {"eps": 0.4}
    result = rc.attack(network, images, labels, name, target=targets, **options)
    assert result.success.double().mean() >= 0.8
    assert torch.equal(result.targets, targets)  # type: ignore[arg-type]


def test_random_targets_belong_to_the_images(network: nn.Module, images: Tensor) -> None:
    labels = torch.arange(6) % 5
    one = rc.attack(network, images, labels, "fgsm", target="random", seed=3)
    assert (one.targets != labels).all()  # type: ignore[operator]
    part = rc.attack(network, images[4:], labels[4:], "fgsm", target="random", seed=3, ids=[4, 5])
    assert torch.equal(part.targets, one.targets[4:])  # type: ignore[arg-type,index]
    many = rc.attack(network, images[:1].expand(200, 3, 8, 8), [1] * 200, "fgsm", target="random")
    assert set(many.targets.tolist()) == {0, 2, 3, 4}  # type: ignore[union-attr]


def test_a_surrogate_is_asked_for_gradients_and_the_model_judges(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    weak = type(linear)(seed=0).eval()
    with torch.no_grad():
        weak.w.copy_(linear.w + torch.randn(len(linear.w), generator=torch.Generator().manual_seed(9)))
        weak.c.copy_(linear.c)
    result = rc.attack(linear, images, labels, "pgd", eps=0.02, surrogate=weak, random_start=False)
    expected = images - 0.02 * weak.w.detach().sign().view_as(images[0])
    torch.testing.assert_close(result.images, expected)
    torch.testing.assert_close(result.logits, linear(result.images).detach())
    assert result.success.tolist() == (linear.margin(result.images) < 0).tolist()
    assert linear.asked == 1 + 6 + 6  # for its classes, to judge, and just now
    assert result.forwards.tolist() == [11] * 6
    white = rc.attack(linear, images, labels, "pgd", eps=0.02, random_start=False, early_stop=False)
    assert (linear.margin(white.images) < linear.margin(result.images)).all()


def test_every_image_may_have_its_own_eps(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    eps = torch.tensor([0.0, 0.001, 0.002, 0.003, 0.004, 0.005])
    result = rc.attack(linear, images, labels, "pgd", eps=eps, early_stop=False)
    torch.testing.assert_close(result.linf, eps, atol=1e-6, rtol=0)
    torch.testing.assert_close(result.eps, eps)


def test_a_range_of_eps_is_drawn_for_each_image(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "fgsm", eps=(0.001, 0.003), seed=4)
    assert result.eps is not None
    assert ((result.eps >= 0.001) & (result.eps < 0.003)).all()
    assert len(set(result.eps.tolist())) == 6
    torch.testing.assert_close(result.linf, result.eps, atol=1e-6, rtol=0)
    part = rc.attack(linear, images[3:], labels[3:], "fgsm", eps=(0.001, 0.003), seed=4, ids=[3, 4, 5])
    assert torch.equal(part.eps, result.eps[3:])  # type: ignore[arg-type]


def test_without_eps_the_customary_ones_are_taken(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    assert rc.attack(linear, images, labels, "pgd").eps.tolist() == pytest.approx([8 / 255] * 6)  # type: ignore[union-attr]
    assert rc.attack(linear, images, labels, "pgd", norm="l2").eps.tolist() == pytest.approx([3 * 8 / 224] * 6)  # type: ignore[union-attr]
    assert rc.attack(linear, images, labels, "cw").eps is None


def test_saturated_outputs_still_give_a_direction(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    with torch.no_grad():
        linear.w *= 40
        linear.c += 110 - linear.margin(images).min()  # margins beyond 104: exp of less underflows to 0 in float32
    small = torch.zeros(6, dtype=torch.int64)
    for norm, eps in (("linf", 0.1), ("l2", 1.0)):
        assert rc.attack(linear, images, small, "pgd", norm=norm, eps=eps).success.all()
        assert rc.attack(linear, images, small, "mi_fgsm", norm=norm, eps=eps).success.all()
        assert rc.attack(linear, images, small, "pgd", norm=norm, eps=eps, objective="margin").success.all()
