"""What every attack promises, over the whole registry."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import attacks
from robustcore.attacks import Attack
from robustcore.errors import UnknownNameError

ALL = [attacks.get(name) for name in attacks.names()]
BUDGETS = {"linf": 0.05, "l2": 0.7, "l1": 6.0}
# So little work that all of them together take seconds.
QUICK: dict[str, dict[str, Any]] = {
    "apgd": {"steps": 8},
    "autoattack": {"steps": 4, "directions": 2, "queries": 10},
    "cw": {"steps": 30, "binary_search_steps": 3},
    "fab": {"steps": 8, "directions": 3},
    "fmn": {"steps": 25},
    "fooling": {"steps": 20},
    "hopskipjump": {"steps": 2, "initial_queries": 20, "start_trials": 12},
    "low_frequency": {"steps": 5, "ratio": 0.8},
    "mi_fgsm": {"steps": 5},
    "pgd": {"steps": 5},
    "spatial": {"places": 2, "turns": 3},
    "square": {"queries": 30},
    "worst_of": {"queries": 5},
}
# Of noise, every other position is further than these budgets.
MOVES = ("spatial", "worst_of")


@pytest.fixture(params=ALL, ids=lambda a: a.name)
def attack(request: pytest.FixtureRequest) -> Attack:
    attack: Attack = request.param
    return attack


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(1)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 4)
    )
    with torch.no_grad():
        for parameter in body.parameters():
            parameter *= 3  # so that other classes are near
    return body.eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    """(8, 3, 10, 10) uint8: some of them black, white and saturated, where the box and the ball meet."""
    images = torch.randint(0, 256, (8, 3, 10, 10), generator=torch.Generator().manual_seed(2))
    images[1], images[2] = 0, 255
    images[3] = (images[3] > 127) * 255
    return images.to(torch.uint8)


@pytest.fixture(scope="module")
def labels(model: nn.Module, images: Tensor) -> Tensor:
    """The answers of the model, but for one image that it gets wrong."""
    with torch.no_grad():
        labels = model(images.float() / 255).argmax(dim=1)
    labels[5] = (labels[5] + 1) % 4
    return labels


def run(attack: Attack, model: nn.Module, images: Tensor, labels: Tensor, **options: Any) -> attacks.AttackResult:
    return rc.attack(model, images, labels, attack.name, **{**QUICK.get(attack.name, {}), **options})


def test_its_facts_are_complete(attack: Attack) -> None:
    assert attack.summary.endswith(".")
    assert len(attack.source) > 10
    assert attack.title
    assert attack.needs in ("gradients", "scores", "decisions")
    assert set(attack.norms) <= set(attacks.NORMS)
    assert set(attack.goals) <= set(attacks.GOALS)
    assert attack.passes(attack.check_options({})) >= 2
    parameters = list(inspect.signature(attack.function).parameters)
    assert parameters == ["oracle", *attack.options]
    for name, option in attack.options.items():
        assert option.summary.endswith("."), name
        assert option.check(attack.name, name, option.default) == option.default


@pytest.mark.parametrize("norm", attacks.NORMS)
@pytest.mark.parametrize("early_stop", [True, False])
def test_the_budget_is_kept_exactly(
    attack: Attack, model: nn.Module, images: Tensor, labels: Tensor, norm: str, early_stop: bool
) -> None:
    if norm not in attack.norms:
        pytest.skip(f"{attack.name} has no {norm}")
    eps = BUDGETS[norm]
    result = run(attack, model, images, labels, norm=norm, eps=eps, early_stop=early_stop)
    change = result.images.double() - images.double() / 255
    assert float(result.images.min()) >= 0
    assert float(result.images.max()) <= 1
    if norm == "linf":
        assert float(change.abs().max()) <= eps + 1e-6
    else:
        assert float(change.flatten(1).norm(1 if norm == "l1" else 2, dim=1).max()) <= eps * (1 + 1e-5)
    torch.testing.assert_close(result.linf.double(), change.abs().amax(dim=(1, 2, 3)), atol=1e-6, rtol=0)
    torch.testing.assert_close(result.l2.double(), change.flatten(1).norm(dim=1), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("goal", attacks.GOALS)
def test_success_agrees_with_the_answers_of_the_model(
    attack: Attack, model: nn.Module, images: Tensor, labels: Tensor, goal: str
) -> None:
    if goal not in attack.goals:
        pytest.skip(f"{attack.name} is not {goal}")
    target = (labels + 2) % 4 if goal == "targeted" else None
    result = run(attack, model, images, labels, goal=goal, target=target)
    with torch.no_grad():
        torch.testing.assert_close(result.logits, model(result.images), atol=1e-5, rtol=1e-5)
    answers = result.logits.argmax(dim=1)
    if goal == "untargeted":
        assert result.targets is None
        assert torch.equal(result.success, answers != labels)
    else:
        assert torch.equal(result.success, answers == result.targets)
        assert (result.targets != labels).all()  # type: ignore[operator]


def test_draws_do_not_depend_on_the_batch(attack: Attack, model: nn.Module, images: Tensor, labels: Tensor) -> None:
    whole = run(attack, model, images, labels, seed=5)
    order = torch.tensor([6, 0, 4])
    part = run(attack, model, images[order], labels[order], seed=5, ids=order)
    torch.testing.assert_close(part.images, whole.images[order], atol=1e-5, rtol=0)
    again = run(attack, model, images, labels, seed=5)
    assert torch.equal(again.images, whole.images)


def test_images_labels_and_model_are_unchanged(
    attack: Attack, model: nn.Module, images: Tensor, labels: Tensor
) -> None:
    pixels = images.float() / 255
    before = pixels.clone(), labels.clone(), [p.detach().clone() for p in model.parameters()]
    result = run(attack, model, pixels, labels)
    assert torch.equal(pixels, before[0])
    assert torch.equal(labels, before[1])
    assert all(torch.equal(p.detach(), b) for p, b in zip(model.parameters(), before[2], strict=True))
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert result.images.dtype == torch.float32
    assert not result.images.requires_grad
    assert result.images.is_contiguous()


def test_it_queries_only_what_it_declares(attack: Attack, model: nn.Module, images: Tensor, labels: Tensor) -> None:
    result = run(attack, model, images, labels)
    assert bool(result.backwards.any()) == (attack.needs == "gradients")
    assert (result.forwards >= 1).all()


def test_more_budget_never_helps_the_model(attack: Attack, model: nn.Module, images: Tensor, labels: Tensor) -> None:
    small, large = (
        run(attack, model, images, labels, norm=attack.norms[0], eps=factor * BUDGETS[attack.norms[0]]).success.sum()
        for factor in (0.02, 4)
    )
    assert large >= small
    assert large >= 4 or attack.name in MOVES


def test_unknown_options_are_refused(attack: Attack, model: nn.Module, images: Tensor, labels: Tensor) -> None:
    with pytest.raises(UnknownNameError, match=f"no option of {attack.name} named 'colour'"):
        run(attack, model, images, labels, colour=3)
