"""Attacks in L1: the projection, the steps and the optima that are known on paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import attacks
from robustcore.attacks.budgets import L1, per_image, sparse_step
from robustcore.attacks.fab import nearest_on_plane
from robustcore.evaluation import Condition, operations
from robustcore.randomness import Draws


def l1_of(x: Tensor, clean: Tensor) -> Tensor:
    """(n,) sums of the changes."""
    return (x - clean).abs().sum(dim=(1, 2, 3))


def knapsack(x: Tensor, w: Tensor, eps: float) -> Tensor:
    """The image within eps of (3, H, W) x in L1 and in the box whose product with w is smallest: steepest values first."""
    best, left = x.flatten().clone(), eps
    for i in w.abs().flatten().argsort(descending=True).tolist():
        falls = float(w.flatten()[i]) > 0
        length = min(left, float(best[i] if falls else 1 - best[i]))
        best[i] += -length if falls else length
        left -= length
    return best.view_as(x)


@pytest.mark.parametrize("eps", [0.0, 0.5, 6.0, 40.0, 1e3])
def test_the_projection_is_the_nearest_image_of_ball_and_box(eps: float) -> None:
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(4, 3, 5, 5, generator=generator, dtype=torch.float64)
    clean[1] = clean[1].round()  # at the borders of the box
    far = clean + torch.randn(4, 3, 5, 5, generator=generator, dtype=torch.float64)
    ball = L1(clean, torch.full((4,), eps, dtype=torch.float64))
    projected = ball.project(far.clone())
    assert bool((ball.distance(projected) <= eps * (1 + 1e-9) + 1e-12).all())
    assert bool(((projected >= 0) & (projected <= 1)).all())
    # A projection on a convex set: no point of the set is at an acute angle to what was cut off.
    for seed in range(20):
        other = clean + torch.randn(4, 3, 5, 5, generator=generator.manual_seed(seed), dtype=torch.float64)
        inside = ball.project(other)
        angle = ((far - projected) * (inside - projected)).sum(dim=(1, 2, 3))
        assert bool((angle <= 1e-4).all())
    # As long as the ball allows.
    boxed = far.clamp(0, 1)
    reach = (boxed - clean).abs().sum(dim=(1, 2, 3)).clamp(max=eps)
    torch.testing.assert_close(ball.distance(projected), reach, rtol=1e-4, atol=1e-9)


def test_random_starts_are_within_the_ball() -> None:
    ball = L1(torch.full((50, 3, 4, 4), 0.5), torch.full((50,), 3.0))
    distances = ball.distance(ball.start(Draws(0, "start", torch.arange(50))))
    assert bool((distances <= 3 * (1 + 1e-5)).all())
    assert float(distances.median()) > 2.7  # nearly all of the volume is near the surface


def test_a_sparse_step_moves_the_steepest_values_equally_far() -> None:
    gradient = torch.tensor([0.1, -5.0, 3.0, 0.0, 2.0, -1.0]).view(1, 3, 1, 2)
    moved = sparse_step(torch.zeros(1, 3, 1, 2), gradient, per_image(torch.tensor([0.9])), torch.tensor([0.5]))
    torch.testing.assert_close(moved.flatten(), torch.tensor([0.0, -0.3, 0.3, 0.0, 0.3, 0.0]))


@pytest.mark.parametrize("eps", [0.4, 3.0])
def test_apgd_takes_the_steepest_values_to_the_box(linear, images, labels, eps: float) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "apgd", norm="l1", eps=eps, early_stop=False)
    w = linear.w.detach().view_as(images[0])
    best = torch.stack([knapsack(image, w, eps) for image in images])
    fallen, most = (linear.margin(images) - linear.margin(x) for x in (result.images, best))
    assert bool((fallen <= most * (1 + 1e-4)).all())
    assert bool((fallen >= 0.97 * most).all())
    assert bool((l1_of(result.images, images) <= eps * (1 + 1e-5)).all())


def test_fab_finds_the_distance_to_the_plane(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "fab", norm="l1", steps=40)
    w = linear.w.detach().view_as(images[0])
    change = nearest_on_plane(images, w.expand_as(images), linear.margin(images), "l1")
    nearest = change.abs().sum(dim=(1, 2, 3))
    torch.testing.assert_close(linear.margin(images + change), torch.zeros(6), atol=1e-4, rtol=0)
    for image, radius, moved in zip(images, nearest, images + change, strict=True):
        torch.testing.assert_close(moved, knapsack(image, w, float(radius)), atol=1e-4, rtol=0)
    assert result.success.all()
    assert bool((l1_of(result.images, images) >= nearest * (1 - 1e-4)).all())
    assert bool((l1_of(result.images, images) <= nearest * 1.06).all())  # a step goes 5 % further than the plane


def test_a_plane_out_of_reach_is_approached_as_far_as_the_box_allows() -> None:
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    normal = torch.ones(2, 3, 4, 4)
    change = nearest_on_plane(x, normal, torch.tensor([1e3, -1e3]), "l1")
    torch.testing.assert_close(x + change, torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)]))


@pytest.mark.parametrize("name", ["apgd", "fab"])
def test_eps_zero_leaves_every_image_as_it_is(network: nn.Module, images: Tensor, name: str) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(network, images, labels, name, norm="l1", eps=0.0, steps=12)
    assert not result.success.any()
    torch.testing.assert_close(result.images, images)


def test_only_what_says_so_has_the_norm() -> None:
    assert [name for name in attacks.names() if "l1" in attacks.get(name).norms] == ["apgd", "fab"]
    operation = operations.registry["attack"]
    params: dict[str, Any] = {"norm": "l1", "eps": 8.0}
    operation.check(Condition("attack", "apgd", params=tuple(params.items())))
    with pytest.raises(rc.errors.InvalidArgumentError, match="pgd has the norm linf or l2, not l1"):
        operation.check(Condition("attack", "pgd", params=tuple(params.items())))


def test_the_length_of_the_change_is_kept_with_a_result(own_cache: object) -> None:
    condition = Condition("attack", "apgd", params=(("eps", 4.0), ("norm", "l1"), ("steps", 12)))
    table = rc.evaluate("scenes/resnet-standard", "scenes", condition, limit=4)
    row = table[table["kind"] == "attack"].iloc[0]
    assert 0 < row["l1"] <= 4 * (1 + 1e-5)
    assert row["l2"] < row["l1"]
