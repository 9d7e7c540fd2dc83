"""Several interventions in one training: in order, and refused where two cannot be joined."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.models import load_model
from robustcore.training import Recipe, families, interventions, runs
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Step, create
from robustcore.training.interventions.augmentation.augmix import AugMix


@pytest.fixture
def step(data: TrainingSet) -> Step:
    model = load_model("scenes/vgg?weights=none&classes=3").eval()  # so that equal images have equal logits
    return Step(model, data.images[:20], data.labels[:20], data.ids[:20], epoch=1, index=0, seed=0)


@pytest.mark.parametrize("name", ["augmix+deepaugment", "deepaugment+augmix"])
def test_the_one_with_a_loss_of_its_own_takes_the_images_of_the_other(step: Step, name: str) -> None:
    both = create(name, **{"augmix.width": 2, "deepaugment.group": 5})
    (view,) = create("deepaugment", group=5).views(step)
    expected = AugMix(width=2).loss(dataclasses.replace(step, images=view.images))
    torch.testing.assert_close(both.loss(step).loss, expected.loss)
    assert both.settings["augmix.width"] == 2
    assert both.label == "+".join(f"{part}-{'width2' if part == 'augmix' else 'group5'}" for part in name.split("+"))


def test_changed_images_are_changed_in_order(step: Step) -> None:
    first, second = create("speckle_noise"), create("cutout")
    (noisy,) = first.views(step)
    expected = second.views(dataclasses.replace(step, images=noisy.images))[0].images
    (view,) = create("speckle_noise+cutout").views(step)
    assert view.images.equal(expected)
    torch.testing.assert_close(
        create("speckle_noise+cutout").loss(step).loss, F.cross_entropy(step.model(view.images), step.labels)
    )


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("augmix+mixup", {}, "augmix and mixup cannot be joined"),
        ("fgsm+cutmix", {}, "cannot be joined"),
        ("cutout+cutout", {}, "twice"),
        ("standard+augmix", {}, "leave it out"),
        ("augmix+cutout", {"width": 2}, "no setting of augmix\\+cutout named"),
        ("augmix+nothing", {}, "nothing"),
    ],
)
def test_what_cannot_be_joined_is_refused(name: str, settings: dict[str, int], message: str) -> None:
    with pytest.raises((InvalidArgumentError, UnknownNameError), match=message):
        create(name, **settings)


def test_a_recipe_of_two_trains_and_its_card_says_both(folder: Path, tmp_path: Path) -> None:
    texts = {"augmix.width": "1", "augmentation.corruption": "fog"}
    settings = interventions.parse("augmentation+augmix", texts)
    recipe = Recipe(
        "scenes/vgg", str(folder), "augmentation+augmix", tuple(settings.items()), epochs=1, batch=12, shift=0
    )
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert "--set augmix.width=1" in recipe.command()
    fitted = runs.fit(recipe, output=tmp_path / "two.safetensors", device="cpu")
    card = load_model(str(fitted.path)).card
    assert families.corruptions_in_training(card) == ("fog",)
    assert families.family(card) == "corruptions"
    assert families.training_title(card).endswith("AugMix: width1")
    assert runs.is_made_by(fitted.path, recipe)


def test_stability_training_asks_for_the_answer_to_the_clean_image(step: Step) -> None:
    outcome = create("stability", weight=0.0).loss(step)
    plain = F.cross_entropy(step.model(step.images), step.labels)
    torch.testing.assert_close(outcome.loss, plain)
    heavier = create("stability", weight=1.0, noise=1e-6).loss(step).loss
    answers = step.model(step.images).softmax(1)
    entropy = -(answers * answers.log()).sum(1).mean()  # of equal answers the cross-entropy is the entropy
    torch.testing.assert_close(heavier - plain, entropy, atol=1e-3, rtol=1e-3)


def test_logit_pairing_pulls_the_logits_of_attacked_images_to_those_of_clean_ones(step: Step) -> None:
    apart = create("logit_pairing", weight=0.0, eps=0.1).loss(step).loss
    paired = create("logit_pairing", weight=2.0, eps=0.1).loss(step).loss
    assert paired > apart
    unmoved = create("logit_pairing", weight=2.0, eps=1e-9).loss(step).loss
    torch.testing.assert_close(unmoved, F.cross_entropy(step.model(step.images), step.labels), atol=1e-4, rtol=1e-4)


def test_the_training_set_grows_by_all_of_them_so_that_the_control_has_the_same_budget() -> None:
    alone = create("fooling", rates="5,20", each="all")  # two fooling images beside each
    assert alone.growth == 3
    assert create("fooling+cutout", **{"fooling.rates": "5,20", "fooling.each": "all"}).growth == 3
