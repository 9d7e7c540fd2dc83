"""On a linear model the best attack of every kind is known on paper; the attacks find it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import robustcore as rc

EPS = 0.02


def test_fgsm_moves_every_value_by_eps_against_the_weights(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "fgsm", eps=EPS)
    expected = images - EPS * linear.w.detach().sign().view_as(images[0])
    torch.testing.assert_close(result.images, expected)
    lost = EPS * float(linear.w.detach().abs().sum())
    torch.testing.assert_close(linear.margin(result.images), linear.margin(images) - lost)
    torch.testing.assert_close(result.linf, torch.full((6,), EPS))


@pytest.mark.parametrize("random_start", [False, True])
def test_pgd_ends_in_the_corner_of_the_cube(linear, images: Tensor, labels: Tensor, random_start: bool) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "pgd", eps=EPS, random_start=random_start, early_stop=False)
    torch.testing.assert_close(result.images, images - EPS * linear.w.detach().sign().view_as(images[0]))


def test_pgd_in_l2_ends_at_the_pole_of_the_ball(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "pgd", norm="l2", eps=0.3, step_size=0.3, steps=20, early_stop=False)
    w = linear.w.detach()
    torch.testing.assert_close(result.images, images - 0.3 * (w / w.norm()).view_as(images[0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(linear.margin(result.images), linear.margin(images) - 0.3 * w.norm(), atol=0, rtol=1e-3)
    torch.testing.assert_close(result.l2, torch.full((6,), 0.3))


def test_the_box_holds_where_the_ball_would_leave_it(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    dark = images * 0.02
    result = rc.attack(linear, dark, labels, "pgd", eps=0.1, early_stop=False)
    w = linear.w.detach().view_as(images[0])
    expected = torch.where(w > 0, (dark - 0.1).clamp(min=0), dark + 0.1)
    torch.testing.assert_close(result.images, expected)


def test_mi_fgsm_walks_the_same_way(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "mi_fgsm", eps=EPS, early_stop=False)
    torch.testing.assert_close(result.images, images - EPS * linear.w.detach().sign().view_as(images[0]))


def test_cw_finds_the_distance_to_the_plane(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "cw", steps=200)
    nearest = linear.margin(images) / linear.w.detach().norm()
    assert result.success.all()
    assert (result.l2 >= nearest * (1 - 1e-5)).all()
    assert (result.l2 <= nearest * 1.02).all()


def test_cw_with_confidence_goes_as_far_beyond_the_plane(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "cw", steps=200, confidence=0.5)
    assert (linear.margin(result.images) <= -0.5 + 1e-5).all()
    expected = (linear.margin(images) + 0.5) / linear.w.detach().norm()
    assert (result.l2 <= expected * 1.02).all()


@pytest.mark.parametrize("initial_const", [1e-3, 1.0])
def test_the_search_over_c_comes_from_far_below_and_from_far_above(linear, images, labels, initial_const) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(
        linear, images, labels, "cw", steps=60, initial_const=initial_const, binary_search_steps=10, early_stop=False
    )
    nearest = linear.margin(images) / linear.w.detach().norm()
    assert (result.l2 <= nearest * 1.05).all()


def test_hopskipjump_comes_close_to_the_plane_with_decisions_alone(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    with torch.no_grad():
        linear.c -= 0.9  # so near that noise falls on its other side
    result = rc.attack(linear, images, labels, "hopskipjump", steps=8, initial_queries=150)
    nearest = linear.margin(images) / linear.w.detach().norm()
    assert result.success.all()
    assert (result.l2 >= nearest * (1 - 1e-4)).all()
    assert float((result.l2 / nearest).median()) < 1.5
    assert (result.backwards == 0).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_square_attack_uses_up_its_budget_without_gradients(linear, images: Tensor, labels: Tensor, norm: str) -> None:  # type: ignore[no-untyped-def]
    eps = EPS if norm == "linf" else 0.3
    few, many = (
        rc.attack(linear, images, labels, "square", norm=norm, eps=eps, queries=q, early_stop=False) for q in (1, 300)
    )
    w = linear.w.detach()
    best = linear.margin(images) - eps * (w.abs().sum() if norm == "linf" else w.norm())
    assert (linear.margin(many.images) < linear.margin(few.images)).all()
    assert (linear.margin(many.images) >= best - 1e-4).all()
    share = (linear.margin(images) - linear.margin(many.images)) / (linear.margin(images) - best)
    assert float(share.median()) > (0.5 if norm == "linf" else 0.2)
    assert (many.backwards == 0).all()


def test_a_fooling_image_climbs_its_class_until_the_model_names_it(network, images: Tensor) -> None:  # type: ignore[no-untyped-def]
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(network, images, labels, "fooling", target=(labels + 1) % 5)
    assert result.success.all()
    assert torch.equal(result.logits.argmax(dim=1), (labels + 1) % 5)


def test_a_fooling_image_from_noise_is_another_image(network, images: Tensor) -> None:  # type: ignore[no-untyped-def]
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(network, images, labels, "fooling", start="noise", learning_rate=20.0)
    assert result.success.all()
    assert (result.targets != labels).all()  # type: ignore[operator]
    assert (result.linf > 0.2).all()
