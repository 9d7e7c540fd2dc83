"""Mixup and what is made of it: M-TLAT and IAT."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from robustcore.errors import InvalidArgumentError
from robustcore.models import load_model
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Step, create
from robustcore.training.interventions.adversarial import tlat
from robustcore.training.interventions.augmentation import mixup


@pytest.fixture
def step(data: TrainingSet) -> Step:
    model = load_model("scenes/resnet?weights=none&classes=3").train()
    return Step(model, data.images[:20], data.labels[:20], data.ids[:20], epoch=1, index=0, seed=0)


def test_an_image_and_its_label_are_mixed_in_the_same_shares() -> None:
    """Image k has the value k everywhere and the class k, so that a mixed label says which pixels to expect."""
    n = 8
    images = torch.arange(n, dtype=torch.uint8)[:, None, None, None].expand(n, 3, 8, 8)
    model = load_model(f"scenes/resnet?weights=none&classes={n}")
    (view,) = create("mixup").views(Step(model, images, torch.arange(n), torch.arange(n), 1, 0, 0))
    expected = view.labels @ torch.arange(n, dtype=torch.float32) / 255
    torch.testing.assert_close(view.images, expected[:, None, None, None].expand(n, 3, 8, 8))
    torch.testing.assert_close(view.labels.sum(1), torch.ones(n))
    assert ((view.labels > 0).sum(1) <= 2).all()
    assert (view.labels.diagonal() > 0).all()
    # Each image is a partner exactly once: what is no image's own share adds up to one partner for each.
    share = view.labels.diagonal()
    others = view.labels - torch.diag(share)
    assert ((others > 0).sum(0) <= 1).all()
    assert (others > 0).sum() >= n - 3  # a permutation seldom leaves many in place


@pytest.mark.parametrize("alpha", [0.4, 1.0])
def test_shares_are_beta_distributed_for_each_image(step: Step, alpha: float) -> None:
    many = dataclasses.replace(step, ids=torch.arange(20000))
    share = many.draws("mixup").beta(alpha, alpha)
    assert share.mean().item() == pytest.approx(0.5, abs=0.015)
    assert share.var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
    assert stats.kstest(share.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_shares_and_partners_are_new_in_each_epoch_and_view(step: Step) -> None:
    images, labels = mixup.mix(step, step.pixels, 0.4)
    assert images.equal(mixup.mix(step, step.pixels, 0.4)[0])
    for other in (
        mixup.mix(step, step.pixels, 0.4, view=1),
        mixup.mix(dataclasses.replace(step, epoch=2), step.pixels, 0.4),
    ):
        assert not labels.equal(other[1])
        assert not images.equal(other[0])


@pytest.mark.parametrize("alpha", [0, -0.4, 0.0])
def test_alpha_is_more_than_0(alpha: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The setting alpha of mixup is more than 0 and at most 1000"):
        create("mixup", alpha=alpha)


def test_the_smallest_alpha_leaves_images_alone(step: Step) -> None:
    (view,) = create("mixup", alpha=1e-6).views(step)
    assert view.images.isfinite().all()
    assert (view.labels.amax(1) > 0.999).all()


def test_mtlat_is_algorithm_1(step: Step) -> None:
    """Two mixed batches, the second attacked towards its targets, the two losses added."""
    step.model.eval()  # running statistics stay where they are
    outcome = create("mtlat").loss(step)
    first, first_labels = mixup.mix(step, step.pixels, 0.4)
    second, second_labels = mixup.mix(step, step.pixels, 0.4, view=1)
    draws = step.draws("tlat")
    eps, targets = draws.uniform(high=0.025), draws.integers(0, 3)
    second.requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(step.model(second), targets, reduction="sum"), second)
    attacked = (second - eps[:, None, None, None] * gradient.sign()).clamp(0, 1).detach()
    labels = (1 - eps[:, None]) * second_labels + eps[:, None] * F.one_hot(targets, 3)
    expected = F.cross_entropy(step.model(first), first_labels) + F.cross_entropy(step.model(attacked), labels)
    torch.testing.assert_close(outcome.loss, expected, rtol=1e-4, atol=1e-4)


def test_tlat_attacks_what_it_is_given_and_not_the_clean_images(step: Step) -> None:
    _, attacked = create("mtlat").views(step)
    mixed, _ = mixup.mix(step, step.pixels, 0.4, view=1)
    assert (attacked.images - mixed).abs().max() <= tlat.EPS_MAX + 1e-6
    assert (attacked.images - step.pixels).abs().max() > 0.2


def test_iat_mixes_after_attacking_and_takes_the_mean_of_both_losses(step: Step) -> None:
    step.model.eval()  # running statistics stay where they are
    outcome = create("iat").loss(step)
    clean, adversarial = create("iat").views(step)
    assert clean.images.equal(mixup.mix(step, step.pixels, 0.4)[0])
    # Taking the mixed clean images away leaves the mixed perturbations, within eps since shares sum to 1.
    mixed, labels = mixup.mix(step, step.pixels, 0.4, view=1)
    assert adversarial.labels.equal(labels)
    assert 0.01 < (adversarial.images - mixed).abs().max() <= 0.025 + 1e-6
    losses = [F.cross_entropy(step.model(view.images), view.labels) for view in (clean, adversarial)]
    torch.testing.assert_close(outcome.loss, sum(losses) / 2)
