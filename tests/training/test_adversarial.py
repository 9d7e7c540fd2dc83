"""Adversarial training: what is attacked, towards what, how far, and what the network keeps of it."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustcore.attacks.goals import Goal
from robustcore.errors import InvalidArgumentError
from robustcore.models import Card, Classifier, load_model
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Step, create
from robustcore.training.interventions.adversarial._crafting import craft, towards_random_classes

HALVED = ["fgsm", "fgsm_ll", "fgsm_random", "pgd", "pgd_ll", "tlat", "label_smoothed"]


@pytest.fixture
def step(data: TrainingSet) -> Step:
    model = load_model("scenes/resnet?weights=none&classes=3").train()
    return Step(model, data.images[:20], data.labels[:20], data.ids[:20], epoch=1, index=0, seed=0)


class Channels(nn.Module):
    """Three classes; the score of each is the mean of one channel, so that every gradient is known."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


@pytest.fixture
def by_hand() -> Step:
    """Four grey images of one value, 102 / 255 = 0.4, the labels 0, 1, 2, 0."""
    model = Classifier(Channels(), Card("channels", ("red", "green", "blue"), 8, "none")).train()
    images = torch.full((4, 3, 8, 8), 102, dtype=torch.uint8)
    return Step(model, images, torch.tensor([0, 1, 2, 0]), torch.arange(4), epoch=1, index=0, seed=0)


def test_fgsm_lowers_the_labels_channel_and_raises_the_others(by_hand: Step) -> None:
    eps = torch.tensor([0.01, 0.02, 0.0, 0.5])
    change = craft(by_hand.model, by_hand.pixels, Goal(by_hand.labels), eps) - by_hand.pixels
    expected = torch.tensor([[-0.01, 0.01, 0.01], [0.02, -0.02, 0.02], [0, 0, 0], [-0.4, 0.5, 0.5]])  # cut at black
    torch.testing.assert_close(change, expected[:, :, None, None].expand_as(change))


def test_the_least_likely_class_is_the_one_of_the_clean_image_throughout(by_hand: Step) -> None:
    images = by_hand.images.clone()
    images[:, 2] = 100  # blue is least likely, but for the third image, whose label it is
    step = dataclasses.replace(by_hand, images=images)
    goal = Goal(step.labels, least_likely=True)
    change = craft(step.model, step.pixels, goal, torch.full((4,), 0.1), steps=5) - step.pixels
    # After the first step blue is the likeliest: a goal read anew would turn round.
    assert (change[:, 2].flatten(1).mean(1).sign() == torch.tensor([1, 1, -1, 1])).all()
    torch.testing.assert_close(change[0, :, 0, 0], torch.tensor([-0.1, -0.1, 0.1]))


def test_pgd_takes_steps_of_eps_over_n_and_fgsm_one_of_eps(step: Step) -> None:
    eps, goal = torch.full((20,), 0.02), Goal(step.labels)
    seen: list[Tensor] = []
    handle = step.model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    crafted = craft(step.model, step.pixels, goal, eps, steps=4)
    handle.remove()
    assert len(seen) == 4  # no pass beyond those that gradients need
    assert seen[0].equal(step.pixels)
    sizes = [(after - before).abs().amax().item() for before, after in zip(seen, [*seen[1:], crafted], strict=True)]
    assert sizes == pytest.approx([0.005] * 4, abs=1e-6)


def test_crafting_raises_the_loss_that_it_attacks(step: Step) -> None:
    model = step.model.eval()
    eps = torch.full((20,), 0.02)

    def loss(images: Tensor) -> float:
        with torch.no_grad():
            return F.cross_entropy(model(images), step.labels).item()

    once, often = (craft(model, step.pixels, Goal(step.labels), eps, steps) for steps in (1, 10))
    assert loss(step.pixels) < loss(once) < loss(often)


