"""A model that is scored on a corruption of its own training is named."""

from __future__ import annotations

import dataclasses

import pytest

from robustcore.errors import ModelError
from robustcore.models import card
from robustcore.reports.training_corruptions import trained_on_tested
from robustcore.training import families


def test_the_cards_know_what_a_model_was_trained_on() -> None:
    assert families.corruptions_in_training(card("scenes/resnet-speckle_noise")) == ("speckle_noise",)
    assert families.corruptions_in_training(card("scenes/resnet-augmentation-gaussian_noise")) == ("gaussian_noise",)
    assert "laugros_blur" not in families.corruptions_in_training(card("scenes/resnet-no_blur"))
    assert len(families.corruptions_in_training(card("scenes/resnet-no_blur"))) == 9
    assert families.corruptions_in_training(card("scenes/resnet-standard")) == ()


def test_a_card_without_a_table_of_settings_is_one_sentence() -> None:
    damaged = dataclasses.replace(
        card("scenes/resnet-standard"), recipe={"training": {"intervention": "augmentation", "settings": ["fog"]}}
    )
    with pytest.raises(ModelError, match="settings"):
        families.corruptions_in_training(damaged)


def test_only_what_is_tested_is_named() -> None:
    models = ["scenes/resnet-standard", "scenes/resnet-no_blur", "scenes/resnet-speckle_noise", "no/such-model"]
    (note,) = trained_on_tested(models, ["fog", "speckle_noise", "laugros_blur", "laugros_flip"])
    assert note["models"] == (
        ("scenes/resnet-no_blur", ("laugros_flip",)),
        ("scenes/resnet-speckle_noise", ("speckle_noise",)),
    )
    assert trained_on_tested(models, ["fog", "laugros_blur"]) == []


def test_a_corruption_of_another_suite_under_the_same_plain_name_counts() -> None:
    (note,) = trained_on_tested(["scenes/resnet-no_blur"], ["gaussian_noise", "fog"])
    assert note["models"] == (("scenes/resnet-no_blur", ("laugros_gaussian_noise",)),)
