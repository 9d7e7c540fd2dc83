"""APGD, FAB, FMN and AutoAttack: their published constants, known optima, who broke an image, and the cautions."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import attacks, notes
from robustcore.attacks import apgd, autoattack, cautions
from robustcore.attacks.budgets import USUAL_NORMS
from robustcore.attacks.fab import nearest_on_plane
from robustcore.attacks.goals import Goal, dlr

QUICK: dict[str, Any] = {"steps": 6, "directions": 2, "queries": 20}


def test_the_published_constants() -> None:
    # Croce & Hein 2020, section 3: p_0 = 0, p_1 = 0.22, p_(j+1) = p_j + max(p_j - p_(j-1) - 0.03, 0.06).
    assert apgd.checkpoints(100) == [0, 22, 41, 57, 70, 80, 87, 93, 99]
    defaults = {name: attacks.get(name).check_options({}) for name in ("apgd", "fab", "autoattack")}
    assert defaults["apgd"]["steps"] == defaults["fab"]["steps"] == defaults["autoattack"]["steps"] == 100
    assert (defaults["fab"]["alpha_max"], defaults["fab"]["eta"], defaults["fab"]["beta"]) == (0.1, 1.05, 0.9)
    assert defaults["autoattack"] == {
        "version": "standard",
        "steps": 100,
        "directions": 9,
        "queries": 5000,
        "repeats": 20,
    }
    assert autoattack.VERSIONS["standard"] == ("apgd_ce", "apgd_t", "fab_t", "square")


def test_the_difference_of_logits_ratio_is_free_of_shift_and_scale() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.0, -2.0], [0.5, 2.0, 1.5, 1.0]])
    goal = Goal(torch.tensor([0, 0]))
    torch.testing.assert_close(dlr(goal, logits), torch.tensor([-2 / 3, 1.5]))
    torch.testing.assert_close(dlr(goal, 7 * logits + 3), dlr(goal, logits))
    led = Goal(torch.tensor([0, 0]), directions=torch.tensor([2, 3]))
    torch.testing.assert_close(dlr(led, logits), torch.tensor([-3.0 / 4, 0.5 / 1.25]))
    # Fewer classes than the paper's formulas need.
    torch.testing.assert_close(dlr(led[:1], logits[:1, :3]), torch.tensor([-3 / 3.0]))
    torch.testing.assert_close(dlr(goal, logits[:, :2]), torch.tensor([-2.0, 1.5]))


def brute_force(x: Tensor, normal: Tensor, gap: float, norm: str) -> Tensor:
    """The change by bisection on the common length."""
    room = torch.where((normal > 0) == (gap < 0), 1 - x, x)
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        moved = torch.minimum((torch.ones_like(normal) if norm == "linf" else normal.abs()) * middle, room)
        low, high = (middle, high) if (normal.abs() * moved).sum() < abs(gap) else (low, middle)
    return torch.minimum((torch.ones_like(normal) if norm == "linf" else normal.abs()) * high, room)


@pytest.mark.parametrize("norm", USUAL_NORMS)
def test_the_nearest_point_of_a_plane_within_the_box(norm: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, 3, 4, 4, generator=generator, dtype=torch.float64)
    normal = torch.randn(5, 3, 4, 4, generator=generator, dtype=torch.float64)
    gap = torch.tensor([0.0, 0.3, -0.8, 8.0, 100.0], dtype=torch.float64)  # the last plane is out of reach
    change = nearest_on_plane(x, normal, gap, norm)
    assert bool(((x + change) >= -1e-12).all())
    assert bool(((x + change) <= 1 + 1e-12).all())
    torch.testing.assert_close((normal * change).sum(dim=(1, 2, 3))[:4], -gap[:4], atol=1e-4, rtol=2e-4)
    for i in range(1, 5):
        expected = brute_force(x[i], normal[i], float(gap[i]), norm)
        torch.testing.assert_close(change[i].abs(), expected, atol=1e-4, rtol=1e-3)


def test_apgd_ends_in_the_corner_of_the_cube_and_at_the_pole_of_the_ball(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    w = linear.w.detach()
    corner = rc.attack(linear, images, labels, "apgd", eps=1e-3, steps=20, early_stop=False)
    torch.testing.assert_close(corner.images, images - 1e-3 * w.sign().view_as(images[0]))
    pole = rc.attack(linear, images, labels, "apgd", norm="l2", eps=0.02, steps=40, early_stop=False)
    torch.testing.assert_close(linear.margin(pole.images), linear.margin(images) - 0.02 * w.norm(), atol=0, rtol=1e-3)


@pytest.mark.parametrize("name", ["fab", "fmn"])
@pytest.mark.parametrize("norm", USUAL_NORMS)
def test_the_distance_to_the_plane(linear, images, labels, name: str, norm: str) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, name, norm=norm, steps=60)
    w = linear.w.detach()
    nearest = linear.margin(images) / (w.abs().sum() if norm == "linf" else w.norm())
    distance = result.linf if norm == "linf" else result.l2
    assert result.success.all()
    assert (distance >= nearest * (1 - 1e-4)).all()
    assert (distance <= nearest * 1.02).all()


def test_an_image_is_broken_by_the_first_that_reaches_the_goal(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    labels[2] = (labels[2] + 1) % 5
    result = rc.attack(network, images, labels, "autoattack", eps=0.03, **QUICK)
    assert result.broken_by is not None
    assert result.stages == autoattack.STAGES
    assert int(result.broken_by[2]) == 0
    assert torch.equal(result.success, result.broken_by >= 0)
    parts = cautions.first_breaks(result.stages, result.broken_by)
    torch.testing.assert_close(sum(parts.values()), (result.broken_by > 0).float())
    assert rc.attack(network, images, labels, "pgd").broken_by is None


def test_autoattack_is_at_least_as_strong_as_its_parts(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    for eps in (0.01, 0.02):
        whole = rc.attack(network, images, labels, "autoattack", eps=eps, **QUICK).success
        assert int(whole.sum()) >= int(rc.attack(network, images, labels, "apgd", eps=eps, steps=6).success.sum())


@pytest.mark.parametrize("norm", USUAL_NORMS)
def test_eps_zero_leaves_every_image_as_it_is(network: nn.Module, images: Tensor, norm: str) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(network, images, labels, "autoattack", eps=0.0, norm=norm)
    assert not result.success.any()
    assert torch.equal(result.images, images)
    assert int(result.forwards.max()) < 5  # with thousands of queries to come
    some = rc.attack(network, images, labels, "autoattack", eps=[0.0, 0.03] * 3, norm=norm, **QUICK)
    alone = rc.attack(network, images[1::2], labels[1::2], "autoattack", eps=0.03, norm=norm, ids=[1, 3, 5], **QUICK)
    assert torch.equal(some.broken_by[::2], torch.full((3,), -1))  # type: ignore[index]
    assert torch.equal(some.broken_by[1::2], alone.broken_by)  # type: ignore[index, arg-type]


def test_images_that_are_all_wrong_are_not_attacked(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        labels = (network(images).argmax(dim=1) + 1) % 5
    result = rc.attack(network, images, labels, "autoattack", **QUICK)
    assert result.success.all()
    assert result.broken_by.tolist() == [0] * 6  # type: ignore[union-attr]
    assert torch.equal(result.images, images)
    assert notes.kinds(result.notes) == ["nothing_to_attack"]


def test_a_norm_that_is_none_of_its_own_is_refused(network: nn.Module, images: Tensor) -> None:
    with pytest.raises(rc.errors.InvalidArgumentError, match="autoattack has the norm linf or l2, not l1"):
        rc.attack(network, images, [0] * 6, "autoattack", norm="l1")
    with pytest.raises(rc.errors.InvalidArgumentError, match="goal untargeted, not targeted"):
        rc.attack(network, images, [0] * 6, "autoattack", target=1)
    with pytest.raises(rc.errors.InvalidArgumentError, match="version of autoattack is one of"):
        rc.attack(network, images, [0] * 6, "autoattack", version="cheap")


def test_memory_that_runs_out_in_the_middle_changes_nothing(network: nn.Module, images: Tensor) -> None:
    class Greedy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.calls = network, 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > 12 and len(x) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")
            logits: Tensor = self.inner(x)
            return logits

    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    plenty = rc.attack(network, images, labels, "autoattack", eps=0.01, **QUICK)
    little = rc.attack(Greedy().eval(), images, labels, "autoattack", eps=0.01, batch_size=6, **QUICK)
    assert little.batch_size < 6
    torch.testing.assert_close(little.images, plenty.images, atol=1e-5, rtol=0)
    assert torch.equal(little.broken_by, plenty.broken_by)  # type: ignore[arg-type]


class Wrapped(nn.Module):
    """A network with something around it that an attack has to be cautious of."""

    def __init__(self, network: nn.Module, kind: str) -> None:
        super().__init__()
        self.network, self.kind = network, kind

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "random":
            x = x + 0.05 * torch.randn_like(x)
        if self.kind == "rounds":
            x = (x * 8).round() / 8
        if self.kind == "optimises":
            with torch.enable_grad():
                leaf = x.detach().requires_grad_(True)
                (slope,) = torch.autograd.grad(self.network(leaf).square().sum(), leaf)
            x = x - 1e-4 * slope
        if self.kind == "misleads":  # the gradient points the other way
            x = 2 * x.detach() - x
        logits: Tensor = self.network(x)
        if self.kind == "three":
            return logits[:, :3]
        return logits.softmax(dim=1) if self.kind == "probabilities" else logits


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("random", "attack_met_random_answers"),
        ("rounds", "square_alone"),
        ("optimises", "model_optimises_inside"),
        ("probabilities", "attack_met_probabilities"),
        ("three", "dlr_needs_four_classes"),
        ("plain", None),
    ],
)
@pytest.mark.filterwarnings("ignore:The model's outputs look like probabilities")
def test_what_the_figure_is_to_be_read_with(network: nn.Module, images: Tensor, kind: str, expected: str) -> None:
    model = Wrapped(network, kind).eval()
    with torch.no_grad():
        labels = network(images)[:, : 3 if kind == "three" else 5].argmax(dim=1)
    result = rc.attack(model, images, labels, "autoattack", eps=0.004, **QUICK)
    assert set(notes.kinds(result.notes)) - {"square_broke_more"} == ({expected} if expected else set())


def test_a_run_that_averages_random_answers_does_not_ask_for_another_one(network: nn.Module, images: Tensor) -> None:
    model = Wrapped(network, "random").eval()
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(model, images, labels, "autoattack", eps=0.004, version="rand", repeats=2, **QUICK)
    assert notes.kinds(result.notes) == ["attack_averaged_random_answers"]


def test_square_breaks_what_misleading_gradients_hide(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    model = Wrapped(linear, "misleads").eval()
    eps = 3 * float(linear.margin(images).median() / linear.w.detach().abs().sum())
    result = rc.attack(model, images, labels, "autoattack", eps=eps, steps=3, directions=1, queries=150)
    assert "square_broke_more" in notes.kinds(result.notes)
    square = autoattack.STAGES.index("square") + 1
    assert math.isclose(result.notes[-1]["share"], float((result.broken_by == square).float().mean()), abs_tol=1e-6)


def test_gradients_that_vanish_for_some_images_are_said(network: nn.Module, images: Tensor) -> None:
    class Flat(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = network(x)
            bright = (x.mean(dim=(1, 2, 3)) > images.mean())[:, None]
            return torch.where(bright, logits.detach(), logits)

    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(Flat().eval(), images, labels, "autoattack", eps=0.001, **QUICK)
    assert "attack_met_zero_gradients" in notes.kinds(result.notes)
    assert 0 < float(result.values[cautions.FLAT].mean()) < 1


def test_rand_averages_its_gradients(network: nn.Module, images: Tensor) -> None:
    model = Wrapped(network, "random").eval()
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    result = rc.attack(model, images, labels, "autoattack", eps=0.02, version="rand", repeats=5, steps=4)
    asked = result.forwards[result.forwards > 5]
    assert len(asked)
    assert (result.broken_by <= autoattack.STAGES.index("apgd_dlr") + 1).all()  # type: ignore[operator]


def test_a_share_of_nothing_is_undefined_with_a_reason() -> None:
    """Where every image is wrong when clean, nothing can be preserved under AutoAttack."""
    common = {"model": "m", "dataset": "d", "severity": None, "n": 48}
    rows = [
        common | {"kind": "clean", "name": "clean", "accuracy": 0.0},
        common | {"kind": "attack", "name": "autoattack", "accuracy": 0.0},
    ]
    table = rc.metrics.app(pd.DataFrame(rows))
    preserved = table[table["kind"] == "attack"].iloc[0]
    assert math.isnan(preserved["app"])
    assert preserved["reason"]


@pytest.mark.parametrize("name", ["apgd", "fab"])
def test_memory_that_runs_out_in_l1_changes_no_draw(network: nn.Module, images: Tensor, name: str) -> None:
    class Greedy(nn.Module):
        calls = 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > 5 and len(x) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")
            logits: Tensor = network(x)
            return logits

    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    options: dict[str, Any] = {"norm": "l1", "eps": 1.0, "steps": 12, "early_stop": False}
    plenty = rc.attack(network, images, labels, name, **options)
    little = rc.attack(Greedy().eval(), images, labels, name, batch_size=6, **options)
    assert little.batch_size <= 2
    torch.testing.assert_close(little.images, plenty.images, atol=1e-4, rtol=0)
