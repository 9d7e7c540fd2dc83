"""Families: which kind of training a model's card tells of."""

from __future__ import annotations

import dataclasses

import pytest

from robustcore.errors import UnknownNameError
from robustcore.models.classifier import Card
from robustcore.training import Recipe, families, interventions, zoo
from robustcore.training.interventions import FAMILIES, Intervention, intervention


def card(recipe: Recipe) -> Card:
    return Card(
        recipe.name(),
        ("a", "b"),
        64,
        "scenes",
        recipe.make().label,
        recipe.model,
        recipe={"training": recipe.to_dict()},
    )


def test_every_intervention_is_of_a_family_and_every_family_has_one() -> None:
    assert {interventions.get(name).family for name in interventions.names()} == set(FAMILIES)
    with pytest.raises(UnknownNameError, match="family of interventions"):

        @intervention("odd", family="advresarial", summary="Odd.", source="none")
        class Odd(Intervention):
            pass


def test_a_card_tells_the_family_whatever_the_settings_are() -> None:
    known = {name: card(recipe) for name, recipe in zoo.ZOO.items()}
    assert families.family(known["scenes/resnet-no_blur"]) == "corruptions"
    assert families.family(known["scenes/resnet-fooling-alone"]) == "fooling"
    assert families.label(known["scenes/vgg-continued"]) == "continued"
    assert families.label(known["scenes/vgg-standard"]) == "standard"
    assert not [name for name, each in known.items() if families.family(each) == families.UNKNOWN]


def test_a_training_of_others_is_of_an_unknown_family() -> None:
    theirs = Card("theirs", ("a", "b"), 64, "scenes", "secret", "their_net")
    assert families.family(theirs) == families.UNKNOWN
    assert families.family(dataclasses.replace(theirs, intervention="pgd")) == "adversarial"
    assert families.family(dataclasses.replace(theirs, recipe={"training": "by hand"})) == families.UNKNOWN


def test_models_stand_family_by_family() -> None:
    result = families.by_model(["no/such", "scenes/resnet-pgd", "scenes/resnet-standard"])
    assert list(result.items()) == [
        ("scenes/resnet-standard", "Standard training"),
        ("scenes/resnet-pgd", "Adversarial training"),
        ("no/such", "Training unknown"),
    ]


def test_the_control_of_a_model_was_trained_for_as_long_from_the_same_weights() -> None:
    cards = {name: card(recipe) for name, recipe in zoo.ZOO.items()}
    controls = families.controls(cards)
    assert controls["scenes/resnet-pgd"] == "scenes/resnet-continued"
    assert controls["scenes/vgg-augmix"] == "scenes/vgg-continued"
    # Half as many epochs on twice as many images.
    assert controls["scenes/resnet-fooling"] == controls["scenes/resnet-fooling-alone"] == "scenes/resnet-continued"
    assert not {"scenes/resnet-standard", "scenes/resnet-continued"} & controls.keys()
    longer = card(dataclasses.replace(zoo.ZOO["scenes/resnet-pgd"], epochs=99))
    assert "own" not in families.controls({**cards, "own": longer})