@pytest.mark.parametrize("name", HALVED)
def test_one_half_is_attacked_within_eps_and_the_other_is_clean(step: Step, name: str) -> None:
    (view,) = create(name).views(step)
    change = (view.images - step.pixels).abs().flatten(1).amax(1)
    assert (change[10:] == 0).all()
    assert (change[:10] > 0).all()
    assert (change <= 0.025 + 1e-6).all()
    assert len(set(change[:10].tolist())) > 5  # an eps for each image
    assert view.images.min() >= 0
    assert view.images.max() <= 1


@pytest.mark.parametrize("name", ["fgsm", "fgsm_ll", "pgd", "pgd_ll"])
def test_the_four_attacks_keep_the_true_labels_and_the_range_of_eps(step: Step, name: str) -> None:
    (view,) = create(name, eps_low=0.1, eps_high=0.1).views(step)
    assert view.labels is step.labels
    change = (view.images[:10] - step.pixels[:10]).abs().flatten(1).amax(1)
    torch.testing.assert_close(change, torch.full((10,), 0.1), atol=1e-6, rtol=0)


def test_tlats_label_is_what_the_equation_says(by_hand: Step) -> None:
    (view,) = create("tlat", eps_max=0.3).views(by_hand)
    change = (view.images - by_hand.pixels).mean((2, 3))
    for row in range(2):
        target = int(change[row].argmax())  # the attack raises its target's channel and lowers the others
        eps = change[row, target]
        expected = (1 - eps) * F.one_hot(by_hand.labels[row], 3) + eps * F.one_hot(torch.tensor(target), 3)
        torch.testing.assert_close(view.labels[row], expected)
    assert view.labels[2:].equal(by_hand.targets[2:])


def test_smoothed_labels_give_their_eps_to_all_classes_alike(by_hand: Step) -> None:
    (view,) = create("label_smoothed", eps_max=0.3).views(by_hand)
    eps = (view.images - by_hand.pixels).amax((1, 2, 3))
    for row in range(2):
        expected = torch.full((3,), eps[row].item() / 3)
        expected[by_hand.labels[row]] += 1 - eps[row]
        torch.testing.assert_close(view.labels[row], expected)
    assert view.labels[2:].equal(by_hand.targets[2:])


def test_fgsm_towards_random_classes_keeps_the_true_labels(by_hand: Step) -> None:
    (view,) = create("fgsm_random", eps_max=0.3).views(by_hand)
    assert view.labels is by_hand.labels
    change = (view.images[:2] - by_hand.pixels[:2]).mean((2, 3))
    # One channel, the target's, is raised by eps, and the others are lowered by it.
    torch.testing.assert_close(change.amax(1, keepdim=True).expand(2, 3), change.abs())
    assert ((change > 0).sum(1) == 1).all()


def test_the_worst_position_has_the_greatest_loss_of_all_that_were_drawn(step: Step) -> None:
    model = step.model.eval()

    def losses(tries: int, **limits: float) -> Tensor:
        (view,) = create("worst_of", tries=tries, **limits).views(step)
        with torch.no_grad():
            return F.cross_entropy(model(view.images), view.labels, reduction="none")

    clean = F.cross_entropy(model(step.pixels), step.labels, reduction="none").detach()
    torch.testing.assert_close(losses(3, shift=0.0, degrees=0.0), clean)
    assert losses(10).mean() > max(losses(1).mean(), clean.mean())


def test_the_worst_position_is_known_where_only_black_edges_hurt(by_hand: Step) -> None:
    white = dataclasses.replace(by_hand, images=torch.full((4, 3, 8, 8), 255, dtype=torch.uint8))
    white.images[:, 1:] = 0  # red alone: the more of it moves out, the less the label 0 has, and the more the others
    (view,) = create("worst_of", tries=40, shift=0.5, degrees=0.0).views(white)
    left = view.images[:, 0].mean((1, 2))
    assert left[[0, 3]].max() < 0.45  # a quarter is left where both movements are the greatest
    assert left[[1, 2]].min() > 0.75


