"""Interventions: what the protocol promises to their authors, and augmentation as its first user."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import pytest
import torch
import torch.nn.functional as F

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.models import Classifier, load_model
from robustcore.training import interventions
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Intervention, Outcome, Step, View, create, intervention, setting


@pytest.fixture
def step(data: TrainingSet) -> Step:
    model = load_model("scenes/vgg?weights=none&classes=3")
    return Step(model, data.images[:20], data.labels[:20], data.ids[:20], epoch=1, index=0, seed=0)


@pytest.fixture
def mixed() -> Iterator[type[Intervention]]:
    """A two-batch intervention with soft labels and a setting, such as the document's algorithm 1 has."""

    with interventions.registry.restored():

        @intervention("mixed", family="standard", summary="Mixes.", source="none")
        class Mixed(Intervention):
            alpha: float = setting(0.4, above=0, high=10, help="of the Beta distribution")

            def views(self, step: Step) -> Sequence[View]:
                share = step.draws("mixed").beta(self.alpha, self.alpha)
                labels = share[:, None] * step.targets + (1 - share)[:, None] * step.targets.flip(0)
                share = share[:, None, None, None]
                pixels = share * step.pixels + (1 - share) * step.pixels.flip(0)
                return [View(pixels, labels), View(step.images, step.labels, weight=0.5)]

        yield Mixed


def test_standard_is_the_cross_entropy_of_the_batch(step: Step) -> None:
    outcome = create("standard").loss(step)
    torch.testing.assert_close(outcome.loss, F.cross_entropy(step.model(step.images), step.labels))
    assert outcome.labels is step.labels


def test_views_add_up_with_hard_and_soft_labels(step: Step, mixed: type[Intervention]) -> None:
    outcome = mixed().loss(step)
    first, second = mixed().views(step)
    expected = F.cross_entropy(step.model(first.images), first.labels) + 0.5 * F.cross_entropy(
        step.model(step.images), step.labels
    )
    torch.testing.assert_close(outcome.loss, expected)
    torch.testing.assert_close(first.labels.sum(1), torch.ones(20))
    assert second.images.dtype == torch.uint8


def test_a_loss_that_is_no_sum_of_cross_entropies_fits_too(step: Step) -> None:
    class Consistent(Intervention):
        def loss(self, step: Step) -> Outcome:
            clean, mirrored = step.model(torch.cat([step.images, step.images.flip(-1)])).chunk(2)
            gap = F.kl_div(mirrored.log_softmax(1), clean.softmax(1), reduction="batchmean")
            return Outcome(F.cross_entropy(clean, step.labels) + gap, clean, step.labels)

    step.model.train()
    outcome = dataclasses.dataclass(frozen=True)(Consistent)().loss(step)
    assert outcome.loss > F.cross_entropy(outcome.logits, outcome.labels) + 1e-4


def test_draws_are_new_in_each_epoch_and_view_and_for_each_image(step: Step) -> None:
    first = step.draws("a").uniform(3)
    assert first.equal(step.draws("a").uniform(3))
    later = dataclasses.replace(step, epoch=2)
    for other in (step.draws("b"), step.draws("a", view=1), later.draws("a")):
        assert not first.equal(other.uniform(3))
    half = dataclasses.replace(step, ids=step.ids[10:])
    assert first[10:].equal(half.draws("a").uniform(3))


@pytest.mark.parametrize("alpha", [0, -1, 11, float("nan"), "0.4", True])
def test_impossible_settings_are_refused(mixed: type[Intervention], alpha: object) -> None:
    with pytest.raises(InvalidArgumentError, match="The setting alpha of mixed"):
        mixed(alpha=alpha)  # type: ignore[call-arg]


def test_settings_are_named_correctly_or_refused(mixed: type[Intervention]) -> None:
    with pytest.raises(UnknownNameError, match="'alpha'"):
        create("mixed", alhpa=0.4)
    with pytest.raises(InvalidArgumentError, match="has no settings"):
        create("standard", alpha=0.4)
    with pytest.raises(InvalidArgumentError, match="needs the setting corruption"):
        create("augmentation")
    with pytest.raises(UnknownNameError, match="gaussian_noise"):
        create("augmentation", corruption="gausian_noise")
    with pytest.raises(InvalidArgumentError, match="at most 5"):
        create("augmentation", corruption="contrast", severity=6)


def test_settings_are_read_from_a_command_line(mixed: type[Intervention]) -> None:
    assert interventions.parse("mixed", {"alpha": "0.5"}) == {"alpha": 0.5}
    assert interventions.parse("augmentation", {"severity": "2"}) == {"severity": 2}
    with pytest.raises(InvalidArgumentError, match="is a number"):
        interventions.parse("mixed", {"alpha": "much"})


@pytest.mark.parametrize("name", ["gaussian_noise", "contrast"])
def test_augmentation_corrupts_one_half_of_a_batch(step: Step, name: str) -> None:
    (view,) = create("augmentation", corruption=name).views(step)
    changed = (view.images != step.images).flatten(1).any(1)
    assert changed[:10].all()
    assert not changed[10:].any()
    assert view.labels is step.labels


def test_augmentation_at_a_severity_is_that_corruption(step: Step) -> None:
    (view,) = create("augmentation", corruption="contrast", severity=3).views(step)
    assert view.images[:10].equal(corruptions.corrupt(step.images[:10], "contrast", 3))


def test_augmentation_draws_all_severities_and_new_noise_in_each_epoch(step: Step, data: TrainingSet) -> None:
    many = dataclasses.replace(step, images=data.images, labels=data.labels, ids=data.ids)
    augmentation = create("augmentation", corruption="contrast")
    (view,) = augmentation.views(many)
    by_severity = [corruptions.corrupt(data.images[:120], "contrast", s) for s in corruptions.SEVERITIES]
    result = torch.stack([(view.images[:120] == images).flatten(1).all(1) for images in by_severity])
    assert (result.sum(0) == 1).all()
    assert (result.sum(1) > 8).all()  # 24 expected
    noise = create("augmentation", corruption="gaussian_noise", severity=1)
    first, second = noise.views(step)[0], noise.views(dataclasses.replace(step, epoch=2))[0]
    assert not first.images.equal(second.images)


def test_a_label_tells_two_augmentations_apart() -> None:
    assert create("augmentation", corruption="contrast").label == "augmentation-contrast"
    assert create("augmentation", corruption="contrast", severity=2).label == "augmentation-contrast-2"


def test_the_model_sees_its_own_pixels(step: Step) -> None:
    """An intervention that attacks the batch needs gradients with respect to [0, 1] pixels."""
    x = step.pixels.requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(step.model(x), step.labels), x)
    assert gradient.shape == step.images.shape
    assert isinstance(step.model, Classifier)