def test_a_model_of_the_worst_positions_knows_rotation_and_translation() -> None:
    assert create("worst_of").corruptions == ("laugros_rotation", "laugros_translation")
    assert create("worst_of", degrees=0.0).corruptions == ("laugros_translation",)


def test_random_targets_are_uniform_over_all_classes_and_eps_over_its_range(by_hand: Step) -> None:
    many = dataclasses.replace(
        by_hand,
        images=by_hand.images[:1].expand(3000, 3, 8, 8),
        labels=torch.zeros(3000, dtype=torch.int64),
        ids=torch.arange(3000),
    )
    _, targets, eps = towards_random_classes(many, many.pixels, 0.025, "any")
    assert (targets.sum(0) - 1000).abs().max() < 130  # five standard deviations
    assert eps.mean().item() == pytest.approx(0.0125, rel=0.05)
    assert 0.0249 < eps.max() <= 0.025


@pytest.mark.parametrize("name", [*HALVED, "mtlat", "iat"])
def test_crafting_leaves_the_network_as_it_was(step: Step, name: str) -> None:
    next(step.model.network.children()).eval()  # a part that someone keeps in evaluation mode stays in it
    modes = [part.training for part in step.model.modules()]
    buffers = {key: value.clone() for key, value in step.model.named_buffers()}
    create(name).views(step)
    assert [part.training for part in step.model.modules()] == modes
    assert all(value.equal(buffers[key]) for key, value in step.model.named_buffers())
    assert all(p.grad is None and p.requires_grad for p in step.model.parameters())


def test_an_images_perturbation_depends_on_no_other_image(step: Step) -> None:
    eps = torch.full((20,), 0.02)
    together = craft(step.model, step.pixels, Goal(step.labels), eps)
    alone = craft(step.model, step.pixels[:1], Goal(step.labels[:1]), eps[:1])
    assert (together[:1] - alone).abs().mean() < 1e-4  # but for signs of gradients that are all but 0


@pytest.mark.parametrize("name", [*HALVED, "mtlat", "iat"])
def test_half_precision_trains_the_weights_too(step: Step, name: str) -> None:
    """A weight that is cast while images are crafted is the same cast that the step learns through."""
    with torch.autocast("cpu", torch.bfloat16):
        outcome = create(name).loss(step)
    outcome.loss.backward()  # type: ignore[no-untyped-call]
    assert outcome.loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in step.model.parameters())


@pytest.mark.parametrize("name", [*HALVED, "mtlat", "iat"])
def test_every_epoch_attacks_anew(step: Step, name: str) -> None:
    made = create(name)
    first, again, later = (made.views(s)[-1].images for s in (step, step, dataclasses.replace(step, epoch=2)))
    assert first.equal(again)
    assert not first.equal(later)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("fgsm", {"eps_high": 2.0}, "eps_high of fgsm is more than 0 and at most 1, not 2.0"),
        ("fgsm", {"eps_low": 0.03}, "eps_low of fgsm is at most eps_high, which is 0.025, not 0.03"),
        ("pgd", {"steps": 0}, "steps of pgd is at least 1"),
        ("pgd_ll", {"steps": 2.5}, "steps of pgd_ll is a whole number, not 2.5"),
        ("tlat", {"eps_max": 0}, "eps_max of tlat is more than 0"),
        ("mtlat", {"eps_max": 2}, "eps_max of mtlat .* at most 1, not 2"),
        ("mtlat", {"alpha": 0}, "alpha of mtlat is more than 0"),
        ("iat", {"alpha": 0.0}, "alpha of iat is more than 0"),
    ],
)
def test_impossible_settings_are_refused_in_one_sentence(name: str, settings: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as raised:
        create(name, **settings)
    assert str(raised.value).count(". ") == 0


def test_the_models_name_tells_the_settings_apart() -> None:
    assert create("pgd").label == "pgd"
    assert create("pgd", steps=7, eps_high=0.05).label == "pgd-eps_high0.05-steps7"
